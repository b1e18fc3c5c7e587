import type { ListPipelinesRequest, ListPipelinesResponse } from "@aws-sdk/client-elastic-transcoder";
import { listPipelines as readPipelines } from "../../storage/records/pipelines.ts";
import type { Operation } from "../operation.ts";
import type { Answer } from "../operations-of.ts";
import { homeOf, type TranscoderContext } from "./context.ts";
import { readPage } from "./paging.ts";
import { pipelineAnswer } from "./pipeline-answer.ts";

export const listPipelines: Operation<ListPipelinesRequest, Answer<ListPipelinesResponse>, TranscoderContext> = {
  authorize: () => ({ action: "elastictranscoder:ListPipelines", resource: "*" }),

  async run(input, ctx) {
    const page = await readPage(input, (page) => readPipelines(ctx.records.db, homeOf(ctx), page));
    return {
      Pipelines: page.items.map((pipeline) => pipelineAnswer(pipeline, ctx)),
      NextPageToken: page.NextPageToken,
    };
  },
};
