/**
 * What a job's attempts wrote: the exact command lines, FFmpeg's words, what was decided and why.
 *
 * Chunks of lines, in the order of `attempt` and `at`; who writes keeps `at` rising within an attempt.
 */
import type { Kysely } from "kysely";
import type { JobLogRow, Tables } from "./tables.ts";

export async function insertJobLog(db: Kysely<Tables>, row: JobLogRow): Promise<void> {
  await db.insertInto("job_logs").values(row).execute();
}

export async function deleteJobLog(
  db: Kysely<Tables>,
  { job_id, attempt, at }: Omit<JobLogRow, "text">,
): Promise<void> {
  await db
    .deleteFrom("job_logs")
    .where("job_id", "=", job_id)
    .where("attempt", "=", attempt)
    .where("at", "=", at)
    .execute();
}

/** Of all attempts, the earliest first; "" for a job that has not been tried. */
export async function readJobLog(db: Kysely<Tables>, jobId: string): Promise<string> {
  const rows = await db
    .selectFrom("job_logs")
    .select("text")
    .where("job_id", "=", jobId)
    .orderBy("attempt")
    .orderBy("at")
    .execute();
  return rows.map(({ text }) => text).join("");
}
