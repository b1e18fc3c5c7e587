import { readJobLog as readLog } from "../../storage/records/job-logs.ts";
import { findJob } from "../../storage/records/jobs.ts";
import type { Operation } from "../operation.ts";
import { arnOf, homeOf, type TranscoderContext } from "./context.ts";
import { notFound } from "./errors.ts";

/** Ours beside the API's: what each attempt ran and what FFmpeg said. Who may read a job may read its log. */
export const readJobLog: Operation<{ Id: string }, { Log: string }, TranscoderContext> = {
  authorize: ({ Id }, ctx) => ({ action: "elastictranscoder:ReadJob", resource: arnOf(ctx, "job", Id) }),

  async run({ Id }, ctx) {
    if ((await findJob(ctx.records.db, homeOf(ctx), Id)) === undefined) throw notFound(ctx, "job", Id);
    return { Log: await readLog(ctx.records.db, Id) };
  },
};
