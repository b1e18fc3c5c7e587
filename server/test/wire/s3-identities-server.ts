/**
 * S3 with real policies and keys: the real edge, IAM, KMS and service over SQLite and a folder, on a free port.
 */
import { join } from "node:path";
import type { TestContext } from "node:test";
import { S3 } from "@aws-sdk/client-s3";
import { systemRandom } from "../../src/base/random.ts";
import { openS3Service } from "../../src/services/s3/service.ts";
import type { BlobStore } from "../../src/storage/blobs/blob-store.ts";
import { openFsBlobs } from "../../src/storage/blobs/fs-store.ts";
import { type KmsStore, openKmsStore } from "../../src/storage/keys/kms-store.ts";
import { type IdentityServer, type Keys, region, startIdentities } from "../support/identities.ts";

export type S3IdentityServer = IdentityServer & {
  blobs: BlobStore;
  keys: KmsStore;
  /** Default: as the root of the account. */
  s3(credentials?: Keys): S3;
};

export async function startS3Identities(t: TestContext): Promise<S3IdentityServer> {
  let blobs!: BlobStore;
  let keys!: KmsStore;
  const server = await startIdentities(t, {
    async services({ records, wrapper, folder, clock, random, log }) {
      blobs = await openFsBlobs({ folder: join(folder, "blobs"), random: systemRandom });
      keys = openKmsStore({ records, wrapper, clock, random });
      return [openS3Service({ records, blobs, keys, clock, random, log })];
    },
  });
  const clients: S3[] = [];
  t.after(async () => {
    for (const client of clients) client.destroy();
    await blobs.close();
  });
  return {
    ...server,
    blobs,
    keys,
    s3(credentials = server.root) {
      const client = new S3({ endpoint: server.url, region, credentials, forcePathStyle: true, maxAttempts: 1 });
      clients.push(client);
      return client;
    },
  };
}

/** The error's status and name; "allowed": there was none. */
export async function outcome(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => "allowed",
    (error) => `${error.$metadata?.httpStatusCode} ${error.name}`,
  );
}
