/**
 * The transcoder's API as clients reach it: the real edge and service over SQLite on a free port, and no workers, so that
 * jobs stay as the tests make them.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { ElasticTranscoder } from "@aws-sdk/client-elastic-transcoder";
import { systemClock } from "../../src/base/clock.ts";
import { silentLog } from "../../src/base/log.ts";
import { systemRandom } from "../../src/base/random.ts";
import { signRequest } from "../../src/edge/auth/sign.ts";
import { createEdge } from "../../src/edge/edge.ts";
import { openListener } from "../../src/edge/listener.ts";
import type { TranscoderLimits } from "../../src/services/transcoder/context.ts";
import { openTranscoderService } from "../../src/services/transcoder/service.ts";
import { openFsBlobs } from "../../src/storage/blobs/fs-store.ts";
import { openBuiltInBuckets } from "../../src/storage/buckets/built-in-buckets.ts";
import type { Records } from "../../src/storage/records/records.ts";
import { openSqliteRecords } from "../../src/storage/records/sqlite.ts";
import { openTestKeys } from "../support/keys.ts";
import { addTranscoderRole, openTestRights } from "../support/transcoder-role.ts";

export const account = "123456789012";
export const region = "us-east-1";
export const keys = { accessKeyId: "AKIATRANSCODERTEST01", secretAccessKey: "transcoder-test-secret" };

export type TranscoderServer = {
  url: string;
  client: ElasticTranscoder;
  records: Records;
  folder: string;
  /** A client of another region, or with other keys. */
  clientOf(options: { region?: string; credentials?: typeof keys }): ElasticTranscoder;
  /** What is on the wire: clients leave out nulls. */
  // biome-ignore lint/suspicious/noExplicitAny: tests compare what they expect.
  call(method: string, path: string, body?: string): Promise<{ status: number; headers: Headers; body: any }>;
};

export async function startTranscoder(
  t: TestContext,
  options: { limits?: Partial<TranscoderLimits> } = {},
): Promise<TranscoderServer> {
  const folder = await mkdtemp(join(tmpdir(), "millrace-transcoder-"));
  const random = systemRandom;
  const log = silentLog;
  const records = await openSqliteRecords({ path: join(folder, "records.db") });
  const blobs = await openFsBlobs({ folder: join(folder, "blobs"), random });
  const buckets = openBuiltInBuckets({
    records,
    blobs,
    keys: openTestKeys({ records, clock: systemClock }),
    clock: systemClock,
    random,
  });
  const rights = openTestRights(records);
  for (const name of ["Elastic_Transcoder_Default_Role", "r"]) await addTranscoderRole(records, { account, name });
  const service = openTranscoderService({
    records,
    buckets,
    rights,
    clock: systemClock,
    random,
    log,
    limits: options.limits,
  });
  const handler = createEdge({
    services: [service],
    credentials: {
      find: async (id) =>
        id === keys.accessKeyId
          ? {
              accessKeyId: id,
              secret: keys.secretAccessKey,
              accountId: account,
              principalArn: `arn:aws:iam::${account}:root`,
              isRoot: true,
            }
          : undefined,
    },
    clock: systemClock,
    random,
    log,
    s3BaseDomains: [],
  });
  const listener = await openListener({ handler, host: "127.0.0.1", port: 0 });
  const clients: ElasticTranscoder[] = [];
  const clientOf: TranscoderServer["clientOf"] = (other) => {
    const client = new ElasticTranscoder({
      endpoint: listener.url,
      region: other.region ?? region,
      credentials: other.credentials ?? keys,
      maxAttempts: 1,
    });
    clients.push(client);
    return client;
  };
  t.after(async () => {
    for (const client of clients) client.destroy();
    await listener.close();
    await buckets.close();
    await blobs.close();
    await records.close();
    if (t.passed) await rm(folder, { recursive: true });
    else t.diagnostic(`kept: ${folder}`);
  });
  return {
    url: listener.url,
    client: clientOf({}),
    records,
    folder,
    clientOf,
    async call(method, path, body) {
      const url = `${listener.url}${path}`;
      const headers = signRequest({
        method,
        url,
        headers: body === undefined ? {} : { "content-type": "application/json" },
        body: body ?? "",
        credentials: keys,
        service: "elastictranscoder",
        region,
        clock: systemClock,
      });
      const answer = await fetch(url, { method, headers, body });
      const text = await answer.text();
      return { status: answer.status, headers: answer.headers, body: text === "" ? undefined : JSON.parse(text) };
    },
  };
}
