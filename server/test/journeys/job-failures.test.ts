/** What becomes of jobs that cannot be done, or not all of them: states, codes, and no file left behind. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Worker } from "../../src/engine/jobs/worker.ts";
import type { BucketStore } from "../../src/storage/buckets/bucket-store.ts";
import type { JobDocument, OutputDocument } from "../../src/storage/records/job-document.ts";
import { readJobLog } from "../../src/storage/records/job-logs.ts";
import { claimJob } from "../../src/storage/records/job-queue.ts";
import { cancelJob } from "../../src/storage/records/jobs.ts";
import { makeClip, withFolder } from "./millrace-process.ts";
import { home, mp3, rung, Workshop } from "./workshop.ts";

type Case = {
  name: string;
  pipeline?: string;
  job: Partial<JobDocument>;
  /** Status and the code of the StatusDetail, for each output and then for each playlist. */
  ends: string[];
  /** Final keys in both output buckets. */
  leaves: string[];
};

const hls = (Id: string, Key: string, more: Partial<OutputDocument> = {}) =>
  output(Id, Key, { SegmentDuration: "2", ...more });
const index = (...OutputKeys: string[]) => ({
  Name: "index",
  Format: "HLSv3",
  OutputKeys,
  Status: "Submitted" as const,
});

const cases: Case[] = [
  {
    name: "an input that is not there",
    job: { inputs: [{ Key: "missing.mp4" }], outputs: [hls("1", "a"), hls("2", "b")], playlists: [index("a", "b")] },
    ends: ["Error 3001", "Error 3001", "Error 3001"],
    leaves: [],
  },
  { name: "an input bucket that is not there", pipeline: "no-in", job: {}, ends: ["Error 3005"], leaves: [] },
  { name: "an output bucket that is not there", pipeline: "no-out", job: {}, ends: ["Error 3005"], leaves: [] },
  {
    name: "a thumbnail bucket that is not there fails only who needs it",
    pipeline: "no-thumbs",
    job: { outputs: [hls("1", "a", { ThumbnailPattern: "t{count}" }), hls("2", "b")] },
    ends: ["Error 3005", "Complete"],
    leaves: ["b.m3u8", "b00000.ts"],
  },
  { name: "an input that is too large", job: { inputs: [{ Key: "large.mp4" }] }, ends: ["Error 4002"], leaves: [] },
  { name: "an input that is no media file", job: { inputs: [{ Key: "text.txt" }] }, ends: ["Error 4000"], leaves: [] },
  {
    name: "an output whose key is taken, and the playlist with it",
    job: { outputs: [hls("1", "taken"), hls("2", "b")], playlists: [index("taken", "b")] },
    ends: ["Error 3002", "Complete", "Error 1001"],
    leaves: ["b.m3u8", "b00000.ts", "taken00000.ts"],
  },
  {
    name: "a playlist whose key is taken",
    job: { outputs: [hls("1", "a")], playlists: [{ ...index("a"), Name: "taken-index" }] },
    ends: ["Complete", "Error 3002"],
    leaves: ["a.m3u8", "a00000.ts", "taken-index.m3u8"],
  },
  {
    name: "watermarks: missing, too large, unreadable, and a good one",
    job: {
      outputs: ["missing.png", "large.png", "text.png", "logo.png"].map((InputKey, at) =>
        hls(`${at + 1}`, `w${at}`, { Watermarks: [{ PresetWatermarkId: "corner", InputKey }] }),
      ),
    },
    ends: ["Error 3001", "Error 4005", "Error 4003", "Complete"],
    leaves: ["w3.m3u8", "w300000.ts"],
  },
  {
    name: "all that can go right beside one that cannot",
    job: { outputs: [hls("1", "a"), output("2", "silent.mp3", { preset: mp3 })], inputs: [{ Key: "silent.mp4" }] },
    ends: ["Complete", "Error 4008"],
    leaves: ["a.m3u8", "a00000.ts"],
  },
];

const limits = { maxInputBytes: 1_000_000, maxAuxiliaryBytes: 1000, maxAttempts: 3 };

