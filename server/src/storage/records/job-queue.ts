/**
 * Jobs as workers see them: claimed under a lease, renewed, changed only by who holds it, and given back.
 *
 * A lease is a time in the row. When it has passed, the job is anyone's, whatever its state: a worker's death costs one
 * lease time, and what a cancelled job left behind is still cleared away. Every change here is one statement that asks
 * for the lease, so a worker that has lost it changes nothing. Workers' clocks must agree to well within a lease.
 */
import { type Kysely, type RawBuilder, sql } from "kysely";
import type { JobDocument, JobProgress } from "./job-document.ts";
import type { Records } from "./records.ts";
import type { JobRow, JobStatus, Tables } from "./tables.ts";

/** One claim of one job. The attempt tells two claims by the same worker apart. */
export type Lease = { jobId: string; owner: string; attempt: number };

export type ClaimedJob = {
  lease: Lease;
  account: string;
  region: string;
  pipelineId: string;
  /** `Progressing`, or a final state: then all that is left to do is to clear away and {@link endLease}. */
  status: JobStatus;
  document: JobDocument;
};

export type ClaimOptions = { owner: string; now: number; leaseMs: number; perPipeline: number };

/**
 * Takes the job whose turn it is: first one whose lease has passed, else the oldest of the active pipeline that runs
 * the fewest (and, among equals, was served the longest ago). `undefined`: none may start.
 *
 * Claims happen one at a time, because the limit per pipeline is a count that no row lock protects. Each is a few
 * index look-ups, whatever waits elsewhere.
 */
export async function claimJob(records: Records, options: ClaimOptions): Promise<ClaimedJob | undefined> {
  const postgres = records.engine === "postgres";
  const skipLocked = postgres ? sql`for update skip locked` : sql``;
  return records.transaction(async (db) => {
    // SQLite has one writer anyway.
    if (postgres) await sql`select pg_advisory_xact_lock(hashtext(current_schema() || '.jobs'))`.execute(db);
    const row = (await claimExpired(db, options, skipLocked)) ?? (await claimWaiting(db, options, skipLocked));
    if (row === undefined) return undefined;
    const job: ClaimedJob = {
      lease: { jobId: row.id, owner: options.owner, attempt: row.attempt },
      account: row.account,
      region: row.region,
      pipelineId: row.pipeline_id,
      status: row.status,
      document: JSON.parse(row.document),
    };
    if (job.status !== "Progressing") return job;
    const document = startedDocument(job.document);
    await saveJobDocument(db, job.lease, document);
    return { ...job, document };
  });
}

async function claimExpired(
  db: Kysely<Tables>,
  { owner, now, leaseMs }: ClaimOptions,
  skipLocked: RawBuilder<unknown>,
): Promise<JobRow | undefined> {
  const { rows } = await sql<JobRow>`
    update jobs
    set lease_owner = ${owner}, lease_until = ${now + leaseMs}, attempt = attempt + 1
    where id = (select id from jobs where lease_until <= ${now} order by lease_until limit 1 ${skipLocked})
    returning *`.execute(db);
  return rows[0];
}

async function claimWaiting(
  db: Kysely<Tables>,
  { owner, now, leaseMs, perPipeline }: ClaimOptions,
  skipLocked: RawBuilder<unknown>,
): Promise<JobRow | undefined> {
  const { rows } = await sql<JobRow>`
    update jobs
    set lease_owner = ${owner}, lease_until = ${now + leaseMs}, attempt = attempt + 1,
      status = 'Progressing', started_at = ${now}
    where id = (
      select id from jobs
      where status = 'Submitted' and pipeline_id = (
        select pipelines.id from pipelines
        where status = 'Active'
          and exists (select 1 from jobs where pipeline_id = pipelines.id and status = 'Submitted')
          and (select count(*) from jobs where pipeline_id = pipelines.id and status = 'Progressing') < ${perPipeline}
        order by
          (select count(*) from jobs where pipeline_id = pipelines.id and status = 'Progressing'),
          (select coalesce(max(started_at), 0) from jobs where pipeline_id = pipelines.id),
          pipelines.id
        limit 1
      )
      order by submitted_at, id limit 1 ${skipLocked}
    )
    returning *`.execute(db);
  return rows[0];
}

