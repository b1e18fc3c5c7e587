import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLog } from "../../src/base/log.ts";
import { systemRandom } from "../../src/base/random.ts";
import { openFsBlobs } from "../../src/storage/blobs/fs-store.ts";
import { openS3Blobs } from "../../src/storage/blobs/s3-store.ts";
import { openPostgresRecords } from "../../src/storage/records/postgres.ts";
import { openSqliteRecords } from "../../src/storage/records/sqlite.ts";
import { postgresMissing, temporaryDatabase } from "../support/postgres.ts";
import { keys, startS3 } from "../support/s3-server.ts";
import { fragmentsContract } from "./fragments.contract.ts";

fragmentsContract("SQLite and a folder", async () => {
  const folder = await mkdtemp(join(tmpdir(), "millrace-fragments-"));
  const blobs = await openFsBlobs({ folder: join(folder, "blobs"), random: systemRandom });
  return {
    openRecords: () => openSqliteRecords({ path: join(folder, "millrace.db") }),
    blobs,
    async close() {
      await blobs.close();
      await rm(folder, { recursive: true });
    },
  };
});

fragmentsContract(
  "PostgreSQL and an S3",
  async () => {
    const { url, close } = await temporaryDatabase();
    const server = await startS3();
    await server.s3.createBucket({ Bucket: "blobs" });
    const blobs = await openS3Blobs({ endpoint: server.url, credentials: keys, bucket: "blobs", region: "us-east-1" });
    return {
      openRecords: () => openPostgresRecords({ url, log: silentLog }),
      blobs,
      async close() {
        await blobs.close();
        await server.close();
        await close();
      },
    };
  },
  postgresMissing,
);
