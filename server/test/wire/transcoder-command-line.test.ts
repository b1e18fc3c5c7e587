/**
 * The command line as processes, beside a running server.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { startTranscoder } from "./transcoder-server.ts";

const main = resolve(import.meta.dirname, "../../src/app/main.ts");

/** Both of its outputs, and its exit code. */
function millrace(args: string[], env: NodeJS.ProcessEnv = {}): Promise<{ code: number; text: string }> {
  const runtime = ["--conditions=millrace-source", "--disable-warning=ExperimentalWarning"];
  const { PATH, HOME } = process.env;
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [...runtime, main, ...args],
      { env: { PATH, HOME, ...env } },
      (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code), text: stdout + stderr });
      },
    );
  });
}

test("keys are listed and revoked", async (t) => {
  const { folder } = await startTranscoder(t);
  const data = ["--data", join(folder, "keys")];
  assert.deepEqual(await millrace(["keys", "list", ...data]), { code: 0, text: "no keys\n" });
  const [, id = ""] = /^AWS_ACCESS_KEY_ID=(\w+)$/m.exec((await millrace(["keys", "create", ...data])).text) ?? [];
  assert.match((await millrace(["keys", "list", ...data])).text, new RegExp(`^${id}  admin .* active\n$`));
  assert.deepEqual(await millrace(["keys", "revoke", id, ...data]), { code: 0, text: `${id} is revoked\n` });
  assert.match((await millrace(["keys", "revoke", id, ...data])).text, /there is no active key/);
  assert.match((await millrace(["keys", "list", "all", ...data])).text, /all means nothing here/);
});

test("a port that is taken is said in a sentence", async (t) => {
  const { url, folder } = await startTranscoder(t);
  const address = url.slice("http://".length);
  const { code, text } = await millrace(["serve", "--listen", address, "--data", join(folder, "other")]);
  assert.deepEqual(
    { code, text },
    { code: 1, text: `millrace: listen EADDRINUSE: address already in use ${address}\n` },
  );
});
