/**
 * A worker that stops, sleeps too long, or is told to cancel between any two steps: each query and each call to a bucket
 * is, in a run of its own, where that happens. The job must come to the same end.
 *
 * MILLRACE_CRASH_STRIDE says which steps are tried: 1 for all, default every ninth (a stop) or seventeenth (the others).
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Worker } from "../../src/engine/jobs/worker.ts";
import type { JobDocument } from "../../src/storage/records/job-document.ts";
import { cancelJob } from "../../src/storage/records/jobs.ts";
import { makeClip, oneThreadedFfmpeg, withFolder } from "./millrace-process.ts";
import { Fuse, Pause, type Steps, steppedBuckets, steppedRecords } from "./steps.ts";
import { home, mp3, rung, Workshop } from "./workshop.ts";

const strideOf = (usual: number) => Number(process.env.MILLRACE_CRASH_STRIDE ?? usual);
const leaseMs = 60_000;

test("a job comes to the same end wherever its worker stops", async () => {
  await withClip(async ({ workshop, expected, counted, work }) => {
    const stride = strideOf(9);
    let resumed = 0;
    for (let step = 1; step <= counted.steps; step += stride) {
      const id = `job-${step}`;
      await workshop.submit(id, job(`${step}/`));
      const fuse = new Fuse(step);
      await work(id, fuse);
      workshop.skippedMs += leaseMs;
      await work(id, new Fuse(Number.POSITIVE_INFINITY));
      const found = await outcome(workshop, id, `${step}/`);
      assert.deepEqual(found, expected, `stopped at step ${step} of ${counted.steps}: ${fuse.last}`);
      if (fuse.burnt) resumed++;
    }
    console.log(
      `# of ${counted.steps} steps every ${stride}. was a worker's last; ${resumed} jobs were taken up again`,
    );
  });
});

for (const [moment, isThere] of [
  ["is over", () => false],
  ["is about to move its files", (_: number, name: string) => name === "before move"],
] as const) {
  test(`a worker that sleeps wherever its lease passes, and wakes when the next attempt ${moment}, spoils nothing`, async () => {
    await withClip(async ({ workshop, expected, counted, start, untilEnded }) => {
      const stride = strideOf(17);
      let overtaken = 0;
      for (let step = 1; step <= counted.steps; step += stride) {
        const id = `job-${step}`;
        // As if an attempt before had staged something: then there is something to clear away at the beginning.
        await workshop.submit(id, { ...job(`${step}/`), stagedIn: ["out", "thumbs"] });
        const sleeper = new Pause((at) => at === step);
        const sleeping = await start(sleeper);
        await until(async () => sleeper.stands || (await isEnded(workshop, id)));
        workshop.skippedMs += leaseMs;
        const next = new Pause(isThere);
        const working = await start(next);
        await until(async () => next.stands || (await isEnded(workshop, id)));
        sleeper.goOn();
        await until(async () => sleeping.running === 0);
        await sleeping.close();
        next.goOn();
        await untilEnded(id);
        await working.close();
        const found = await outcome(workshop, id, `${step}/`);
        assert.deepEqual(found, expected, `slept at step ${step} of ${counted.steps}: ${sleeper.last}`);
        if (1 < (await workshop.row(id)).attempt) overtaken++;
      }
      console.log(
        `# of ${counted.steps} steps every ${stride}. was slept at; ${overtaken} jobs were taken over meanwhile`,
      );
    });
  });
}

test("a job that is cancelled at any step leaves no key, and its worker free", async () => {
  await withClip(async ({ workshop, expected: undisturbed, counted, start }) => {
    const stride = strideOf(17);
    let canceled = 0;
    for (let step = 1; step <= counted.steps; step += stride) {
      const id = `job-${step}`;
      await workshop.submit(id, job(`${step}/`));
      const pause = new Pause((at) => at === step);
      const worker = await start(pause);
      await until(async () => pause.stands || (await isEnded(workshop, id)));
      const answer = await cancelJob(workshop.records.db, home, id, workshop.clock(), true);
      pause.goOn();
      await until(async () => (await workshop.row(id)).lease_until === null && worker.running === 0);
      await worker.close();
      const { document: _, ...found } = await outcome(workshop, id, `${step}/`);
      const { document: __, ...complete } = undisturbed;
      const expected = answer === "canceled" ? { ...complete, status: "Canceled", files: {} } : complete;
      assert.deepEqual(found, expected, `cancelled at step ${step}: ${pause.last}`);
      if (answer === "canceled") canceled++;
    }
    console.log(`# of ${counted.steps} steps every ${stride}. met a cancellation; ${canceled} were in time`);
  });
});

type Scene = {
  workshop: Workshop;
  /** What comes of a job undisturbed, and in how many steps. */
  expected: Awaited<ReturnType<typeof outcome>>;
  counted: { steps: number };
  start(steps: Steps): Promise<Worker>;
  /** Until the job has ended, or the fuse. */
  work(id: string, fuse: Fuse): Promise<void>;
  untilEnded(id: string): Promise<void>;
};

