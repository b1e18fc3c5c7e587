/**
 * Where everything is wired together: the only file that names an adapter.
 */
import { mkdir } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { systemClock, systemSleep } from "../base/clock.ts";
import { randomText } from "../base/ids.ts";
import { Lifetime } from "../base/lifetime.ts";
import type { Log } from "../base/log.ts";
import { systemRandom } from "../base/random.ts";
import { createSafeFetch } from "../base/safe-fetch.ts";
import { createEdge } from "../edge/edge.ts";
import { type Listener, openListener } from "../edge/listener.ts";
import { type Access, openAccess } from "../engine/access/access.ts";
import { bucketRulesOf } from "../engine/jobs/bucket-rules.ts";
import { startWorker, type WorkerOptions } from "../engine/jobs/worker.ts";
import { startBlobSweeper } from "../engine/retention/blob-sweeper.ts";
import { startKeySweeper } from "../engine/retention/key-sweeper.ts";
import { openStreamEngine, type StreamEngine } from "../engine/stream-engine.ts";
import { ensureDefaultRole } from "../services/iam/default-role.ts";
import { once, type ServiceSource, sourceOf } from "../services/service-source.ts";
import { isPlaybackPath } from "../services/streams/playback-path.ts";
import type { BlobStore } from "../storage/blobs/blob-store.ts";
import { openFsBlobs } from "../storage/blobs/fs-store.ts";
import type { BucketStore } from "../storage/buckets/bucket-store.ts";
import { openBuiltInBuckets } from "../storage/buckets/built-in-buckets.ts";
import type { KeyStore } from "../storage/keys/key-store.ts";
import type { KeyWrapper } from "../storage/keys/key-wrapper.ts";
import { type KmsStore, openKmsStore } from "../storage/keys/kms-store.ts";
import type { Records } from "../storage/records/records.ts";
import { openAuditLog } from "./audit/audit-log.ts";
import { parseBlobsUrl } from "./blobs-url.ts";
import { health } from "./health.ts";
import { type Identity, openIdentity } from "./identity.ts";
import { openRecords } from "./open-records.ts";
import { type Config, UsageError } from "./options.ts";
import { openCertificates, refuseOpenHttp } from "./tls/open-certificates.ts";
import { openWrapper } from "./wrapper.ts";

export type Millrace = {
  /** `undefined` in a process that only works. */
  listener: Listener | undefined;
  rootKey: { id: string; secret: string } | undefined;
  /** Stops taking calls and claiming jobs, ends what runs, then lets go of the stores. */
  close(): Promise<void>;
};

const clock = systemClock;
const random = systemRandom;

/** Opens what `serve` and `worker` share and starts the parts that the role asks for. */
export async function openMillrace(config: Config, role: "all" | "api" | "worker", log: Log): Promise<Millrace> {
  // Bodies pass in chunks outside V8's heap, which still count: with its own measure it would mark the whole small heap
  // after every dozen megabytes, which costs more than storing them.
  setFlagsFromString("--heap-growing-percent=300");
  if (role !== "worker") refuseOpenHttp(config);
  const lifetime = new Lifetime();
  try {
    await mkdir(config.data, { recursive: true, mode: 0o700 });
    const records = lifetime.own(await openRecords(config, log));
    const access = openAccess({ records, clock, log });
    const blobs = lifetime.own(await openBlobs(config));
    const wrapper = await openWrapper(config, records);
    const keys = openKmsStore({ records, wrapper, clock, random });
    const buckets = lifetime.own(await openBuckets(config, records, blobs, keys));
    const rights = {
      access,
      bucketRuleOf: config.buckets === undefined ? bucketRulesOf(records) : async () => undefined,
    };
    if (role !== "api") lifetime.own(await startJobs(config, { records, buckets, rights, keys }, log));
    if (role === "worker") return { listener: undefined, rootKey: undefined, close: () => lifetime.close() };

    lifetime.own(startBlobSweeper({ records, blobs, clock, log, everyMs: 30_000 }));
    lifetime.own(startKeySweeper({ keys, log, everyMs: 30_000 }));
    const streams = lifetime.own(openStreams(config, records, blobs, keys, wrapper, log));
    const fetch = createSafeFetch({ allow: config["allow-callbacks"] });
    const identity = lifetime.own(await openIdentity(config, { records, wrapper, access, fetch, clock, random, log }));
    const { rootKey } = identity;
    await ensureDefaultRole(records, config.account, clock, random);
    const services = servicesOf(config, { records, blobs, buckets, keys, rights, streams, identity, access }, log);
    const audit =
      config.audit === "off"
        ? undefined
        : lifetime.own(
            await openAuditLog({
              folder: join(config.data, "audit"),
              days: config["audit-days"],
              accountId: config.account,
              clock,
              random,
              log,
            }),
          );
    const handler = createEdge({
      services,
      credentials: identity.credentials,
      authorizer: access,
      clock,
      random,
      log,
      s3BaseDomains: config["s3-domain"].split(",").filter(Boolean),
      extra: health(records),
      onCall: audit && ((call) => audit.record(call)),
    });
    const { host, port } = parseAddress(config.listen);
    const certificates = await openCertificates(config, { records, wrapper, clock, random, log });
    if (certificates !== undefined) lifetime.own(certificates);
    const limits = { perClient: config["max-connections-per-client"] };
    const listener = lifetime.own(await openListener({ handler, host, port, certificates, limits }));
    lifetime.own({ close: async () => streams.letGo() });
    return { listener, rootKey, close: () => lifetime.close() };
  } catch (error) {
    await lifetime.close().catch(() => {});
    throw error;
  }
}

