import type {
  UpdatePipelineNotificationsRequest,
  UpdatePipelineNotificationsResponse,
} from "@aws-sdk/client-elastic-transcoder";
import { changePipeline } from "../../storage/records/pipelines.ts";
import type { Operation, With } from "../operation.ts";
import type { Answer } from "../operations-of.ts";
import { arnOf, homeOf, type TranscoderContext } from "./context.ts";
import { notFound } from "./errors.ts";
import { pipelineAnswer } from "./pipeline-answer.ts";
import { changedTopics } from "./rules/pipeline.ts";

export const updatePipelineNotifications: Operation<
  With<UpdatePipelineNotificationsRequest, "Id" | "Notifications">,
  Answer<UpdatePipelineNotificationsResponse>,
  TranscoderContext
> = {
  authorize: ({ Id }, ctx) => ({
    action: "elastictranscoder:UpdatePipelineNotifications",
    resource: arnOf(ctx, "pipeline", Id),
  }),

  async run({ Id, Notifications }, ctx) {
    const pipeline = await changePipeline(ctx.records.db, homeOf(ctx), Id, (document) => ({
      ...document,
      Notifications: changedTopics(document.Notifications, Notifications),
    }));
    if (pipeline === undefined) throw notFound(ctx, "pipeline", Id);
    return { Pipeline: pipelineAnswer(pipeline, ctx) };
  },
};
