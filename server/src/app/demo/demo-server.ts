/**
 * A `millrace serve` of the demo's own: the real program on a free port of loopback, over HTTPS.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type Config, parseOptions, UsageError } from "../options.ts";
import { readRootKey } from "../root-key.ts";
import { trustAuthority } from "../tls/trust.ts";

export type DemoServer = {
  url: string;
  /** As the server has it. */
  config: Config;
  /** The file of its authority, which this process trusts. */
  authority: string;
  accessKeyId: string;
  secretAccessKey: string;
  close(): Promise<void>;
};

/** @throws UsageError with the end of the server's log when it does not come up */
export async function startServer(dataFolder: string): Promise<DemoServer> {
  await mkdir(dataFolder, { recursive: true });
  const logPath = join(dataFolder, "server.log");
  const child = spawn(
    process.execPath,
    [
      ...process.execArgv,
      process.argv[1] ?? "",
      ...["serve", "--listen", "127.0.0.1:0", "--tls", "local", "--data", dataFolder],
    ],
    { stdio: ["ignore", "pipe", "pipe"], env: withoutServerSettings(process.env) },
  );
  child.stderr.pipe(createWriteStream(logPath));
  const url = await firstAddress(child).catch(async (error: Error) => {
    throw new UsageError(`${error.message}\n${await readFile(logPath, "utf8").catch(() => "")}`);
  });
  const { config } = parseOptions("serve", ["--data", dataFolder], {});
  const { id: accessKeyId, secret: secretAccessKey } = (await readRootKey(config))!;
  const authority = (await trustAuthority(dataFolder))!;
  return { url, config, authority, accessKeyId, secretAccessKey, close: () => end(child) };
}

/** The demo's server is on loopback in a temporary folder, whatever the user's own server is set to. */
function withoutServerSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = new Set(["MILLRACE_FFMPEG", "MILLRACE_FFPROBE"]);
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith("MILLRACE_") || kept.has(name)));
}

async function firstAddress(child: ChildProcess): Promise<string> {
  const lines = createInterface({ input: child.stdout! });
  for await (const line of lines) {
    const url = /listens on (\S+)/.exec(line)?.[1];
    if (url !== undefined) {
      child.stdout!.resume();
      return url;
    }
  }
  throw new Error("the server did not start");
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  await gone;
}
