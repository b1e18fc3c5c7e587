/**
 * Signed calls to a running server, for commands that look at what it does.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { systemClock } from "../base/clock.ts";
import { signRequest } from "../edge/auth/sign.ts";
import { UsageError } from "./options.ts";
import { type LocalConfig, readRootKey } from "./root-key.ts";
import { trustAuthority } from "./tls/trust.ts";

export type Client = {
  region: string;
  /** @throws UsageError with what the server says against it */
  call(method: string, path: string, body?: unknown): Promise<unknown>;
};

/** Flags of every command that calls a server. */
export const clientFlags = { endpoint: "string", region: "string" } as const;

export const clientHelp = `  --endpoint URL                   the server [the one that serves the --data folder]
  --region REGION                  the region to sign for [AWS_REGION or us-east-1]
`;

/**
 * {@link findServer}, and calls to it.
 *
 * @throws UsageError when there is none, or nothing answers
 */
export async function openClient(
  config: LocalConfig,
  flags: Record<string, string | boolean | undefined>,
  service: "elastictranscoder" | "kinesisvideo",
): Promise<Client> {
  const { endpoint, credentials, region } = await findServer(config, flags);
  return {
    region,
    async call(method, path, body) {
      const url = new URL(path, endpoint);
      const text = body === undefined ? "" : JSON.stringify(body);
      const headers = signRequest({
        method,
        url,
        headers: body === undefined ? {} : { "content-type": "application/json" },
        body: text,
        credentials,
        service,
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

/**
 * The server (`--endpoint`, AWS_ENDPOINT_URL, else what `serve` left in the data folder) and keys for it: its root key
 * where the folder is its own, else those of the environment.
 *
 * @throws UsageError when there is neither
 */
export async function findServer(
  config: LocalConfig,
  flags: Record<string, string | boolean | undefined>,
): Promise<Found> {
  const served = await fromFile<{ url: string }>(config.data, "server.json");
  const endpoint = flags.endpoint ?? process.env.AWS_ENDPOINT_URL ?? served?.url;
  // The environment's keys may be meant for AWS itself, so they come second.
  const isOwn = endpoint === served?.url;
  const credentials = (isOwn ? undefined : keysOfEnvironment()) ?? (await ownKeys(config)) ?? keysOfEnvironment();
  if (endpoint === undefined || credentials === undefined) {
    throw new UsageError(
      `no running server is known for the data folder ${config.data}; say --data FOLDER, or --endpoint URL with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY set`,
    );
  }
  const region = String(flags.region ?? process.env.AWS_REGION ?? process.env.AWS_DEFAULT_REGION ?? "us-east-1");
  if (!URL.canParse(String(endpoint))) throw new UsageError(`--endpoint must be a URL, not ${endpoint}`);
  const authority = isOwn ? await trustAuthority(config.data) : undefined;
  return { endpoint: String(endpoint), credentials, region, authority };
}

export type Found = {
  endpoint: string;
  credentials: Keys;
  region: string;
  /** The file of the server's own authority, which this process trusts now. */
  authority: string | undefined;
};

type Keys = { accessKeyId: string; secretAccessKey: string; sessionToken?: string };

async function ownKeys(config: LocalConfig): Promise<Keys | undefined> {
  const pair = await readRootKey(config);
  return pair === undefined ? undefined : { accessKeyId: pair.id, secretAccessKey: pair.secret };
}

function keysOfEnvironment(): Keys | undefined {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN } = process.env;
  const sessionToken = AWS_SESSION_TOKEN || undefined;
  return accessKeyId && secretAccessKey ? { accessKeyId, secretAccessKey, sessionToken } : undefined;
}

/** What `serve` wrote there; `undefined` where nothing is, or nothing that we may read. */
async function fromFile<Content>(folder: string, name: string): Promise<Content | undefined> {
  const text = await readFile(join(folder, name), "utf8").catch(() => undefined);
  return text === undefined ? undefined : JSON.parse(text);
}

function describe(error: Error): string {
  return error.cause instanceof Error ? error.cause.message || String(error.cause) : error.message;
}

function messageOf(answer: unknown): string {
  const { message, Message } = answer as { message?: string; Message?: string };
  return message ?? Message ?? "no message";
}
