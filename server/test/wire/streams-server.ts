/**
 * Kinesis Video Streams as clients reach it: the real edge and services over SQLite on a free port.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { KinesisVideo, type KinesisVideoClientConfig } from "@aws-sdk/client-kinesis-video";
import { KMS } from "@aws-sdk/client-kms";
import { type Clock, systemClock, systemSleep } from "../../src/base/clock.ts";
import { silentLog } from "../../src/base/log.ts";
import { systemRandom } from "../../src/base/random.ts";
import { signRequest } from "../../src/edge/auth/sign.ts";
import { createEdge } from "../../src/edge/edge.ts";
import { openListener } from "../../src/edge/listener.ts";
import { openStreamEngine, type StreamEngine } from "../../src/engine/stream-engine.ts";
import { openKmsService } from "../../src/services/kms/service.ts";
import { openStreamsServices, type StreamsOptions } from "../../src/services/streams/service.ts";
import type { BlobStore } from "../../src/storage/blobs/blob-store.ts";
import { openFsBlobs } from "../../src/storage/blobs/fs-store.ts";
import type { DataKeyPeriod } from "../../src/storage/keys/keyring.ts";
import { openKmsStore } from "../../src/storage/keys/kms-store.ts";
import { openMasterKey } from "../../src/storage/keys/master-key.ts";
import type { Records } from "../../src/storage/records/records.ts";
import { openSqliteRecords } from "../../src/storage/records/sqlite.ts";

export const account = "123456789012";
export const region = "us-west-2";
/** The root of the account. */
export const keys = { accessKeyId: "AKIASTREAMSTESTROOT1", secretAccessKey: "streams-test-secret" };
/** Somebody to whom no policy allows anything. */
export const nobody = { accessKeyId: "AKIASTREAMSNOBODY001", secretAccessKey: "nobody-secret" };
/** Of the recorded requests in ../shared/media/kvs. */
export const recorded = { accessKeyId: "AKIDTESTACCESSKEY00", secretAccessKey: "testsecretkey" };

export type StreamsServer = {
  url: string;
  port: number;
  client: KinesisVideo;
  kms: KMS;
  records: Records;
  blobs: BlobStore;
  engine: StreamEngine;
  folder: string;
  clientOf(options: KinesisVideoClientConfig): KinesisVideo;
  /** What is on the wire. `path` may begin with slashes as it likes. */
  call(
    path: string,
    body: string,
    headers?: Record<string, string>,
    // biome-ignore lint/suspicious/noExplicitAny: tests compare what they expect.
  ): Promise<{ status: number; headers: Headers; text: string; body: any }>;
};

export async function startStreams(
  t: TestContext,
  { period, ...options }: Partial<StreamsOptions> & { clock?: Clock; period?: DataKeyPeriod } = {},
): Promise<StreamsServer> {
  const folder = await mkdtemp(join(tmpdir(), "millrace-streams-"));
  const { clock = systemClock } = options;
  const common = { clock, random: systemRandom, log: silentLog };
  const records = await openSqliteRecords({ path: join(folder, "records.db") });
  const blobs = await openFsBlobs({ folder: join(folder, "blobs"), random: systemRandom });
  const wrapper = await openMasterKey({ records, path: join(folder, "master-key"), clock, random: systemRandom });
  const keyStore = openKmsStore({ records, wrapper, ...common });
  const stores = { records, blobs, kms: keyStore, wrapper, ...(period && { period }) };
  const engine = openStreamEngine({ ...common, ...stores, sleep: systemSleep, tickMs: 10 });
  const known = new Map([keys, nobody, recorded].map((pair) => [pair.accessKeyId, pair.secretAccessKey]));
  const handler = createEdge({
    services: [
      ...openStreamsServices({ ...common, engine, ...options, records }),
      openKmsService({ records, keys: keyStore }),
    ],
    credentials: {
      async find(accessKeyId) {
        const secret = known.get(accessKeyId);
        const isRoot = accessKeyId !== nobody.accessKeyId;
        const principalArn = `arn:aws:iam::${account}:${isRoot ? "root" : "user/nobody"}`;
        return secret === undefined ? undefined : { accessKeyId, secret, accountId: account, principalArn, isRoot };
      },
    },
    ...common,
    s3BaseDomains: [],
  });
  const listener = await openListener({ handler, host: "127.0.0.1", port: 0 });
  const clients: { destroy(): void }[] = [];
  const kms = new KMS({ endpoint: listener.url, region, credentials: keys, maxAttempts: 1 });
  clients.push(kms);
  const clientOf: StreamsServer["clientOf"] = (other) => {
    const client = new KinesisVideo({ endpoint: listener.url, region, credentials: keys, maxAttempts: 1, ...other });
    clients.push(client);
    return client;
  };
  t.after(async () => {
    for (const client of clients) client.destroy();
    engine.letGo();
    await listener.close();
    await engine.close();
    await blobs.close();
    await records.close();
    if (t.passed) await rm(folder, { recursive: true });
    else t.diagnostic(`kept: ${folder}`);
  });
  return {
    url: listener.url,
    port: listener.port,
    client: clientOf({}),
    kms,
    records,
    blobs,
    engine,
    folder,
    clientOf,
    async call(path, body, headers = {}) {
      const url = `${listener.url}${path}`;
      const signed = signRequest({
        method: "POST",
        url,
        headers: { "content-type": "application/json", ...headers },
        body,
        credentials: keys,
        service: "kinesisvideo",
        region,
        clock,
      });
      const answer = await fetch(url, { method: "POST", headers: signed, body });
      const text = await answer.text();
      return { status: answer.status, headers: answer.headers, text, body: text === "" ? undefined : JSON.parse(text) };
    },
  };
}
