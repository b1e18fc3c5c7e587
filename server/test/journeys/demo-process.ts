/**
 * `millrace demo` as its reader runs it.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

export const main = resolve(import.meta.dirname, "../../src/app/main.ts");
const runtime = ["--conditions=millrace-source", "--disable-warning=ExperimentalWarning"];

export type DemoProcess = ReturnType<typeof startDemo>;

/** `env`: beside this process's own. */
export function startDemo(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const child = spawn(process.execPath, [...runtime, main, "demo", ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...env },
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (said += chunk));
  const ended = once(child, "exit").then(([code]) => code as number | null);
  return {
    child,
    ended,
    said: () => said,
    /** Of `--keep`: the address of its page. */
    async page(): Promise<string> {
      while (!/^Ctrl-C ends it/m.test(said)) {
        if (child.exitCode !== null) assert.fail(said);
        await sleep(100);
      }
      return /^watch +(\S+)/m.exec(said)![1]!;
    },
  };
}
