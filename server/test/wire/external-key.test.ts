/** The master key of one Millrace, opened by a key of another one's KMS over the wire. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { parseMasterKmsUrl } from "../../src/app/master-kms-url.ts";
import { systemClock } from "../../src/base/clock.ts";
import { systemRandom } from "../../src/base/random.ts";
import { openMasterKey } from "../../src/storage/keys/master-key.ts";
import { openSqliteRecords } from "../../src/storage/records/sqlite.ts";
import { startKms } from "./kms-server.ts";

const chance = { clock: systemClock, random: systemRandom };

async function withRows(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), "millrace-keys-"));
  const records = await openSqliteRecords({ path: join(folder, "millrace.db") });
  t.after(async () => {
    await records.close();
    await rm(folder, { recursive: true });
  });
  return records;
}

test("a key of another KMS opens the master key, as long as it can be used", async (t) => {
  const server = await startKms(t);
  const root = server.kms();
  const { Arn, KeyId } = (await root.createKey({})).KeyMetadata!;
  const rights = { Effect: "Allow", Action: ["kms:GenerateDataKey", "kms:Decrypt"], Resource: Arn };
  const { keys } = await server.user("millrace", [rights]);
  const env = {
    MILLRACE_MASTER_KMS_ACCESS_KEY_ID: keys.accessKeyId,
    MILLRACE_MASTER_KMS_SECRET_ACCESS_KEY: keys.secretAccessKey,
  };
  const kms = parseMasterKmsUrl(`kms://${Arn}?endpoint=${server.url}`, env);
  const records = await withRows(t);
  const first = await openMasterKey({ records, kms, ...chance });
  const wrapped = await first.wrap(Buffer.from("key"), "x");
  await root.rotateKeyOnDemand({ KeyId: KeyId! });
  const again = await openMasterKey({ records, kms, ...chance });
  assert.equal(again.id, first.id);
  assert.deepEqual(await again.unwrap(wrapped, "x"), Buffer.from("key"));

  const open = (more = {}) => openMasterKey({ records, kms: { ...kms, ...more }, ...chance });
  await root.disableKey({ KeyId: KeyId! });
  await assert.rejects(open(), /does not open the master key: DisabledException: arn:aws:kms:.* is disabled/);
  // What was opened goes on.
  assert.deepEqual(await again.unwrap(wrapped, "x"), Buffer.from("key"));
  await root.enableKey({ KeyId: KeyId! });
  await open();

  const other = (await root.createKey({})).KeyMetadata!.Arn!;
  await assert.rejects(
    open({ arn: other }),
    /is opened by the external key arn:aws:kms:.*: give that with --master-kms/,
  );
  await assert.rejects(
    open({ credentials: (await withoutRights(server)).credentials }),
    /AccessDeniedException: User: /,
  );
  await assert.rejects(
    open({ endpoint: "http://127.0.0.1:9" }),
    /at http:\/\/127\.0\.0\.1:9 does not open the master key/,
  );
  const fresh = await withRows(t);
  await assert.rejects(
    openMasterKey({ records: fresh, kms: { ...kms, arn: Arn!.replace(/.$/, "x") }, ...chance }),
    /AccessDeniedException|NotFoundException|InvalidArnException/,
  );
});

async function withoutRights(server: Awaited<ReturnType<typeof startKms>>) {
  const { keys } = await server.user("nobody");
  return { credentials: { accessKeyId: keys.accessKeyId, secretAccessKey: keys.secretAccessKey } };
}

test("a URL of a KMS key says what is wrong with it", () => {
  const arn = "arn:aws:kms:eu-west-1:123456789012:key/mrk-0123456789abcdef0123456789abcdef";
  assert.deepEqual(parseMasterKmsUrl(`kms://${arn}`, {}), {
    arn,
    region: "eu-west-1",
    endpoint: undefined,
    credentials: undefined,
  });
  const { region, endpoint } = parseMasterKmsUrl(`kms://${arn}?region=us-east-1&endpoint=https://h:1`, {});
  assert.deepEqual([region, endpoint], ["us-east-1", "https://h:1"]);
  for (const wrong of ["kms://", "kms://alias/x", `kms://${arn}/x`, arn]) {
    assert.throws(() => parseMasterKmsUrl(wrong, {}), /^UsageError: --master-kms must be kms:\/\/KEY-ARN/);
  }
  assert.throws(() => parseMasterKmsUrl(`kms://${arn}?path=x`, {}), /knows \?endpoint= and \?region=, not path/);
});
