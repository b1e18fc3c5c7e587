/**
 * What lies in the buckets while a job is still being made: finished segments, under temporary keys and no others.
 */
import assert from "node:assert/strict";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Stage, temporaryPrefix } from "../../src/engine/jobs/publish.ts";
import type { BucketStore } from "../../src/storage/buckets/bucket-store.ts";
import type { JobDocument } from "../../src/storage/records/job-document.ts";
import { cancelJob } from "../../src/storage/records/jobs.ts";
import { findPipeline } from "../../src/storage/records/pipelines.ts";
import { makeClip, withFolder } from "./millrace-process.ts";
import { home, rung, Workshop } from "./workshop.ts";

test("segments are stored while later ones are made, and go when the job is cancelled", async () => {
  await withWorkshop(async (workshop, folder) => {
    const ffmpegPath = await realTimeFfmpeg(folder);
    await makeClip(join(folder, "clip.mp4"), 5, "128x96");
    await workshop.put("in", "clip.mp4", join(folder, "clip.mp4"));
    const worker = await workshop.startWorker({ ffmpegPath });
    try {
      await workshop.submit("whole", job("whole/"));
      await untilStored(workshop, "whole", 2);
      assert.deepEqual(await workshop.keys("out", "whole/"), []);
      assert.equal((await workshop.ended("whole")).status, "Complete");
      assert.deepEqual(await workshop.keys("out"), [
        ...["whole/a.m3u8", "whole/a00000.ts", "whole/a00001.ts", "whole/a00002.ts", "whole/a00003.ts"],
        "whole/a00004.ts",
      ]);

      await workshop.submit("cancelled", job("cancelled/"));
      await untilStored(workshop, "cancelled", 2);
      assert.equal(await cancelJob(workshop.records.db, home, "cancelled", workshop.clock(), true), "canceled");
      await until(async () => worker.running === 0);
      assert.deepEqual(await workshop.keys("out", ".millrace/"), []);
      assert.deepEqual(await workshop.keys("out", "cancelled/"), []);
    } finally {
      await worker.close();
    }
  });
});

test("a file that is written again after it was stored is stored again", async () => {
  await withStage(async ({ workshop, stage, file }) => {
    const [kept, replaced] = [await file("kept"), await file("replaced")];
    stage.begin([kept, replaced]);
    stage.begin([kept, replaced]);
    await until(async () => (await workshop.keys("out", ".millrace/")).length === 2);
    await rm(replaced.path);
    await writeFile(replaced.path, "REPLACED");
    const places = await stage.put([kept, replaced]);
    assert.ok(!("failure" in places));
    const stored = await Promise.all(places.map(({ bucket, from }) => textOf(workshop.buckets, bucket, from)));
    assert.deepEqual(stored, ["kept", "REPLACED"]);
    assert.deepEqual(
      places.map(({ to }) => to),
      ["final/kept", "final/replaced"],
    );
    assert.equal((await workshop.keys("out", ".millrace/")).length, 3);
  });
});

test("what could not be stored in advance is stored at the end", async () => {
  await withStage(async ({ workshop, stage, file }) => {
    const late = await file("late");
    await rm(late.path);
    stage.begin([late]);
    await sleep(50);
    await file("late");
    const places = await stage.put([late]);
    assert.ok(!("failure" in places));
    assert.equal(await textOf(workshop.buckets, places[0]!.bucket, places[0]!.from), "late");
  });
});

test("after its end a stage begins nothing more, and after a cancellation stores nothing more", async () => {
  await withStage(async ({ workshop, stage, file, cancel }) => {
    const [first, second] = [await file("first"), await file("second")];
    cancel();
    stage.begin([first]);
    await stage.close();
    stage.begin([second]);
    await sleep(100);
    assert.deepEqual(await workshop.keys("out"), []);
  });
});

type Scene = {
  workshop: Workshop;
  stage: Stage;
  /** Writes a file that holds its name. */
  file(name: string): Promise<{ path: string; key: string; kind: "media"; contentType: string }>;
  cancel(): void;
};

async function withStage(play: (scene: Scene) => Promise<void>): Promise<void> {
  await withWorkshop(async (workshop, folder) => {
    const controller = new AbortController();
    const { document } = (await findPipeline(workshop.records.db, home, "pipeline"))!;
    const stage = new Stage({
      buckets: workshop.buckets,
      pipeline: document,
      prefix: temporaryPrefix("job", 1),
      sealingOf: () => ({}),
      refusalOf: async () => undefined,
      signal: controller.signal,
      canRepeat: true,
    });
    const file: Scene["file"] = async (name) => {
      const path = join(folder, name);
      await writeFile(path, name);
      return { path, key: `final/${name}`, kind: "media", contentType: "text/plain" };
    };
    await play({ workshop, stage, file, cancel: () => controller.abort(new Error("cancelled")) });
    await stage.close();
  });
}

async function withWorkshop(play: (workshop: Workshop, folder: string) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const workshop = await Workshop.open(folder);
    try {
      await play(workshop, folder);
    } finally {
      await workshop.close();
    }
  });
}

/** Reads its input no faster than it plays. */
async function realTimeFfmpeg(folder: string): Promise<string> {
  const path = join(folder, "ffmpeg");
  const script = `#!/bin/sh
left=$#
while [ $left -gt 0 ]; do
  word=$1; shift
  if [ "$word" = -i ]; then set -- "$@" -re; fi
  set -- "$@" "$word"
  left=$((left - 1))
done
exec ffmpeg "$@"
`;
  await writeFile(path, script, { mode: 0o755 });
  return path;
}

function job(OutputKeyPrefix: string): JobDocument {
  const preset = { ...rung, Thumbnails: undefined };
  const output = { Id: "1", Key: "a", PresetId: "1", preset, SegmentDuration: "1", Status: "Submitted" as const };
  return { OutputKeyPrefix, inputs: [{ Key: "clip.mp4" }], outputs: [output], playlists: [] };
}

async function untilStored(workshop: Workshop, id: string, count: number): Promise<void> {
  await until(async () => count <= (await workshop.keys("out", `.millrace/${id}/`)).length);
  const { status, progress } = await workshop.row(id);
  assert.deepEqual([status, JSON.parse(progress ?? "{}").stage], ["Progressing", "transcoding"]);
}

async function textOf(buckets: BucketStore, bucket: string, key: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of (await buckets.read({ bucket, key }))!) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 60_000; !(await condition()); await sleep(10)) {
    if (deadline < Date.now()) throw new Error("what was waited for has not come about in a minute");
  }
}
