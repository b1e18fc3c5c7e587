/**
 * npm's s3rver in this process: somebody else's S3, old and simple.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

export type S3rver = {
  url: string;
  credentials: { accessKeyId: string; secretAccessKey: string };
  close(): Promise<void>;
};

export async function startS3rver(...buckets: string[]): Promise<S3rver> {
  const S3rverServer = createRequire(import.meta.url)("s3rver");
  const folder = await mkdtemp(join(tmpdir(), "millrace-s3rver-"));
  const server = new S3rverServer({
    address: "127.0.0.1",
    port: 0,
    silent: true,
    directory: folder,
    configureBuckets: buckets.map((name) => ({ name })),
  });
  const { port }: AddressInfo = await server.run();
  return {
    url: `http://127.0.0.1:${port}`,
    credentials: { accessKeyId: "S3RVER", secretAccessKey: "S3RVER" },
    async close() {
      await server.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