describe("jobs that fail", async () => {
  let workshop: Workshop;
  let worker: Worker;
  const finished = Promise.withResolvers<void>();
  const opened = Promise.withResolvers<void>();
  const folderDone = withFolder(async (folder) => {
    workshop = await Workshop.open(folder);
    try {
      await fill(workshop);
      opened.resolve();
      await finished.promise;
    } finally {
      await worker?.close();
      await workshop.close();
    }
  });

  before(async () => {
    await Promise.race([opened.promise, folderDone]);
    worker = await workshop.startWorker({ limits });
  });
  after(async () => {
    finished.resolve();
    await folderDone;
  });

  for (const [at, { name, pipeline, job, ends, leaves }] of cases.entries()) {
    test(name, async () => {
      const prefix = `case-${at}/`;
      for (const key of leaves.filter((key) => key.startsWith("taken"))) {
        await workshop.put("out", `${prefix}${key}`, join(workshop.folder, "text.txt"));
      }
      const id = `case-${at}`;
      await workshop.submit(id, { ...document(), ...job, OutputKeyPrefix: prefix }, pipeline);
      const row = await workshop.ended(id);
      const { outputs, playlists } = JSON.parse(row.document) as JobDocument;
      const found = [...outputs, ...playlists].map(({ Status, StatusDetail }) => {
        const code = /^(\d{4}) [0-9a-f-]{36}: .+\.$/.exec(StatusDetail ?? "")?.[1];
        return [Status, ...(StatusDetail ? [code ?? StatusDetail] : [])].join(" ");
      });
      assert.deepEqual(found, ends, await readJobLog(workshop.records.db, id));
      assert.equal(row.status, ends.every((end) => end === "Complete") ? "Complete" : "Error");
      const keys = [...(await workshop.keys("out", prefix)), ...(await workshop.keys("thumbs", prefix))];
      assert.deepEqual(
        keys,
        leaves.map((key) => `${prefix}${key}`),
      );
      for (const bucket of ["out", "thumbs"]) assert.deepEqual(await workshop.keys(bucket, ".millrace/"), []);
    });
  }

  test("a job that ends its workers ends in Error 9000 instead of being tried for ever", async () => {
    await worker.close();
    await workshop.submit("poison", document());
    for (let attempt = 1; attempt <= limits.maxAttempts; attempt++) {
      const claim = { owner: `dies-${attempt}`, now: workshop.clock(), leaseMs: 1000, perPipeline: 9 };
      assert.equal((await claimJob(workshop.records, claim))!.lease.attempt, attempt);
      workshop.skippedMs += 1000;
    }
    worker = await workshop.startWorker({ limits });
    const row = await workshop.ended("poison");
    assert.match((JSON.parse(row.document) as JobDocument).outputs[0]!.StatusDetail!, /^9000 /);
  });

  test("what a cancelled job's dead worker had staged is cleared away", async () => {
    await worker.close();
    await workshop.submit("canceled", { ...document(), stagedIn: ["out"] });
    await claimJob(workshop.records, { owner: "dies", now: workshop.clock(), leaseMs: 1000, perPipeline: 9 });
    await workshop.put("out", ".millrace/canceled/1/1", join(workshop.folder, "text.txt"));
    assert.equal(await cancelJob(workshop.records.db, home, "canceled", workshop.clock(), true), "canceled");
    workshop.skippedMs += 1000;
    worker = await workshop.startWorker({ limits });
    while ((await workshop.row("canceled")).lease_until !== null) await new Promise((done) => setTimeout(done, 10));
    assert.deepEqual(await workshop.keys("out", ".millrace/"), []);
    assert.equal((await workshop.row("canceled")).status, "Canceled");
  });

  test("a worker that has lost its lease stops, publishes nothing and leaves nothing", async () => {
    await worker.close();
    worker = await workshop.startWorker();
    await workshop.submit("lost", { ...document(), inputs: [{ Key: "long.mp4" }], OutputKeyPrefix: "lost/" });
    while ((await workshop.row("lost")).progress === null) await new Promise((done) => setTimeout(done, 10));
    const claim = { lease_owner: "other", lease_until: workshop.clock() + 60_000, attempt: 2 };
    await workshop.records.db.updateTable("jobs").set(claim).where("id", "=", "lost").execute();
    while (0 < worker.running) await new Promise((done) => setTimeout(done, 10));
    const { status, lease_owner, lease_until, attempt } = await workshop.row("lost");
    assert.deepEqual({ status, lease_owner, lease_until, attempt }, { status: "Progressing", ...claim });
    assert.deepEqual([...(await workshop.keys("out", "lost/")), ...(await workshop.keys("out", ".millrace/"))], []);
    await workshop.records.db
      .updateTable("jobs")
      .set({ status: "Canceled", lease_until: null })
      .where("id", "=", "lost")
      .execute();
  });

  test("an input that broke off is no end: the job is tried again", async () => {
    await worker.close();
    let breaks = 1;
    const { buckets } = workshop;
    const breaking: BucketStore = {
      ...buckets,
      async read(object, range) {
        const body = await buckets.read(object, range);
        if (body === undefined || breaks-- <= 0) return body;
        return (async function* () {
          for await (const chunk of body) yield chunk.subarray(0, chunk.length / 2);
          throw new Error("the disk has gone");
        })();
      },
    };
    worker = await workshop.startWorker({ buckets: breaking });
    await workshop.submit("broken", { ...document(), OutputKeyPrefix: "broken/" });
    const row = await workshop.ended("broken");
    assert.deepEqual([row.status, row.attempt], ["Complete", 2], await readJobLog(workshop.records.db, "broken"));
    assert.equal(await workshop.sha256("out", "broken/a.m3u8"), await workshop.sha256("out", "case-7/a.m3u8"));
  });

  test("a worker that closes hands its job back, and the next one does it at the first attempt", async () => {
    await workshop.submit("handed", { ...document(), inputs: [{ Key: "long.mp4" }], OutputKeyPrefix: "handed/" });
    await worker.close();
    worker = await workshop.startWorker({ drainMs: 0 });
    while ((await workshop.row("handed")).progress === null) await new Promise((done) => setTimeout(done, 10));
    await worker.close();
    const handed = await workshop.row("handed");
    assert.deepEqual([handed.status, handed.lease_owner, handed.attempt], ["Progressing", null, 0]);
    assert.deepEqual(await workshop.keys("out", ".millrace/"), []);
    worker = await workshop.startWorker();
    const row = await workshop.ended("handed");
    assert.deepEqual([row.status, row.attempt], ["Complete", 1]);
  });
});

