import type { CreateJobRequest, CreateJobResponse } from "@aws-sdk/client-elastic-transcoder";
import { inTurn } from "../../storage/records/in-turn.ts";
import { insertJob } from "../../storage/records/jobs.ts";
import { findPipeline } from "../../storage/records/pipelines.ts";
import type { Operation, With } from "../operation.ts";
import type { Answer } from "../operations-of.ts";
import { arnOf, homeOf, type TranscoderContext, turnOf } from "./context.ts";
import { backlogFull, notFound, validationFailed } from "./errors.ts";
import { findPresets } from "./find-presets.ts";
import { jobAnswer } from "./job-answer.ts";
import { newJobDocument } from "./new-job-document.ts";
import { madeKeyProblems } from "./rules/encryption.ts";
import { checkJobRequest, checkJobWithPresets } from "./rules/job.ts";
import { refuseWhatIsNotDone } from "./rules/not-done-yet.ts";

/** The input is not looked for: a job that finds it missing says so (3001). A paused pipeline takes jobs too. */
export const createJob: Operation<
  With<CreateJobRequest, "PipelineId">,
  Answer<CreateJobResponse>,
  TranscoderContext
> = {
  authorize: ({ PipelineId, Output, Outputs }, ctx) => [
    { action: "elastictranscoder:CreateJob", resource: arnOf(ctx, "pipeline", PipelineId) },
    ...[Output, ...(Outputs ?? [])].flatMap((output) =>
      output?.PresetId
        ? [{ action: "elastictranscoder:CreateJob", resource: arnOf(ctx, "preset", output.PresetId) }]
        : [],
    ),
  ],

  async run(input, ctx) {
    const request = checkJobRequest(input);
    refuseWhatIsNotDone(request);
    const home = homeOf(ctx);
    const pipeline = await findPipeline(ctx.records.db, home, input.PipelineId);
    if (pipeline === undefined) throw notFound(ctx, "pipeline", input.PipelineId);
    const problems = madeKeyProblems(request, pipeline.document.AwsKmsKeyArn);
    if (0 < problems.length) throw validationFailed(problems.join(" "));
    const presets = await findPresets(
      request.outputs.map(({ PresetId }) => PresetId),
      ctx,
    );
    checkJobWithPresets(
      request,
      presets.map(({ document }) => document),
    );

    const id = ctx.newId();
    const job = {
      id,
      pipelineId: input.PipelineId,
      // Ids may run ahead of the clock by a few; a job is never submitted before its id was.
      submittedAt: Math.max(ctx.clock(), Number(id.slice(0, 13))),
      document: newJobDocument(request, presets),
    };
    const limit = ctx.limits.backlog;
    const made = await inTurn(ctx.records, turnOf(ctx, "jobs", input.PipelineId), (db) =>
      insertJob(db, home, job, limit),
    );
    if (made === "no-pipeline") throw notFound(ctx, "pipeline", input.PipelineId);
    if (made === "limit") throw backlogFull(ctx, limit);
    await ctx.records.notify("jobs");
    return { Job: jobAnswer(made, ctx) };
  },
};
