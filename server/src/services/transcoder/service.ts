/**
 * Elastic Transcoder, API version 2012-09-25. docs/elastic-transcoder.md tells callers the same at more length.
 *
 * Gaps, each refused by name: stitching, HLSv4, MPEG-DASH and Smooth playlists, captions, album art, PlayReady DRM
 * (rules/not-done-yet.ts), notifications (rules/pipeline.ts). Pipelines' permissions are kept with a warning.
 *
 * By design: buckets are looked for when a job runs; a preset in use may be deleted; ReadJobLog,
 * `Job.Millrace`, `CancelJob?force=true` and watermarks of text are ours.
 */
import type { ElasticTranscoder, ElasticTranscoderClient } from "@aws-sdk/client-elastic-transcoder";
import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { Random } from "../../base/random.ts";
import type { RoleRightsOptions } from "../../engine/jobs/role-rights.ts";
import type { BucketStore } from "../../storage/buckets/bucket-store.ts";
import type { Records } from "../../storage/records/records.ts";
import type { Service } from "../operation.ts";
import type { OperationsOf } from "../operations-of.ts";
import { cancelJob } from "./cancel-job.ts";
import { transcoderConstraints } from "./constraints.ts";
import { defaultLimits, idMaker, type TranscoderContext, type TranscoderLimits } from "./context.ts";
import { createJob } from "./create-job.ts";
import { createPipeline } from "./create-pipeline.ts";
import { createPreset } from "./create-preset.ts";
import { deletePipeline } from "./delete-pipeline.ts";
import { deletePreset } from "./delete-preset.ts";
import { listJobsByPipeline } from "./list-jobs-by-pipeline.ts";
import { listJobsByStatus } from "./list-jobs-by-status.ts";
import { listPipelines } from "./list-pipelines.ts";
import { listPresets } from "./list-presets.ts";
import { readJob } from "./read-job.ts";
import { readJobLog } from "./read-job-log.ts";
import { readPipeline } from "./read-pipeline.ts";
import { readPreset } from "./read-preset.ts";
import { withRequiredMembers } from "./required.ts";
import { testRole } from "./test-role.ts";
import { updatePipeline } from "./update-pipeline.ts";
import { updatePipelineNotifications } from "./update-pipeline-notifications.ts";
import { updatePipelineStatus } from "./update-pipeline-status.ts";

export const operations = {
  CancelJob: cancelJob,
  CreateJob: createJob,
  CreatePipeline: createPipeline,
  CreatePreset: createPreset,
  DeletePipeline: deletePipeline,
  DeletePreset: deletePreset,
  ListJobsByPipeline: listJobsByPipeline,
  ListJobsByStatus: listJobsByStatus,
  ListPipelines: listPipelines,
  ListPresets: listPresets,
  ReadJob: readJob,
  ReadPipeline: readPipeline,
  ReadPreset: readPreset,
  TestRole: testRole,
  UpdatePipeline: updatePipeline,
  UpdatePipelineNotifications: updatePipelineNotifications,
  UpdatePipelineStatus: updatePipelineStatus,
} satisfies OperationsOf<ElasticTranscoder, ElasticTranscoderClient, TranscoderContext>;

export type TranscoderOptions = {
  records: Records;
  buckets: BucketStore;
  /** How the roles of pipelines are judged. */
  rights: RoleRightsOptions;
  clock: Clock;
  random: Random;
  log: Log;
  /** What is not given is as the API had it. */
  limits?: Partial<TranscoderLimits>;
};

export function openTranscoderService(options: TranscoderOptions): Service<TranscoderContext> {
  const { records, buckets, rights, clock, random, log } = options;
  const limits: TranscoderLimits = { ...defaultLimits, ...definedOf(options.limits ?? {}) };
  return {
    model: "elastic-transcoder",
    context: { records, buckets, rights, log, limits, newId: idMaker(clock, random) },
    operations: withRequiredMembers({ ...operations, ReadJobLog: readJobLog }),
    notDone: {},
    constraints: transcoderConstraints(limits),
  };
}

function definedOf<Values extends object>(values: Values): Partial<Values> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<Values>;
}
