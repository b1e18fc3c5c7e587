import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "../../src/base/clock.ts";
import { systemRandom } from "../../src/base/random.ts";
import { BucketError } from "../../src/storage/buckets/bucket-store.ts";
import { openBuiltInBuckets } from "../../src/storage/buckets/built-in-buckets.ts";
import { openExternalBuckets } from "../../src/storage/buckets/external-buckets.ts";
import { keys as accessKeys, region, startS3 } from "../support/s3-server.ts";
import { startS3rver } from "../support/s3rver.ts";
import { bucket, bucketStoreContract } from "./bucket-store.contract.ts";

bucketStoreContract("built in", async () => {
  const server = await startS3();
  await server.s3.createBucket({ Bucket: bucket });
  const { records, blobs, keys, close } = server;
  const store = openBuiltInBuckets({ records, blobs, keys, clock: systemClock, random: systemRandom });
  return { store, close };
});

bucketStoreContract("external, Millrace's own S3", async () => {
  const server = await startS3();
  await server.s3.createBucket({ Bucket: bucket });
  // So small that the larger objects of the contract are copied in parts.
  const copyBytes = 6 << 20;
  const store = openExternalBuckets({ endpoint: server.url, credentials: accessKeys, region, copyBytes });
  return {
    store,
    async close() {
      const { Uploads = [] } = await server.s3.listMultipartUploads({ Bucket: bucket });
      await store.close();
      await server.close();
      assert.deepEqual(Uploads, [], "no parts are left behind");
    },
  };
});

bucketStoreContract(
  "external, s3rver",
  async () => {
    const server = await startS3rver(bucket);
    const { url: endpoint, credentials } = server;
    const store = openExternalBuckets({ endpoint, credentials, region });
    return {
      store,
      async close() {
        await store.close();
        await server.close();
      },
    };
  },
  // s3rver lists folders before files, fails at its own continuation token, takes `bytes=0-0` for no range at all, and
  // leaves the source of a copy half decoded.
  { listInOrder: true, listPastAPage: true, readTheFirstByteAlone: true, moveOddKeys: true },
);

test("tells a refusal from an S3 that cannot be reached", async (t) => {
  const server = await startS3();
  t.after(() => server.close());
  await server.s3.createBucket({ Bucket: bucket });
  const credentials = { ...accessKeys, secretAccessKey: "not the secret" };
  for (const [kind, endpoint] of [
    ["access-denied", server.url],
    ["failed", "http://127.0.0.1:1"],
  ] as const) {
    const store = openExternalBuckets({ endpoint, credentials, region });
    for (const call of [
      () => store.bucketExists(bucket),
      () => store.head({ bucket, key: "a" }),
      () => store.read({ bucket, key: "a" }),
      () => Array.fromAsync(store.list(bucket, "")),
      () => store.delete({ bucket, key: "a" }),
    ]) {
      await assert.rejects(call, (error) => error instanceof BucketError && error.kind === kind, `${kind} ${call}`);
    }
    await store.close();
  }
});
