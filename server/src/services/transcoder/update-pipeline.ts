import type { UpdatePipelineRequest, UpdatePipelineResponse } from "@aws-sdk/client-elastic-transcoder";
import { changePipeline } from "../../storage/records/pipelines.ts";
import type { Operation, With } from "../operation.ts";
import type { Answer } from "../operations-of.ts";
import { arnOf, homeOf, type TranscoderContext } from "./context.ts";
import { notFound } from "./errors.ts";
import { pipelineAnswer, pipelineWarnings } from "./pipeline-answer.ts";
import { checkRole, passing } from "./pipeline-role.ts";
import { changedPipelineDocument } from "./rules/pipeline.ts";

/** Jobs that have not begun run with the new settings; nothing is ever too busy for a change. */
export const updatePipeline: Operation<
  With<UpdatePipelineRequest, "Id">,
  Answer<UpdatePipelineResponse>,
  TranscoderContext
> = {
  authorize: ({ Id, Role }, ctx) => [
    { action: "elastictranscoder:UpdatePipeline", resource: arnOf(ctx, "pipeline", Id) },
    ...(Role ? [passing(Role)] : []),
  ],

  async run(input, ctx) {
    const change = (document: Parameters<typeof changedPipelineDocument>[0]) =>
      changedPipelineDocument(document, input);
    if (input.Role) await checkRole(input.Role, ctx);
    const pipeline = await changePipeline(ctx.records.db, homeOf(ctx), input.Id, change);
    if (pipeline === undefined) throw notFound(ctx, "pipeline", input.Id);
    return { Pipeline: pipelineAnswer(pipeline, ctx), Warnings: pipelineWarnings(pipeline) };
  },
};