async function withClip(play: (scene: Scene) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const ffmpegPath = await oneThreadedFfmpeg(folder);
    const workshop = await Workshop.open(folder);
    const start = (steps: Steps) => {
      const records = steppedRecords(workshop.records, steps);
      const buckets = steppedBuckets(workshop.buckets, steps);
      return workshop.startWorker({ records, buckets, leaseMs, ffmpegPath });
    };
    const untilEnded = (id: string) => until(() => isEnded(workshop, id));
    const work = async (id: string, fuse: Fuse) => {
      const worker = await start(fuse);
      await until(async () => fuse.burnt || (await isEnded(workshop, id)));
      await worker.close();
    };
    try {
      await makeClip(join(folder, "clip.mp4"), 1, "128x96");
      await workshop.put("in", "clip.mp4", join(folder, "clip.mp4"));
      const counted = new Fuse(Number.POSITIVE_INFINITY);
      await workshop.submit("job-0", job("0/"));
      await work("job-0", counted);
      const expected = await outcome(workshop, "job-0", "0/");
      assert.equal(expected.status, "Complete");
      await play({ workshop, expected, counted, start, work, untilEnded });
    } finally {
      await workshop.close();
    }
  });
}

async function isEnded(workshop: Workshop, id: string): Promise<boolean> {
  return ["Complete", "Error", "Canceled"].includes((await workshop.row(id)).status);
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 60_000; !(await condition()); await sleep(5)) {
    if (deadline < Date.now()) throw new Error("what was waited for has not come about in a minute");
  }
}

/** With segments, a playlist, thumbnails and a second output. */
function job(OutputKeyPrefix: string): JobDocument {
  const Status = "Submitted";
  return {
    OutputKeyPrefix,
    inputs: [{ Key: "clip.mp4" }],
    outputs: [
      { Id: "1", Key: "a", PresetId: "1", preset: rung, SegmentDuration: "1", ThumbnailPattern: "t{count}", Status },
      { Id: "2", Key: "b", PresetId: "2", preset: mp3, Status },
    ],
    playlists: [{ Name: "index", Format: "HLSv3", OutputKeys: ["a"], Status }],
  };
}

async function outcome(workshop: Workshop, id: string, prefix: string) {
  const row = await workshop.row(id);
  const { OutputKeyPrefix, ...document } = JSON.parse(row.document) as JobDocument;
  const files: Record<string, string> = {};
  const temporary: string[] = [];
  for (const bucket of ["out", "thumbs"]) {
    temporary.push(...(await workshop.keys(bucket, ".millrace/")));
    for (const key of await workshop.keys(bucket, prefix)) {
      files[`${bucket}/${key.slice(prefix.length)}`] = await workshop.sha256(bucket, key);
    }
  }
  return { status: row.status, lease: [row.lease_owner, row.lease_until], document, files, temporary };
}
