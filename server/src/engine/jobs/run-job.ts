/**
 * One attempt at one job, from its claim to its end.
 *
 * prepare → FFmpeg → stage → one update that promises what lies where → publish → clear away → the end, in one update.
 * A crash before the promise loses the attempt and nothing else; after it, the next attempt only publishes. Whoever has
 * lost the lease learns it from the next update, and its work stays under temporary keys that are swept.
 */
import { isPublishing } from "../../storage/records/job-document.ts";
import {
  type ClaimedJob,
  endLease,
  finishJob,
  leaseState,
  postponeJob,
  releaseJob,
} from "../../storage/records/job-queue.ts";
import { findJob } from "../../storage/records/jobs.ts";
import { Attempt, Draining, type JobContext, LeaseLost } from "./attempt.ts";
import { dependencyFailed, statusDetail, triedTooOften } from "./failures.ts";
import { endStatus, hasFailedMember, withOutput, withPlaylist, withRestFailed } from "./job-states.ts";
import { makeOutputs } from "./make-outputs.ts";
import { publish, removeTemporary } from "./publish.ts";

const flushMs = 1000;

/** Never throws: what goes wrong is in the job's row, its log, and ours. `signal` aborts with `LeaseLost` or `Draining`. */
export async function runJob(job: ClaimedJob, context: JobContext, signal: AbortSignal): Promise<void> {
  const attempt = new Attempt(job, context, signal);
  const { jobId, owner, attempt: number } = attempt.job.lease;
  attempt.log.line(`# attempt ${number} by ${owner} at ${new Date(attempt.context.clock()).toISOString()}`);
  let flushing: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    flushing = flushing.then(() => attempt.flush());
  }, flushMs);
  try {
    if (attempt.job.status === "Progressing") await work(attempt);
    else await clearEnded(attempt);
  } catch (error) {
    await giveUp(attempt, error).catch((cause) => {
      // The lease passes by itself, and the next attempt clears away.
      attempt.context.log.error({ jobId, attempt: number, err: cause }, "a job could not be given back");
    });
  } finally {
    clearInterval(timer);
    await flushing;
    await attempt.flush();
  }
}

async function work(attempt: Attempt): Promise<void> {
  const { attempt: number } = attempt.job.lease;
  if (attempt.maxAttempts < number) {
    const { random } = attempt.context;
    attempt.document = withRestFailed(attempt.document, () => statusDetail(triedTooOften(number - 1), random));
  } else if (isPublishing(attempt.document)) {
    attempt.promised = true;
    attempt.log.line("# an earlier attempt had finished all but the publication");
  } else {
    await makeOutputs(attempt);
  }
  await publishAll(attempt);
  await end(attempt);
}

/** Outputs in their order, then playlists: the row says of each that it is Complete once all its files are there. */
async function publishAll(attempt: Attempt): Promise<void> {
  const { buckets } = attempt.context;
  const { outputs, playlists } = attempt.document;
  const publishOptions = { signal: attempt.signal, canRepeat: attempt.canRepeat };
  for (const [at, { Id, Status, publishing }] of outputs.entries()) {
    if (Status !== "Progressing" || !publishing) continue;
    const failure = await publish(buckets, publishing, publishOptions);
    if (failure !== undefined) attempt.failOutput(Id, failure);
    else attempt.document = withOutput(attempt.document, Id, { Status: "Complete", publishing: null });
    // The last one ends together with its job.
    if (at < outputs.length - 1 || 0 < playlists.length) await attempt.save(attempt.document);
  }
  for (const playlist of playlists) {
    if (playlist.Status !== "Progressing") continue;
    if (hasFailedMember(attempt.document, playlist) || !playlist.publishing) {
      attempt.failPlaylist(playlist.Name, dependencyFailed);
      continue;
    }
    const failure = await publish(buckets, playlist.publishing, publishOptions);
    if (failure !== undefined) attempt.failPlaylist(playlist.Name, failure);
    else attempt.document = withPlaylist(attempt.document, playlist.Name, { Status: "Complete", publishing: null });
  }
}

async function end(attempt: Attempt): Promise<void> {
  const { records, buckets, clock, log } = attempt.context;
  const { lease } = attempt.job;
  const { stagedIn, ...document } = attempt.document;
  await removeTemporary(buckets, stagedIn ?? [], lease.jobId, lease.attempt);
  const status = endStatus(document);
  const complete = document.outputs.filter(({ Status }) => Status === "Complete").map(({ Id }) => Id);
  const progress = attempt.progress.done(complete);
  const end = { status, at: clock(), document, progress };
  attempt.log.line(`# ${status}`);
  await attempt.flush();
  await attempt.commit(() => finishJob(records.db, lease, end));
  log.info({ jobId: lease.jobId, attempt: lease.attempt, status }, "job ended");
  await records.notify("jobs", lease.jobId);
}

/** Whatever the reason, nothing of this attempt stays behind but what the row promises. */
async function giveUp(attempt: Attempt, error: unknown): Promise<void> {
  const { records, buckets, clock, log } = attempt.context;
  const { lease } = attempt.job;
  const { jobId, attempt: number } = lease;
  const drained = attempt.signal.aborted && attempt.signal.reason instanceof Draining;
  const lost = error instanceof LeaseLost || (attempt.signal.aborted && attempt.signal.reason instanceof LeaseLost);
  if (!drained && !lost) {
    log.error({ jobId, attempt: number, err: error }, "an attempt at a job failed and will be repeated");
    attempt.log.line(`# the attempt failed: ${error instanceof Error ? error.stack : error}`);
  }
  if ((await leaseState(records.db, lease)) === "ended") return clearEnded(attempt);
  if (!attempt.promised || (lost && !(await isAnyPromised(attempt)))) {
    await removeTemporary(buckets, attempt.document.stagedIn ?? [], jobId, number);
  }
  if (lost) {
    attempt.log.line("# the lease was lost: another worker has the job");
  } else if (drained) {
    attempt.log.line("# handed back: the worker stops");
    await releaseJob(records.db, lease);
    await records.notify("jobs", jobId);
  } else {
    await postponeJob(records.db, lease, clock() + Math.min(1000 * 4 ** (number - 1), 300_000));
  }
}

/** Of a job that is another worker's by now: whether it may still move what was staged here. */
async function isAnyPromised(attempt: Attempt): Promise<boolean> {
  const { lease, account, region } = attempt.job;
  const job = await findJob(attempt.context.records.db, { account, region }, lease.jobId);
  return job !== undefined && isPublishing(job.document);
}

/** A cancelled job's files are nobody's. */
async function clearEnded(attempt: Attempt): Promise<void> {
  const { records, buckets, limits, log } = attempt.context;
  const { lease } = attempt.job;
  try {
    await removeTemporary(buckets, attempt.document.stagedIn ?? [], lease.jobId, Number.POSITIVE_INFINITY);
  } catch (error) {
    if (lease.attempt < 3 * limits.maxAttempts) throw error;
    log.warn({ jobId: lease.jobId, err: error }, "temporary keys of a cancelled job could not be deleted");
  }
  attempt.log.line("# cancelled");
  await endLease(records.db, lease);
}
