import type { ReadJobRequest, ReadJobResponse } from "@aws-sdk/client-elastic-transcoder";
import { findJob } from "../../storage/records/jobs.ts";
import type { Operation, With } from "../operation.ts";
import type { Answer } from "../operations-of.ts";
import { arnOf, homeOf, type TranscoderContext } from "./context.ts";
import { notFound } from "./errors.ts";
import { jobAnswer } from "./job-answer.ts";

export const readJob: Operation<With<ReadJobRequest, "Id">, Answer<ReadJobResponse>, TranscoderContext> = {
  authorize: ({ Id }, ctx) => ({ action: "elastictranscoder:ReadJob", resource: arnOf(ctx, "job", Id) }),

  async run({ Id }, ctx) {
    const job = await findJob(ctx.records.db, homeOf(ctx), Id);
    if (job === undefined) throw notFound(ctx, "job", Id);
    return { Job: jobAnswer(job, ctx) };
  },
};
