/**
 * What every operation of the transcoder is given beside its input, and the small things they all say.
 */
import type { Clock } from "../../base/clock.ts";
import { randomText } from "../../base/ids.ts";
import type { Log } from "../../base/log.ts";
import type { Random } from "../../base/random.ts";
import type { RoleRightsOptions } from "../../engine/jobs/role-rights.ts";
import type { BucketStore } from "../../storage/buckets/bucket-store.ts";
import type { Home } from "../../storage/records/listing.ts";
import type { Records } from "../../storage/records/records.ts";
import type { RequestContext } from "../operation.ts";

export type TranscoderLimits = {
  /** Per account and region. */
  pipelines: number;
  /** Custom ones, per account and region. */
  presets: number;
  /** Waiting jobs of one pipeline. */
  backlog: number;
  /** Of a job; a playlist may have as many. */
  outputs: number;
  playlists: number;
};

/** As the service had them. */
export const defaultLimits: TranscoderLimits = {
  pipelines: 4,
  presets: 50,
  backlog: 1_000_000,
  outputs: 30,
  playlists: 30,
};

export type TranscoderContext = {
  records: Records;
  buckets: BucketStore;
  /** How roles are judged. */
  rights: RoleRightsOptions;
  log: Log;
  limits: TranscoderLimits;
  newId: () => string;
};

export type Call = TranscoderContext & RequestContext;

export function homeOf({ accountId, region }: RequestContext): Home {
  return { account: accountId, region };
}

/** Names the changes that take turns: what is counted before one is added, and a pipeline's jobs with its own end. */
export function turnOf(ctx: RequestContext, kind: "pipelines" | "presets" | "jobs", pipelineId = ""): string {
  return `${kind}:${ctx.accountId}:${ctx.region}:${pipelineId}`;
}

/** `*` as `id` stands for all of the kind, in policies. */
export function arnOf(
  { accountId, region }: Pick<RequestContext, "accountId" | "region">,
  kind: "pipeline" | "job" | "preset",
  id: string,
): string {
  return `arn:aws:elastictranscoder:${region}:${accountId}:${kind}/${id}`;
}

/**
 * Ids are milliseconds and chance: `1412345678901-a1b2c3`. Those of one process rise with every call, also within a
 * millisecond and when the clock is set back, so that lists by id are lists by age.
 */
export function idMaker(clock: Clock, random: Random): () => string {
  let last = 0;
  return () => {
    last = Math.max(clock(), last + 1);
    return `${String(last).padStart(13, "0")}-${randomText(random, 6)}`;
  };
}
