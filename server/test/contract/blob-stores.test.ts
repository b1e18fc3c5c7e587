import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { systemRandom } from "../../src/base/random.ts";
import { openFsBlobs } from "../../src/storage/blobs/fs-store.ts";
import { openS3Blobs } from "../../src/storage/blobs/s3-store.ts";
import { keys, startS3 } from "../support/s3-server.ts";
import { startS3rver } from "../support/s3rver.ts";
import { blobStoreContract } from "./blob-store.contract.ts";

blobStoreContract("a folder", async () => {
  const folder = await mkdtemp(join(tmpdir(), "millrace-blobs-"));
  const store = await openFsBlobs({ folder, random: systemRandom });
  return {
    store,
    async close() {
      await store.close();
      await rm(folder, { recursive: true });
    },
  };
});

blobStoreContract(
  "an S3 (s3rver)",
  async () => {
    const server = await startS3rver("blobs");
    const { url: endpoint, credentials } = server;
    const store = await openS3Blobs({
      endpoint,
      credentials,
      bucket: "blobs",
      prefix: "below/this",
      region: "us-east-1",
    });
    return {
      store,
      async close() {
        await store.close();
        await server.close();
      },
    };
  },
  // s3rver lists folders before files, and takes `bytes=0-0` for no range at all.
  { listInOrder: true, readTheFirstByteAlone: true },
);

blobStoreContract("Millrace's own S3", async () => {
  const server = await startS3();
  await server.s3.createBucket({ Bucket: "blobs" });
  const store = await openS3Blobs({ endpoint: server.url, credentials: keys, bucket: "blobs", region: "us-east-1" });
  return {
    store,
    async close() {
      const { Uploads = [] } = await server.s3.listMultipartUploads({ Bucket: "blobs" });
      await store.close();
      await server.close();
      assert.deepEqual(Uploads, [], "no parts are left behind");
    },
  };
});

test("gives up on an S3 that takes a call and never answers", async () => {
  const silent = createServer(() => {}).listen(0, "127.0.0.1");
  await once(silent, "listening");
  const { port } = silent.address() as AddressInfo;
  const credentials = { accessKeyId: "nobody", secretAccessKey: "nothing" };
  const endpoint = `http://127.0.0.1:${port}`;
  const opened = openS3Blobs({ endpoint, credentials, bucket: "blobs", region: "us-east-1", answerMs: 100 });
  await assert.rejects(opened, /cannot keep blobs in s3:\/\/blobs at .*Timeout/);
  silent.closeAllConnections();
  silent.close();
});
