/** Servers whose master key no file holds: one behind a passphrase, and one behind a key of the first one's KMS. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { KMS } from "@aws-sdk/client-kms";
import { keys, type MillraceProcess, startMillrace } from "./millrace-process.ts";

const passphrase = "correct horse battery staple";
const secret = Buffer.from("thirty-two bytes of a secret key");

function kmsOf(url: string): KMS {
  return new KMS({ endpoint: url, region: "us-east-1", credentials: keys });
}

test("what is encrypted under a passphrase or another server's key is read again after a restart, and not without", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "millrace-master-"));
  const processes: MillraceProcess[] = [];
  t.after(async () => {
    for (const started of processes) await started.kill("SIGKILL");
    if (t.passed) await rm(folder, { recursive: true });
    else t.diagnostic(`kept: ${folder}`);
  });
  const serve = async (name: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) => {
    const data = ["--data", join(folder, name), "--listen", "127.0.0.1:0", "--role", "api"];
    const started = await startMillrace(["serve", ...data, ...args], env);
    processes.push(started);
    return started;
  };

  const passphraseFile = join(folder, "passphrase");
  await writeFile(passphraseFile, `${passphrase}\n`);
  const first = await serve("first", ["--master-passphrase-file", passphraseFile]);
  const { KeyId, Arn } = (await kmsOf(first.url).createKey({})).KeyMetadata!;
  const { CiphertextBlob } = await kmsOf(first.url).encrypt({ KeyId: KeyId!, Plaintext: secret });
  await first.kill("SIGTERM");
  assert.ok(!existsSync(join(folder, "first", "master-key")));
  for (const name of await readdir(join(folder, "first"))) {
    const bytes = await readFile(join(folder, "first", name)).catch(() => Buffer.alloc(0));
    assert.equal(bytes.indexOf(passphrase), -1, name);
  }
  const wrong = { MILLRACE_MASTER_PASSPHRASE: "incorrect horse battery staple" };
  await assert.rejects(serve("first", [], wrong), /the passphrase is not the one that opens the master key/);
  await assert.rejects(serve("first", []), /the master key of this database is opened by a passphrase/);
  await assert.rejects(serve("first", [], { MILLRACE_MASTER_PASSPHRASE: "short" }), /at least 12 characters/);
  const both = ["--master-key", "x", "--master-passphrase-file", passphraseFile];
  await assert.rejects(serve("first", both), /give one master key, not both --master-key and --master-passphrase-file/);
  const again = await serve("first", [], { MILLRACE_MASTER_PASSPHRASE: passphrase });
  assert.deepEqual(Buffer.from((await kmsOf(again.url).decrypt({ CiphertextBlob })).Plaintext!), secret);

  const external = ["--master-kms", `kms://${Arn}?endpoint=${again.url}`];
  const env = {
    MILLRACE_MASTER_KMS_ACCESS_KEY_ID: keys.accessKeyId,
    MILLRACE_MASTER_KMS_SECRET_ACCESS_KEY: keys.secretAccessKey,
  };
  const second = await serve("second", external, env);
  const made = (await kmsOf(second.url).createKey({})).KeyMetadata!;
  await second.kill("SIGTERM");
  await kmsOf(again.url).disableKey({ KeyId: KeyId! });
  await assert.rejects(serve("second", external, env), /the external key arn:aws:kms:.* DisabledException/);
  await kmsOf(again.url).enableKey({ KeyId: KeyId! });
  const back = await serve("second", external, env);
  await kmsOf(back.url).encrypt({ KeyId: made.KeyId!, Plaintext: secret });
});
