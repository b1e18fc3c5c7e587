/**
 * One server with all services and real policies, and what operations are tried on.
 */
import { join } from "node:path";
import type { TestContext } from "node:test";
import { ElasticTranscoder } from "@aws-sdk/client-elastic-transcoder";
import { IAM } from "@aws-sdk/client-iam";
import { KinesisVideo } from "@aws-sdk/client-kinesis-video";
import { KinesisVideoArchivedMedia } from "@aws-sdk/client-kinesis-video-archived-media";
import { KinesisVideoMedia } from "@aws-sdk/client-kinesis-video-media";
import { KMS } from "@aws-sdk/client-kms";
import { S3 } from "@aws-sdk/client-s3";
import { STS } from "@aws-sdk/client-sts";
import { systemSleep } from "../../../src/base/clock.ts";
import { createSafeFetch } from "../../../src/base/safe-fetch.ts";
import { bucketRulesOf } from "../../../src/engine/jobs/bucket-rules.ts";
import { openStreamEngine, type StreamEngine } from "../../../src/engine/stream-engine.ts";
import { openIamService } from "../../../src/services/iam/service.ts";
import { openKmsService } from "../../../src/services/kms/service.ts";
import { openS3Service } from "../../../src/services/s3/service.ts";
import { openStreamsServices } from "../../../src/services/streams/service.ts";
import { openTranscoderService } from "../../../src/services/transcoder/service.ts";
import { openFsBlobs } from "../../../src/storage/blobs/fs-store.ts";
import { openBuiltInBuckets } from "../../../src/storage/buckets/built-in-buckets.ts";
import { openKmsStore } from "../../../src/storage/keys/kms-store.ts";
import {
  account,
  type IdentityParts,
  type IdentityServer,
  type Keys,
  region,
  startIdentities,
} from "../../support/identities.ts";
import { type Issuer, startIssuer } from "../../support/oidc-issuer.ts";

export { account, region };

const clients = {
  iam: IAM,
  sts: STS,
  kms: KMS,
  s3: S3,
  "kinesis-video": KinesisVideo,
  "kinesis-video-media": KinesisVideoMedia,
  "kinesis-video-archived-media": KinesisVideoArchivedMedia,
  "elastic-transcoder": ElasticTranscoder,
};

type ClientName = keyof typeof clients;

const unsigned = {
  credentials: { accessKeyId: "AKIANOBODYNOBODYNOBO", secretAccessKey: "never used" },
  // biome-ignore lint/suspicious/noExplicitAny: requests of all protocols pass as they are.
  signer: { sign: async (request: any) => request },
};

export type World = IdentityServer & {
  engine: StreamEngine;
  issuer: Issuer;
  /** As the root of the account. */
  iam: IAM;
  kms: KMS;
  s3: S3;
  streams: KinesisVideo;
  transcoder: ElasticTranscoder;
  /** A name that nothing else has. */
  fresh(kind: string): string;
  /** A client of the service of this model, closed after the test. Without keys: one that does not sign. */
  client<Name extends ClientName>(model: Name, keys: Keys | undefined): InstanceType<(typeof clients)[Name]>;
};

export async function startWorld(t: TestContext): Promise<World> {
  const issuer = await startIssuer(t);
  let engine!: StreamEngine;
  const server = await startIdentities(t, {
    fetch: createSafeFetch({ allow: ["127.0.0.0/8"], ca: [issuer.authority] }),
    async services(parts) {
      const opened = await openServices(t, parts);
      engine = opened.engine;
      return opened.services;
    },
  });
  const open: { destroy(): void }[] = [];
  t.after(() => {
    for (const client of open) client.destroy();
    engine.letGo();
  });
  const client: World["client"] = (model, keys) => {
    const common = { endpoint: server.url, region, maxAttempts: 1, forcePathStyle: true };
    const made = new clients[model]({ ...common, ...(keys === undefined ? unsigned : { credentials: keys }) });
    open.push(made);
    // biome-ignore lint/suspicious/noExplicitAny: the compiler does not follow the name to its class.
    return made as any;
  };
  let count = 0;
  return {
    ...server,
    engine,
    issuer,
    iam: client("iam", server.root),
    kms: client("kms", server.root),
    s3: client("s3", server.root),
    streams: client("kinesis-video", server.root),
    transcoder: client("elastic-transcoder", server.root),
    fresh: (kind) => `${kind}-${count++}`,
    client,
  };
}

async function openServices(t: TestContext, parts: IdentityParts) {
  const { records, wrapper, access, sealer, folder, clock, random, log } = parts;
  const common = { records, clock, random, log };
  const blobs = await openFsBlobs({ folder: join(folder, "blobs"), random });
  const keys = openKmsStore({ records, wrapper, clock, random });
  const buckets = openBuiltInBuckets({ records, blobs, keys, clock, random });
  const engine = openStreamEngine({ ...common, blobs, kms: keys, wrapper, sleep: systemSleep, tickMs: 10 });
  t.after(async () => {
    await engine.close();
    await buckets.close();
    await blobs.close();
  });
  const rights = { access, bucketRuleOf: bucketRulesOf(records) };
  const services = [
    openIamService({ records, sealer, changed: access.forget }),
    openKmsService({ records, keys }),
    openS3Service({ ...common, blobs, keys }),
    ...openStreamsServices({ ...common, engine, buckets }),
    openTranscoderService({ ...common, buckets, rights, limits: { pipelines: 1000 } }),
  ];
  return { services, engine };
}
