/**
 * What both lists of jobs share: pages, and how far back they reach.
 */
import type { Job as WireJob } from "@aws-sdk/client-elastic-transcoder";
import { listJobs } from "../../storage/records/jobs.ts";
import type { Answer } from "../operations-of.ts";
import { type Call, homeOf } from "./context.ts";
import { jobAnswer } from "./job-answer.ts";
import { readPage } from "./paging.ts";

/** Older jobs can still be read by their id. */
const monthsListed = 6;

export async function jobPage(
  of: Parameters<typeof listJobs>[2],
  asked: { Ascending?: string | undefined; PageToken?: string | undefined },
  ctx: Call,
): Promise<{ Jobs: Answer<WireJob>[]; NextPageToken: string | null }> {
  const since = new Date(ctx.clock());
  since.setUTCMonth(since.getUTCMonth() - monthsListed);
  const page = await readPage(asked, (page) => listJobs(ctx.records.db, homeOf(ctx), of, since.getTime(), page));
  return { Jobs: page.items.map((job) => jobAnswer(job, ctx)), NextPageToken: page.NextPageToken };
}
