/**
 * An S3 service behind the real edge on a port of its own, with rows and blobs in a temporary folder.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { S3 } from "@aws-sdk/client-s3";
import { systemClock } from "../../src/base/clock.ts";
import { silentLog } from "../../src/base/log.ts";
import { systemRandom } from "../../src/base/random.ts";
import { createEdge } from "../../src/edge/edge.ts";
import { openListener } from "../../src/edge/listener.ts";
import { openS3Service } from "../../src/services/s3/service.ts";
import type { BlobStore } from "../../src/storage/blobs/blob-store.ts";
import { openFsBlobs } from "../../src/storage/blobs/fs-store.ts";
import type { KmsStore } from "../../src/storage/keys/kms-store.ts";
import type { Records } from "../../src/storage/records/records.ts";
import { openSqliteRecords } from "../../src/storage/records/sqlite.ts";
import { openTestKeys } from "./keys.ts";

export const keys = {
  accessKeyId: "AKIATESTTESTTESTTEST",
  secretAccessKey: "test-secret-test-secret-test-secret-0001",
};
export const region = "us-east-1";
export const account = "123456789012";

export type S3Server = {
  url: string;
  folder: string;
  records: Records;
  blobs: BlobStore;
  keys: KmsStore;
  s3: S3;
  close(): Promise<void>;
};

export async function startS3(): Promise<S3Server> {
  const folder = await mkdtemp(join(tmpdir(), "millrace-s3-"));
  const records = await openSqliteRecords({ path: join(folder, "records.db") });
  const blobs = await openFsBlobs({ folder: join(folder, "blobs"), random: systemRandom });
  const kms = openTestKeys({ records, clock: systemClock });
  const own = { clock: systemClock, random: systemRandom, log: silentLog };
  const handler = createEdge({
    services: [openS3Service({ records, blobs, keys: kms, ...own })],
    credentials: {
      async find(accessKeyId) {
        if (accessKeyId !== keys.accessKeyId) return undefined;
        const caller = { accountId: account, accessKeyId, principalArn: `arn:aws:iam::${account}:root`, isRoot: true };
        return { ...caller, secret: keys.secretAccessKey };
      },
    },
    ...own,
    s3BaseDomains: ["localhost"],
  });
  const listener = await openListener({ handler, host: "127.0.0.1", port: 0 });
  const s3 = new S3({ endpoint: listener.url, region, credentials: keys, forcePathStyle: true, maxAttempts: 1 });
  return {
    url: listener.url,
    folder,
    records,
    blobs,
    keys: kms,
    s3,
    async close() {
      s3.destroy();
      await listener.close();
      await blobs.close();
      await records.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** For one test. */
export async function withS3(t: TestContext): Promise<S3Server> {
  const server = await startS3();
  t.after(() => server.close());
  return server;
}
