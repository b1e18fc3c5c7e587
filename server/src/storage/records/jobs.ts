/**
 * Jobs as the API sees them: made, read, listed, cancelled. Not here: claiming and running them (job-queue.ts).
 */
import type { Kysely } from "kysely";
import { isPublishing, type JobDocument, type JobProgress } from "./job-document.ts";
import type { Home, Page } from "./listing.ts";
import type { JobRow, JobStatus, Tables } from "./tables.ts";

export type Job = Omit<JobRow, "document" | "progress"> & { document: JobDocument; progress: JobProgress | null };

export type NewJob = { id: string; pipelineId: string; submittedAt: number; document: JobDocument };

/** "limit": as many jobs of the pipeline wait as may. For a transaction in turn with deletePipeline. */
export async function insertJob(
  db: Kysely<Tables>,
  home: Home,
  { id, pipelineId, submittedAt, document }: NewJob,
  backlogLimit: number,
): Promise<Job | "limit" | "no-pipeline"> {
  const pipeline = await db
    .selectFrom("pipelines")
    .select("id")
    .where("account", "=", home.account)
    .where("region", "=", home.region)
    .where("id", "=", pipelineId)
    .executeTakeFirst();
  if (pipeline === undefined) return "no-pipeline";
  const atLimit = await db
    .selectFrom("jobs")
    .select("id")
    .where("pipeline_id", "=", pipelineId)
    .where("status", "=", "Submitted")
    .limit(1)
    .offset(backlogLimit - 1)
    .executeTakeFirst();
  if (atLimit !== undefined) return "limit";
  const job: Job = {
    id,
    ...home,
    pipeline_id: pipelineId,
    status: "Submitted",
    submitted_at: submittedAt,
    started_at: null,
    finished_at: null,
    lease_owner: null,
    lease_until: null,
    attempt: 0,
    document,
    progress: null,
  };
  await db
    .insertInto("jobs")
    .values({ ...job, document: JSON.stringify(document), progress: null })
    .execute();
  return job;
}

export async function findJob(db: Kysely<Tables>, home: Home, id: string): Promise<Job | undefined> {
  const row = await rowOf(db, home, id);
  return row && jobOf(row);
}

/** Jobs of one pipeline or in one state, made since `sinceMs`. */
export async function listJobs(
  db: Kysely<Tables>,
  home: Home,
  of: { pipelineId: string } | { status: JobStatus },
  sinceMs: number,
  page: Page,
): Promise<Job[]> {
  const rows = await db
    .selectFrom("jobs")
    .selectAll()
    .where("account", "=", home.account)
    .where("region", "=", home.region)
    .where("status" in of ? "status" : "pipeline_id", "=", "status" in of ? of.status : of.pipelineId)
    // Ids begin with 13 digits of milliseconds, so that one index serves the place, the age and the order.
    .where("id", ">=", String(sinceMs).padStart(13, "0"))
    .$if(page.after !== undefined, (query) => query.where("id", page.ascending ? ">" : "<", page.after!))
    .orderBy("id", page.ascending ? "asc" : "desc")
    .limit(page.limit)
    .execute();
  return rows.map(jobOf);
}

/**
 * Ends a job before its time; `running` allows it where a worker has it already (who then sees that it lost the job), until
 * its files begin to get their keys: half of them would stay.
 * One conditional update decides against a worker that claims or finishes the job in the same instant.
 */
export async function cancelJob(
  db: Kysely<Tables>,
  home: Home,
  id: string,
  at: number,
  running: boolean,
): Promise<"canceled" | "busy" | "missing"> {
  for (;;) {
    const row = await rowOf(db, home, id);
    if (row === undefined) return "missing";
    const document: JobDocument = JSON.parse(row.document);
    const canEnd = running && row.status === "Progressing" && !isPublishing(document);
    if (row.status !== "Submitted" && !canEnd) return "busy";
    const { numUpdatedRows } = await db
      .updateTable("jobs")
      .set({
        status: "Canceled",
        finished_at: at,
        document: JSON.stringify(canceledDocument(document)),
      })
      .where("id", "=", id)
      .where("status", "=", row.status)
      .where("document", "=", row.document)
      .executeTakeFirst();
    if (numUpdatedRows === 1n) return "canceled";
  }
}

/** What had ended stays as it is. */
function canceledDocument(document: JobDocument): JobDocument {
  const canceled = <Part extends { Status: JobStatus }>(part: Part): Part =>
    part.Status === "Submitted" || part.Status === "Progressing" ? { ...part, Status: "Canceled" } : part;
  return { ...document, outputs: document.outputs.map(canceled), playlists: document.playlists.map(canceled) };
}

function rowOf(db: Kysely<Tables>, home: Home, id: string): Promise<JobRow | undefined> {
  return db
    .selectFrom("jobs")
    .selectAll()
    .where("account", "=", home.account)
    .where("region", "=", home.region)
    .where("id", "=", id)
    .executeTakeFirst();
}

function jobOf(row: JobRow): Job {
  return { ...row, document: JSON.parse(row.document), progress: row.progress ? JSON.parse(row.progress) : null };
}
