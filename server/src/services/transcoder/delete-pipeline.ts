import type { DeletePipelineRequest, DeletePipelineResponse } from "@aws-sdk/client-elastic-transcoder";
import { inTurn } from "../../storage/records/in-turn.ts";
import { deletePipeline as deleteRow } from "../../storage/records/pipelines.ts";
import type { Operation, With } from "../operation.ts";
import { arnOf, homeOf, type TranscoderContext, turnOf } from "./context.ts";
import { notFound, pipelineInUse } from "./errors.ts";

/** Its jobs that have ended stay readable. */
export const deletePipeline: Operation<
  With<DeletePipelineRequest, "Id">,
  DeletePipelineResponse & { Success: "true" },
  TranscoderContext
> = {
  authorize: ({ Id }, ctx) => ({ action: "elastictranscoder:DeletePipeline", resource: arnOf(ctx, "pipeline", Id) }),

  async run({ Id }, ctx) {
    const deleted = await inTurn(ctx.records, turnOf(ctx, "jobs", Id), (db) => deleteRow(db, homeOf(ctx), Id));
    if (deleted === "missing") throw notFound(ctx, "pipeline", Id);
    if (deleted === "busy") throw pipelineInUse(ctx, Id);
    return { Success: "true" };
  },
};
