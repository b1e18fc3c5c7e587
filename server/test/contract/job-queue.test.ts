/** The queue of jobs, held to the same behaviour on both engines. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import type { JobDocument } from "../../src/storage/records/job-document.ts";
import {
  type ClaimedJob,
  claimJob,
  endLease,
  expireLeases,
  finishJob,
  heldLeases,
  type Lease,
  leaseState,
  postponeJob,
  releaseJob,
  renewLeases,
  saveJobDocument,
  saveJobProgress,
} from "../../src/storage/records/job-queue.ts";
import { cancelJob, insertJob } from "../../src/storage/records/jobs.ts";
import type { Records } from "../../src/storage/records/records.ts";
import { openSqliteRecords } from "../../src/storage/records/sqlite.ts";
import { openTemporaryPostgres, postgresMissing } from "../support/postgres.ts";

const home = { account: "000000000000", region: "us-east-1" };
const leaseMs = 1000;

type Opened = { records: Records; close(): Promise<void> };

const engines: Record<string, () => Promise<Opened>> = {
  async sqlite() {
    const folder = await mkdtemp(join(tmpdir(), "millrace-queue-"));
    const records = await openSqliteRecords({ path: join(folder, "millrace.db") });
    return {
      records,
      close: async () => {
        await records.close();
        await rm(folder, { recursive: true });
      },
    };
  },
  async postgres() {
    return openTemporaryPostgres();
  },
};

for (const [engine, open] of Object.entries(engines)) {
  describe(`job queue on ${engine}`, { skip: engine === "postgres" && postgresMissing }, () => {
    let opened: Opened;
    let records: Records;
    let now = 0;

    before(async () => {
      opened = await open();
      records = opened.records;
    });
    after(() => opened?.close());
    beforeEach(async () => {
      await records.db.deleteFrom("jobs").execute();
      await records.db.deleteFrom("pipelines").execute();
      now = 1_800_000_000_000;
    });

    const pipeline = (id: string, status: "Active" | "Paused" = "Active") =>
      records.db
        .insertInto("pipelines")
        .values({ id, ...home, status, document: "{}" })
        .execute();
    const job = async (id: string, pipelineId: string, submittedAt = now) => {
      await insertJob(records.db, home, { id, pipelineId, submittedAt, document: document() }, 1e6);
      return id;
    };
    const claim = async (owner = "worker", perPipeline = 100): Promise<ClaimedJob | undefined> =>
      claimJob(records, { owner, now: now++, leaseMs, perPipeline });
    const claimedIds = async (count: number, perPipeline?: number) => {
      const ids: (string | undefined)[] = [];
      for (let at = 0; at < count; at++) ids.push((await claim("worker", perPipeline))?.lease.jobId);
      return ids;
    };
    const rowOf = (id: string) =>
      records.db.selectFrom("jobs").selectAll().where("id", "=", id).executeTakeFirstOrThrow();
    const finish = (lease: Lease, status: "Complete" | "Error" = "Complete") =>
      finishJob(records.db, lease, { status, at: now, document: document(), progress: progress(100) });

    test("gives nothing when nothing waits", async () => {
      await pipeline("p");
      assert.equal(await claim(), undefined);
    });

    test("a claim starts the job and its outputs, and is seen by all", async () => {
      await pipeline("p");
      await job("a", "p");
      const at = now;
      const claimed = await claim("me");
      assert.deepEqual(claimed!.lease, { jobId: "a", owner: "me", attempt: 1 });
      assert.equal(claimed!.status, "Progressing");
      assert.equal(claimed!.pipelineId, "p");
      const row = await rowOf("a");
      assert.deepEqual(JSON.parse(row.document), claimed!.document);
      assert.deepEqual(
        claimed!.document.outputs.map(({ Status }) => Status),
        ["Progressing"],
      );
      assert.deepEqual([row.started_at, row.lease_owner, row.lease_until], [at, "me", at + leaseMs]);
      assert.equal(await claim(), undefined, "it cannot be claimed again");
    });

    test("many claimers at once take each job once", async () => {
      await pipeline("p");
      await pipeline("q");
      for (let at = 0; at < 40; at++) await job(`job-${at}`, at % 2 ? "p" : "q");
      const taken: string[] = [];
      const claimer = async (owner: string) => {
        for (let job = await claim(owner); job; job = await claim(owner)) taken.push(job.lease.jobId);
      };
      await Promise.all(Array.from({ length: 12 }, (_, at) => claimer(`worker-${at}`)));
      assert.equal(taken.length, 40);
      assert.equal(new Set(taken).size, 40);
    });

    test("many claimers at once keep to the limit of a pipeline", async () => {
      await pipeline("p");
      for (let at = 0; at < 20; at++) await job(`job-${at}`, "p");
      const claims = await Promise.all(Array.from({ length: 12 }, (_, at) => claim(`worker-${at}`, 3)));
      assert.equal(claims.filter(Boolean).length, 3);
    });

    test("serves the oldest of a pipeline first", async () => {
      await pipeline("p");
      for (const [id, at] of [
        ["b", 2],
        ["c", 3],
        ["a", 1],
      ] as const)
        await job(id, "p", at);
      assert.deepEqual(await claimedIds(4), ["a", "b", "c", undefined]);
    });

    test("serves the pipeline that runs the fewest, whatever waits in another", async () => {
      for (const id of ["crowded", "quiet"]) await pipeline(id);
      for (let at = 0; at < 5; at++) await job(`c${at}`, "crowded", at);
      for (let at = 0; at < 2; at++) await job(`q${at}`, "quiet", 100 + at);
      assert.deepEqual(await claimedIds(7), ["c0", "q0", "c1", "q1", "c2", "c3", "c4"]);
    });

    test("pipelines take turns when one job runs at a time", async () => {
      for (const id of ["p", "q", "r"]) await pipeline(id);
      for (const id of ["p", "q", "r"])
        for (let at = 0; at < 2; at++) await job(`${id}${at}`, id, id === "p" ? at : 100 + at);
      const served: string[] = [];
      for (let next = await claim(); next; next = await claim()) {
        served.push(next.lease.jobId);
        assert.ok(await finish(next.lease));
      }
      assert.deepEqual(served, ["p0", "q0", "r0", "p1", "q1", "r1"]);
    });

    test("never starts a job of a paused pipeline, but lets a started one end", async () => {
      await pipeline("p");
      await job("started", "p", 1);
      await job("waiting", "p", 2);
      await claim();
      await records.db.updateTable("pipelines").set({ status: "Paused" }).execute();
      assert.equal(await claim(), undefined);
      now += leaseMs;
      assert.deepEqual(await claimedIds(2), ["started", undefined]);
    });

    test("a lease that has passed is claimed again, and its holder changes nothing any more", async () => {
      await pipeline("p");
      await job("a", "p");
      const first = (await claim("one"))!;
      now += leaseMs;
      const second = (await claim("two"))!;
      assert.deepEqual(second.lease, { jobId: "a", owner: "two", attempt: 2 });
      const before = await rowOf("a");
      assert.equal(await saveJobDocument(records.db, first.lease, document("Error")), false);
      assert.equal(await saveJobProgress(records.db, first.lease, progress(50)), false);
      assert.equal(await finish(first.lease), false);
      await renewLeases(records.db, [first.lease], now + 9e9);
      await releaseJob(records.db, first.lease);
      await postponeJob(records.db, first.lease, 0);
      await endLease(records.db, first.lease);
      assert.deepEqual(await rowOf("a"), before);
      assert.equal(await leaseState(records.db, first.lease), "lost");
      assert.equal(await leaseState(records.db, second.lease), "held");
    });

    test("the same worker's earlier claim is another lease", async () => {
      await pipeline("p");
      await job("a", "p");
      const first = (await claim("me"))!;
      now += leaseMs;
      const second = (await claim("me"))!;
      assert.deepEqual(await heldLeases(records.db, [first.lease, second.lease]), [second.lease]);
    });

    test("a renewed lease does not pass", async () => {
      await pipeline("p");
      await job("a", "p");
      const { lease } = (await claim("me"))!;
      await renewLeases(records.db, [lease], now + 5 * leaseMs);
      now += 2 * leaseMs;
      assert.equal(await claim("other"), undefined);
      assert.deepEqual(await heldLeases(records.db, [lease]), [lease]);
    });

    test("a finished job has no lease and its start", async () => {
      await pipeline("p");
      await job("a", "p");
      const started = now;
      const { lease } = (await claim())!;
      assert.ok(await saveJobProgress(records.db, lease, progress(40)));
      assert.ok(await finish(lease, "Error"));
      const row = await rowOf("a");
      assert.deepEqual([row.status, row.lease_owner, row.lease_until], ["Error", null, null]);
      assert.deepEqual([row.started_at, row.finished_at], [started, now]);
      assert.equal(JSON.parse(row.progress!).percent, 100);
      now += 10 * leaseMs;
      assert.equal(await claim(), undefined);
    });

    test("a cancelled job is noticed, cannot be finished, and is claimed once more to clear away", async () => {
      await pipeline("p");
      await job("a", "p");
      const { lease } = (await claim())!;
      assert.equal(await cancelJob(records.db, home, "a", now, true), "canceled");
      assert.deepEqual(await heldLeases(records.db, [lease]), []);
      assert.equal(await leaseState(records.db, lease), "ended");
      assert.equal(await finish(lease), false);
      now += leaseMs;
      const clearing = (await claim("other"))!;
      assert.equal(clearing.status, "Canceled");
      await endLease(records.db, clearing.lease);
      now += 10 * leaseMs;
      assert.equal(await claim(), undefined);
      assert.equal((await rowOf("a")).status, "Canceled");
    });

    test("a released job is claimed at once and the attempt does not count; a postponed one waits", async () => {
      await pipeline("p");
      await job("a", "p");
      await releaseJob(records.db, (await claim("one"))!.lease);
      const again = (await claim("two"))!;
      assert.equal(again.lease.attempt, 1);
      await postponeJob(records.db, again.lease, now + 500);
      assert.equal(await claim("three"), undefined);
      now += 500;
      assert.equal((await claim("three"))!.lease.attempt, 2);
    });

    test("a dead worker's jobs are free at once, and only its", async () => {
      await pipeline("p");
      await job("a", "p", 1);
      await job("b", "p", 2);
      await claim("dead");
      await claim("alive");
      await expireLeases(records.db, "dead");
      assert.deepEqual(await claimedIds(2), ["a", undefined]);
    });

    test("ten thousand jobs in paused pipelines are not looked at", async () => {
      await pipeline("active");
      for (let at = 0; at < 4; at++) await pipeline(`paused-${at}`, "Paused");
      const rows = Array.from({ length: 10_000 }, (_, at) => ({
        id: `${String(1e12 + at)}-waits0`,
        ...home,
        pipeline_id: `paused-${at % 4}`,
        status: "Submitted" as const,
        submitted_at: at,
        started_at: null,
        finished_at: null,
        lease_owner: null,
        lease_until: null,
        attempt: 0,
        document: JSON.stringify(document()),
        progress: null,
      }));
      await records.transaction(async (db) => {
        for (let at = 0; at < rows.length; at += 500) {
          await db
            .insertInto("jobs")
            .values(rows.slice(at, at + 500))
            .execute();
        }
      });
      const took: number[] = [];
      for (let at = 0; at < 50; at++) {
        await job(`mine-${at}`, "active");
        const began = performance.now();
        const claimed = (await claim())!;
        took.push(performance.now() - began);
        assert.equal(claimed.lease.jobId, `mine-${at}`);
        await finish(claimed.lease);
      }
      took.sort((one, other) => one - other);
      console.log(
        `# ${engine}: a claim beside 10,000 waiting jobs takes ${took[25]!.toFixed(1)} ms, at worst ${took[49]!.toFixed(1)} ms`,
      );
    });
  });
}

function document(Status: "Submitted" | "Error" = "Submitted"): JobDocument {
  const preset = { Name: randomBytes(4).toString("hex"), Container: "mp4" };
  return {
    inputs: [{ Key: "in.mp4" }],
    outputs: [{ Id: "1", Key: "out.mp4", PresetId: "1351620000001-000010", preset, Status }],
    playlists: [],
  };
}

function progress(percent: number) {
  return { percent, stage: "transcoding" as const, outputs: [] };
}
