import type { UpdatePipelineStatusRequest, UpdatePipelineStatusResponse } from "@aws-sdk/client-elastic-transcoder";
import { setPipelineStatus } from "../../storage/records/pipelines.ts";
import type { Operation, With } from "../operation.ts";
import type { Answer } from "../operations-of.ts";
import { arnOf, homeOf, type TranscoderContext } from "./context.ts";
import { notFound } from "./errors.ts";
import { pipelineAnswer } from "./pipeline-answer.ts";

/** Pausing lets running jobs end and starts none; its use is to make room for CancelJob. */
export const updatePipelineStatus: Operation<
  With<UpdatePipelineStatusRequest, "Id" | "Status">,
  Answer<UpdatePipelineStatusResponse>,
  TranscoderContext
> = {
  authorize: ({ Id }, ctx) => ({
    action: "elastictranscoder:UpdatePipelineStatus",
    resource: arnOf(ctx, "pipeline", Id),
  }),

  async run({ Id, Status }, ctx) {
    const pipeline = await setPipelineStatus(ctx.records.db, homeOf(ctx), Id, Status as "Active" | "Paused");
    if (pipeline === undefined) throw notFound(ctx, "pipeline", Id);
    // Workers that had nothing to do may have now.
    await ctx.records.notify("jobs");
    return { Pipeline: pipelineAnswer(pipeline, ctx) };
  },
};