type ServiceParts = {
  records: Records;
  blobs: BlobStore;
  buckets: BucketStore;
  keys: KmsStore;
  rights: WorkerOptions["rights"];
  streams: StreamEngine;
  identity: Identity;
  access: Access;
};

function servicesOf(
  config: Config,
  { records, blobs, buckets, keys, rights, streams, identity, access }: ServiceParts,
  log: Log,
): ServiceSource[] {
  const common = { records, clock, random, log };
  const streamsServices = once(async () => {
    const { openStreamsServices } = await import("../services/streams/service.ts");
    const services = openStreamsServices({
      ...common,
      limits: { streams: config["max-streams"] },
      publicUrl: config["public-url"],
      engine: streams,
      ffmpegPath: config.ffmpeg,
      buckets,
      // Until there are topics to publish to.
      onNotification: (notification) => log.info(notification, "a marked fragment is stored"),
    });
    return new Map(services.map((service) => [service.model, service]));
  });
  const streamsService = (model: string) =>
    sourceOf(
      model,
      async () => (await streamsServices()).get(model)!,
      model.endsWith("archived-media") ? isPlaybackPath : undefined,
    );
  const limits = {
    pipelines: config["max-pipelines"],
    presets: config["max-presets"],
    backlog: config["max-backlog"],
    outputs: config["max-outputs"],
    playlists: config["max-playlists"],
  };
  const s3 = sourceOf("s3", async () => {
    const { openS3Service } = await import("../services/s3/service.ts");
    return openS3Service({ ...common, blobs, keys });
  });
  return [
    sourceOf("elastic-transcoder", async () => {
      const { openTranscoderService } = await import("../services/transcoder/service.ts");
      return openTranscoderService({ ...common, buckets, rights, limits });
    }),
    streamsService("kinesis-video"),
    streamsService("kinesis-video-media"),
    streamsService("kinesis-video-archived-media"),
    streamsService("kinesis-video-signaling"),
    ...(config.buckets === undefined ? [s3] : []),
    sourceOf("sts", async () => identity.sts),
    sourceOf("kms", async () => {
      const { openKmsService } = await import("../services/kms/service.ts");
      return openKmsService({ records, keys });
    }),
    sourceOf("iam", async () => {
      const { openIamService } = await import("../services/iam/service.ts");
      return openIamService({ records, sealer: identity.sealer, changed: access.forget });
    }),
  ];
}

async function openBlobs(config: Config): Promise<BlobStore> {
  if (config.blobs === undefined) return openFsBlobs({ folder: join(config.data, "blobs"), random });
  const { openS3Blobs } = await import("../storage/blobs/s3-store.ts");
  return openS3Blobs(parseBlobsUrl(config.blobs, process.env));
}

async function openBuckets(config: Config, records: Records, blobs: BlobStore, keys: KeyStore): Promise<BucketStore> {
  if (config.buckets === undefined) return openBuiltInBuckets({ records, blobs, keys, clock, random });
  const { openExternalBuckets } = await import("../storage/buckets/external-buckets.ts");
  const accessKeyId = process.env.MILLRACE_BUCKETS_ACCESS_KEY_ID;
  const secretAccessKey = process.env.MILLRACE_BUCKETS_SECRET_ACCESS_KEY;
  const credentials = accessKeyId && secretAccessKey ? { accessKeyId, secretAccessKey } : undefined;
  return openExternalBuckets({ endpoint: config.buckets, region: config["buckets-region"], credentials });
}

function openStreams(config: Config, records: Records, blobs: BlobStore, kms: KeyStore, wrapper: KeyWrapper, log: Log) {
  // Each pack costs a round trip: one to an S3 is worth waiting for more company.
  const tickMs = config.blobs === undefined ? 10 : 200;
  return openStreamEngine({ records, blobs, kms, wrapper, clock, sleep: systemSleep, random, log, tickMs });
}

function startJobs(config: Config, parts: Pick<WorkerOptions, "records" | "buckets" | "rights" | "keys">, log: Log) {
  return startWorker({
    ...parts,
    clock,
    random,
    log,
    workerId: `${hostname()}-${process.pid}-${randomText(random, 6)}`,
    concurrency: config.concurrency,
    pipelineConcurrency: config["pipeline-concurrency"],
    leaseMs: 15_000,
    scratchFolder: join(config.data, "scratch"),
    limits: { maxSeconds: config["job-seconds"], maxOutputBytes: config["job-bytes"] },
    ffmpegPath: config.ffmpeg,
    ffprobePath: config.ffprobe,
  });
}

/** `[::1]:4580` and `127.0.0.1:4580` to their parts. */
function parseAddress(address: string): { host: string; port: number } {
  const at = address.lastIndexOf(":");
  const port = Number(address.slice(at + 1));
  if (65535 < port) throw new UsageError(`--listen ${address}: a port is at most 65535`);
  return { host: address.slice(0, at).replace(/^\[|\]$/g, ""), port };
}
