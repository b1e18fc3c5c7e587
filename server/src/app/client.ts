/**
 * Signed calls to a running server, for commands that look at what it does.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { systemClock } from "../base/clock.ts";
import { signRequest } from "../edge/auth/sign.ts";
import { UsageError } from "./options.ts";

export type Client = { call(method: string, path: string, body?: unknown): Promise<unknown> };

/** Flags of every command that calls a server. */
export const clientFlags = { endpoint: "string", region: "string" } as const;

export const clientHelp = `  --endpoint URL                   the server [the one that serves the --data folder]
  --region REGION                  the region to sign for [AWS_REGION or us-east-1]
`;

/**
 * Finds server and keys: `--endpoint` and the `AWS_…` variables, else what `serve` left in the data folder.
 *
 * @throws UsageError when there is neither, or nothing answers
 */
export async function openClient(
  dataFolder: string,
  flags: Record<string, string | boolean | undefined>,
): Promise<Client> {
  const endpoint = flags.endpoint ?? process.env.AWS_ENDPOINT_URL ?? (await fromFile(dataFolder, "server.json")).url;
  const credentials = await findCredentials(dataFolder);
  const region = String(flags.region ?? process.env.AWS_REGION ?? process.env.AWS_DEFAULT_REGION ?? "us-east-1");
  if (!URL.canParse(String(endpoint))) throw new UsageError(`--endpoint must be a URL, not ${endpoint}`);
  return {
    async call(method, path, body) {
      const url = new URL(path, String(endpoint));
      const text = body === undefined ? "" : JSON.stringify(body);
      const headers = signRequest({
        method,
        url,
        headers: body === undefined ? {} : { "content-type": "application/json" },
        body: text,
        credentials,
        service: "elastictranscoder",
        region,
        clock: systemClock,
      });
      const init = { method, headers, ...(body === undefined ? {} : { body: text }) };
      const response = await fetch(url, init).catch((error: Error) => {
        throw new UsageError(`nothing answers at ${url.origin}: is millrace serve running? (${describe(error)})`);
      });
      const answer: unknown = await response.json().catch(() => ({}));
      if (!response.ok)
        throw new UsageError(`${response.headers.get("x-amzn-errortype") ?? response.status}: ${messageOf(answer)}`);
      return answer;
    },
  };
}

async function findCredentials(dataFolder: string): Promise<{ accessKeyId: string; secretAccessKey: string }> {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = process.env;
  if (accessKeyId && secretAccessKey) return { accessKeyId, secretAccessKey };
  const root = await fromFile(dataFolder, "root-key.json");
  return { accessKeyId: String(root.accessKeyId), secretAccessKey: String(root.secretAccessKey) };
}

async function fromFile(folder: string, name: string): Promise<Record<string, unknown>> {
  const text = await readFile(join(folder, name), "utf8").catch(() => {
    throw new UsageError(
      `no running server is known for the data folder ${folder}; say --data FOLDER, or --endpoint URL with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY set`,
    );
  });
  return JSON.parse(text);
}

function describe(error: Error): string {
  return error.cause instanceof Error ? error.cause.message || String(error.cause) : error.message;
}

function messageOf(answer: unknown): string {
  const { message, Message } = answer as { message?: string; Message?: string };
  return message ?? Message ?? "no message";
}
