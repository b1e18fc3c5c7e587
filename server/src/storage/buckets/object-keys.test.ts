import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { openTestKeys } from "../../../test/support/keys.ts";
import { systemRandom } from "../../base/random.ts";
import type { Bucket } from "../records/buckets.ts";
import { openSqliteRecords } from "../records/sqlite.ts";
import { createObjectKeys, type Sealing } from "./object-keys.ts";

const bucket: Bucket = { name: "b", account: "123456789012", region: "us-east-1", createdAt: 0, settings: {} };
const kms = { mode: "aws:kms" } as const;

const hex = ({ key }: Sealing) => Buffer.from(key.bytes).toString("hex");

async function open(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), "millrace-object-keys-"));
  const records = await openSqliteRecords({ path: join(folder, "records.db") });
  t.after(async () => {
    await records.close();
    await rm(folder, { recursive: true });
  });
  let now = Date.UTC(2026, 3, 2, 10);
  const clock = () => now;
  const own = () => createObjectKeys({ keys: openTestKeys({ records, clock }), clock, random: systemRandom });
  return {
    own,
    keys: own(),
    pass: (ms: number) => {
      now += ms;
    },
  };
}

test("a bucket has one data key for an hour, and another one in the next", async (t) => {
  const { keys, pass } = await open(t);
  const [first, same] = await Promise.all(["x", "y"].map((key) => keys.create(bucket, key, { mode: "AES256" })));
  assert.deepEqual(same, first);
  const other = await keys.create({ ...bucket, name: "c" }, "x", { mode: "AES256" });
  assert.notEqual(hex(other), hex(first!));
  const shared = await keys.create(bucket, "x", { ...kms, bucketKey: true });
  assert.equal(hex(await keys.create(bucket, "y", { ...kms, bucketKey: true })), hex(shared));
  assert.notEqual(hex(shared), hex(first!));
  pass(60 * 60_000);
  assert.notEqual(hex(await keys.create(bucket, "x", { mode: "AES256" })), hex(first!));
});

test("each object has a data key of its own under KMS, bound to its name", async (t) => {
  const { keys, own } = await open(t);
  const one = await keys.create(bucket, "x", { ...kms, context: { tenant: "blue" } });
  assert.notEqual(hex(await keys.create(bucket, "x", kms)), hex(one));
  assert.deepEqual(one.encryption.context, { tenant: "blue", "aws:s3:arn": "arn:aws:s3:::b/x" });
  const renamed = await keys.rename(one.encryption, "b", "y");
  assert.deepEqual(renamed.context, { tenant: "blue", "aws:s3:arn": "arn:aws:s3:::b/y" });
  for (const encryption of [one.encryption, renamed]) {
    assert.equal(hex(await own().open(encryption)), hex(one));
    assert.equal(encryption.wrapped.includes(Buffer.from(one.key.bytes).toString("base64").slice(0, 40)), false);
  }
  const moved = { ...one.encryption, context: renamed.context! };
  await assert.rejects(own().open(moved), { problem: "InvalidCiphertext" });
});

test("a customer's key opens what it sealed, and no other does", async (t) => {
  const { keys, own } = await open(t);
  const key = systemRandom(32);
  const made = await keys.create(bucket, "x", { mode: "customer", key, keyMd5: "m" });
  assert.equal(hex(await own().open(made.encryption, key)), hex(made));
  for (const wrong of [undefined, systemRandom(32)])
    await assert.rejects(keys.open(made.encryption, wrong), { problem: "InvalidCiphertext" });
});

test("buckets of regions that ARNs do not know are sealed too", async (t) => {
  const { keys, own } = await open(t);
  const made = await keys.create({ ...bucket, region: "US" }, "x", { mode: "AES256" });
  assert.equal(hex(await own().open(made.encryption)), hex(made));
});