/** One decode feeds them all, so all start together. What has ended stays as it is. */
function startedDocument(document: JobDocument): JobDocument {
  const started = <Part extends { Status: JobStatus }>(part: Part): Part =>
    part.Status === "Submitted" ? { ...part, Status: "Progressing" } : part;
  return { ...document, outputs: document.outputs.map(started), playlists: document.playlists.map(started) };
}

export async function renewLeases(db: Kysely<Tables>, leases: readonly Lease[], until: number): Promise<void> {
  if (leases.length === 0) return;
  await db
    .updateTable("jobs")
    .set({ lease_until: until })
    .where("id", "in", jobIds(leases))
    .where("lease_owner", "=", leases[0]!.owner)
    .execute();
}

/** Those of one worker's `leases` that it still holds, of jobs that nobody has cancelled. */
export async function heldLeases(db: Kysely<Tables>, leases: readonly Lease[]): Promise<Lease[]> {
  if (leases.length === 0) return [];
  const rows = await db
    .selectFrom("jobs")
    .select(["id", "attempt"])
    .where("id", "in", jobIds(leases))
    .where("lease_owner", "=", leases[0]!.owner)
    .where("status", "=", "Progressing")
    .execute();
  return leases.filter(({ jobId, attempt }) => rows.some((row) => row.id === jobId && row.attempt === attempt));
}

/** "ended": still leased, but the job has come to its end meanwhile (it was cancelled). */
export async function leaseState(db: Kysely<Tables>, lease: Lease): Promise<"held" | "ended" | "lost"> {
  const row = await db
    .selectFrom("jobs")
    .select("status")
    .where("id", "=", lease.jobId)
    .where("lease_owner", "=", lease.owner)
    .where("attempt", "=", lease.attempt)
    .executeTakeFirst();
  if (row === undefined) return "lost";
  return row.status === "Progressing" ? "held" : "ended";
}

/** False: the lease is lost, or the job was cancelled, and nothing has changed. */
export async function saveJobDocument(db: Kysely<Tables>, lease: Lease, document: JobDocument): Promise<boolean> {
  return changed(db, lease, { document: JSON.stringify(document) }, "Progressing");
}

/** Leaves the document alone, so that it may be written often. */
export async function saveJobProgress(db: Kysely<Tables>, lease: Lease, progress: JobProgress): Promise<boolean> {
  return changed(db, lease, { progress: JSON.stringify(progress) }, "Progressing");
}

/** The job's end and the lease's. False as in {@link saveJobDocument}. */
export async function finishJob(
  db: Kysely<Tables>,
  lease: Lease,
  end: { status: "Complete" | "Error"; at: number; document: JobDocument; progress: JobProgress },
): Promise<boolean> {
  const set = {
    status: end.status,
    finished_at: end.at,
    document: JSON.stringify(end.document),
    progress: JSON.stringify(end.progress),
    lease_owner: null,
    lease_until: null,
  };
  return changed(db, lease, set, "Progressing");
}

/** Nothing is left to do for a job that has ended (a cancelled one). */
export async function endLease(db: Kysely<Tables>, lease: Lease): Promise<void> {
  await changed(db, lease, { lease_owner: null, lease_until: null });
}

/** The attempt failed: the job may be claimed again from `at` on. */
export async function postponeJob(db: Kysely<Tables>, lease: Lease, at: number): Promise<void> {
  await changed(db, lease, { lease_owner: null, lease_until: at });
}

/** The worker stops, the job goes on elsewhere: at once, and without counting this as an attempt. */
export async function releaseJob(db: Kysely<Tables>, lease: Lease): Promise<void> {
  await changed(db, lease, { lease_owner: null, lease_until: 0, attempt: lease.attempt - 1 });
}

/** For a worker that is known to be dead: no need to wait for its leases to pass. */
export async function expireLeases(db: Kysely<Tables>, owner: string): Promise<void> {
  await db
    .updateTable("jobs")
    .set({ lease_until: 0 })
    .where("lease_until", "is not", null)
    .where("lease_owner", "=", owner)
    .execute();
}

async function changed(db: Kysely<Tables>, lease: Lease, set: Partial<JobRow>, status?: JobStatus): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable("jobs")
    .set(set)
    .where("id", "=", lease.jobId)
    .where("lease_owner", "=", lease.owner)
    .where("attempt", "=", lease.attempt)
    .$if(status !== undefined, (query) => query.where("status", "=", status!))
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

function jobIds(leases: readonly Lease[]): string[] {
  return leases.map(({ jobId }) => jobId);
}
