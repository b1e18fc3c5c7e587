/**
 * Everything that jobs with roles and keys are about, on one port: the transcoder and its worker, S3, KMS and STS, with
 * their callers and roles judged by policies, and the unmodified clients of all.
 */

import { join } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type CreateJobRequest, ElasticTranscoder, type Job } from "@aws-sdk/client-elastic-transcoder";
import { KMS } from "@aws-sdk/client-kms";
import { S3 } from "@aws-sdk/client-s3";
import { startWorker, type Worker } from "../../src/engine/jobs/worker.ts";
import { openKmsService } from "../../src/services/kms/service.ts";
import { openS3Service } from "../../src/services/s3/service.ts";
import { openTranscoderService } from "../../src/services/transcoder/service.ts";
import { openFsBlobs } from "../../src/storage/blobs/fs-store.ts";
import { openBuiltInBuckets } from "../../src/storage/buckets/built-in-buckets.ts";
import { openKmsStore } from "../../src/storage/keys/kms-store.ts";
import { type IdentityServer, type Keys, region, startIdentities } from "../support/identities.ts";
import { openTestRights, transcoderTrust } from "../support/transcoder-role.ts";

export type JobServer = IdentityServer & {
  /** With the buckets `job-in` and `job-out`. Default: as the root of the account. */
  s3(credentials?: Keys): S3;
  kms: KMS;
  transcoder(credentials?: Keys): ElasticTranscoder;
  put(key: string, body: Uint8Array, bucket?: string): Promise<void>;
  get(key: string, bucket?: string): Promise<Buffer>;
  /** Over these buckets; its role has these policies. @returns the pipeline's id */
  pipeline(roleName: string, statements: readonly object[], more?: { AwsKmsKeyArn?: string }): Promise<string>;
  /** As it ended. */
  run(request: CreateJobRequest): Promise<Job>;
  ended(jobId: string): Promise<Job>;
  logOf(jobId: string): Promise<string>;
};

export async function startJobServer(t: TestContext): Promise<JobServer> {
  let worker!: Worker;
  const owned: { close(): Promise<void> }[] = [];
  const clients: { destroy(): void }[] = [];
  t.after(async () => {
    for (const client of clients) client.destroy();
    await worker.close();
    for (const one of owned) await one.close();
  });
  const server = await startIdentities(t, {
    async services({ records, wrapper, access, folder, ...common }) {
      const blobs = await openFsBlobs({ folder: join(folder, "blobs"), random: common.random });
      const keys = openKmsStore({ records, wrapper, ...common });
      const buckets = openBuiltInBuckets({ records, blobs, keys, ...common });
      owned.push(buckets, blobs);
      const rights = openTestRights(records, common.clock, access);
      worker = await startWorker({
        ...{ records, buckets, rights, keys, ...common },
        ...{ workerId: "worker", concurrency: 1, drainMs: 0, pollMs: 50, scratchFolder: join(folder, "scratch") },
        limits: { maxAttempts: 1 },
      });
      return [
        openTranscoderService({ records, buckets, rights, ...common }),
        openS3Service({ records, blobs, keys, ...common }),
        openKmsService({ records, keys }),
      ];
    },
  });
  const made = <Client extends { destroy(): void }>(client: Client): Client => {
    clients.push(client);
    return client;
  };
  const configOf = (credentials: Keys) => ({ endpoint: server.url, region, credentials, maxAttempts: 1 });
  const s3 = (credentials = server.root) => made(new S3({ ...configOf(credentials), forcePathStyle: true }));
  const transcoder = (credentials = server.root) => made(new ElasticTranscoder(configOf(credentials)));
  const [kms, root] = [made(new KMS(configOf(server.root))), { s3: s3(), transcoder: transcoder() }] as const;
  for (const Bucket of ["in", "out"]) await root.s3.createBucket({ Bucket: `job-${Bucket}` });

  const ended = async (Id: string): Promise<Job> => {
    for (const deadline = Date.now() + 90_000; Date.now() < deadline; await sleep(100)) {
      const { Job } = await root.transcoder.readJob({ Id });
      if (Job!.Status !== "Submitted" && Job!.Status !== "Progressing") return Job!;
    }
    throw new Error(`job ${Id} has not ended`);
  };
  return {
    ...server,
    s3,
    transcoder,
    kms,
    async put(Key, Body, Bucket = "job-in") {
      await root.s3.putObject({ Bucket, Key, Body });
    },
    async get(Key, Bucket = "job-out") {
      const { Body } = await root.s3.getObject({ Bucket, Key });
      return Buffer.from(await Body!.transformToByteArray());
    },
    async pipeline(roleName, statements, more = {}) {
      const { arn: Role } = await server.role(
        roleName,
        transcoderTrust,
        statements.length === 0 ? [] : [{ Statement: statements }],
      );
      const buckets = { InputBucket: "job-in", OutputBucket: "job-out" };
      const { Pipeline } = await root.transcoder.createPipeline({ Name: roleName, ...buckets, Role, ...more });
      return Pipeline!.Id!;
    },
    async run(request) {
      const { Job } = await root.transcoder.createJob(request);
      return ended(Job!.Id!);
    },
    ended,
    async logOf(jobId) {
      const rows = await server.records.db.selectFrom("job_logs").select("text").where("job_id", "=", jobId).execute();
      return rows.map(({ text }) => text).join("");
    },
  };
}
