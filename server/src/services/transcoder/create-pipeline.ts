import type { CreatePipelineRequest, CreatePipelineResponse } from "@aws-sdk/client-elastic-transcoder";
import { inTurn } from "../../storage/records/in-turn.ts";
import { insertPipeline, type Pipeline } from "../../storage/records/pipelines.ts";
import type { Operation, With } from "../operation.ts";
import type { Answer } from "../operations-of.ts";
import { arnOf, homeOf, type TranscoderContext, turnOf } from "./context.ts";
import { tooMany } from "./errors.ts";
import { pipelineAnswer, pipelineWarnings } from "./pipeline-answer.ts";
import { checkRole, passing } from "./pipeline-role.ts";
import { newPipelineDocument } from "./rules/pipeline.ts";

/** Buckets need not exist yet: a job that finds one missing says so (3005). */
export const createPipeline: Operation<
  With<CreatePipelineRequest, "Name" | "InputBucket" | "Role">,
  Answer<CreatePipelineResponse>,
  TranscoderContext
> = {
  authorize: ({ Role }, ctx) => [
    { action: "elastictranscoder:CreatePipeline", resource: arnOf(ctx, "pipeline", "*") },
    passing(Role),
  ],

  async run(input, ctx) {
    const document = newPipelineDocument(input);
    await checkRole(input.Role, ctx);
    const pipeline: Pipeline = { id: ctx.newId(), status: "Active", document };
    const limit = ctx.limits.pipelines;
    const made = await inTurn(ctx.records, turnOf(ctx, "pipelines"), (db) =>
      insertPipeline(db, homeOf(ctx), pipeline, limit),
    );
    if (made === "limit") throw tooMany(ctx, "pipelines", limit);
    return { Pipeline: pipelineAnswer(pipeline, ctx), Warnings: pipelineWarnings(pipeline) };
  },
};
