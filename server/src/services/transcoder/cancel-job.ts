import type { CancelJobRequest, CancelJobResponse } from "@aws-sdk/client-elastic-transcoder";
import { cancelJob as cancelRow } from "../../storage/records/jobs.ts";
import type { Operation, With } from "../operation.ts";
import { arnOf, homeOf, type TranscoderContext } from "./context.ts";
import { jobInUse, notFound } from "./errors.ts";

/**
 * Only a Submitted job can be cancelled, as callers know it. `?force=true`, which no SDK sends, also ends a running one:
 * its worker stops within a second.
 */
export const cancelJob: Operation<
  With<CancelJobRequest, "Id">,
  CancelJobResponse & { Success: "true" },
  TranscoderContext
> = {
  authorize: ({ Id }, ctx) => ({ action: "elastictranscoder:CancelJob", resource: arnOf(ctx, "job", Id) }),

  async run({ Id }, ctx) {
    const force = ctx.query("force") === "true";
    const canceled = await cancelRow(ctx.records.db, homeOf(ctx), Id, ctx.clock(), force);
    if (canceled === "missing") throw notFound(ctx, "job", Id);
    if (canceled === "busy") throw jobInUse(ctx, Id);
    if (force) await ctx.records.notify("jobs", Id);
    return { Success: "true" };
  },
};
