import type { ReadPipelineRequest, ReadPipelineResponse } from "@aws-sdk/client-elastic-transcoder";
import { findPipeline } from "../../storage/records/pipelines.ts";
import type { Operation, With } from "../operation.ts";
import type { Answer } from "../operations-of.ts";
import { arnOf, homeOf, type TranscoderContext } from "./context.ts";
import { notFound } from "./errors.ts";
import { pipelineAnswer, pipelineWarnings } from "./pipeline-answer.ts";

export const readPipeline: Operation<
  With<ReadPipelineRequest, "Id">,
  Answer<ReadPipelineResponse>,
  TranscoderContext
> = {
  authorize: ({ Id }, ctx) => ({ action: "elastictranscoder:ReadPipeline", resource: arnOf(ctx, "pipeline", Id) }),

  async run({ Id }, ctx) {
    const pipeline = await findPipeline(ctx.records.db, homeOf(ctx), Id);
    if (pipeline === undefined) throw notFound(ctx, "pipeline", Id);
    return { Pipeline: pipelineAnswer(pipeline, ctx), Warnings: pipelineWarnings(pipeline) };
  },
};