async function fill(workshop: Workshop): Promise<void> {
  const { folder } = workshop;
  const make = (name: string, ...args: string[]) => {
    const { status, stderr } = spawnSync("ffmpeg", ["-v", "error", "-y", ...args, join(folder, name)]);
    assert.equal(status, 0, String(stderr));
  };
  await makeClip(join(folder, "clip.mp4"), 1, "128x96");
  await makeClip(join(folder, "long.mp4"), 60, "128x96");
  make("silent.mp4", "-f", "lavfi", "-i", "testsrc2=size=128x96:rate=25", "-t", "1", "-pix_fmt", "yuv420p");
  make("logo.png", "-f", "lavfi", "-i", "color=red:size=16x16", "-frames:v", "1");
  make("large.png", "-f", "lavfi", "-i", "testsrc2=size=640x480", "-frames:v", "1");
  make("large.mp4", "-f", "lavfi", "-i", "testsrc2=size=640x480", "-t", "5", "-c:v", "mjpeg", "-q:v", "2");
  await writeFile(join(folder, "text.txt"), "no media file\n");
  await writeFile(join(folder, "text.png"), "This is no picture. ".repeat(20));
  for (const name of [
    "clip.mp4",
    "long.mp4",
    "silent.mp4",
    "large.mp4",
    "text.txt",
    "logo.png",
    "large.png",
    "text.png",
  ]) {
    await workshop.put("in", name, join(folder, name));
  }
  await workshop.addPipeline("no-in", { in: "nowhere", out: "out", thumbs: "thumbs" });
  await workshop.addPipeline("no-out", { in: "in", out: "nowhere", thumbs: "thumbs" });
  await workshop.addPipeline("no-thumbs", { in: "in", out: "out", thumbs: "nowhere" });
}

function document(): JobDocument {
  return { inputs: [{ Key: "clip.mp4" }], outputs: [hls("1", "a")], playlists: [] };
}

function output(Id: string, Key: string, more: Partial<OutputDocument> = {}): OutputDocument {
  return { Id, Key, PresetId: "1", preset: rung, Status: "Submitted", ...more };
}
