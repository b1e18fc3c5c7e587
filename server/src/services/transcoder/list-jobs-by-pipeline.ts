import type { ListJobsByPipelineRequest, ListJobsByPipelineResponse } from "@aws-sdk/client-elastic-transcoder";
import { findPipeline } from "../../storage/records/pipelines.ts";
import type { Operation, With } from "../operation.ts";
import type { Answer } from "../operations-of.ts";
import { arnOf, homeOf, type TranscoderContext } from "./context.ts";
import { notFound } from "./errors.ts";
import { jobPage } from "./job-lists.ts";

export const listJobsByPipeline: Operation<
  With<ListJobsByPipelineRequest, "PipelineId">,
  Answer<ListJobsByPipelineResponse>,
  TranscoderContext
> = {
  authorize: ({ PipelineId }, ctx) => ({
    action: "elastictranscoder:ListJobsByPipeline",
    resource: arnOf(ctx, "pipeline", PipelineId),
  }),

  async run({ PipelineId, ...asked }, ctx) {
    if ((await findPipeline(ctx.records.db, homeOf(ctx), PipelineId)) === undefined) {
      throw notFound(ctx, "pipeline", PipelineId);
    }
    return jobPage({ pipelineId: PipelineId }, asked, ctx);
  },
};
