/**
 * The server is killed at random moments of a running job. After a restart the job completes, as if nothing had been.
 *
 * MILLRACE_KILLS says how many times (default 8).
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { CreateJobCommandInput, ElasticTranscoder, Job } from "@aws-sdk/client-elastic-transcoder";
import type { S3 } from "@aws-sdk/client-s3";
import {
  allKeys,
  ffmpegsBelow,
  makeClip,
  oneThreadedFfmpeg,
  s3Of,
  startMillrace,
  transcoderOf,
  withFolder,
} from "./millrace-process.ts";

const kills = Number(process.env.MILLRACE_KILLS ?? 8);
const hls400k = "1351620000001-200050";
const hls600k = "1351620000001-200040";
const generic320x240 = "1351620000001-000061";

test(`a job survives kill -9 of its server at ${kills} random moments`, async () => {
  await withFolder(async (folder) => {
    const data = join(folder, "data");
    const ffmpeg = await oneThreadedFfmpeg(folder);
    const args = ["--listen", "127.0.0.1:0", "--data", data, "--ffmpeg", ffmpeg, "--log-level", "warn"];
    const serve = () => startMillrace(["serve", ...args]);
    let server = await serve();
    try {
      const clip = join(folder, "clip.mp4");
      await makeClip(clip, 4);
      const s3 = s3Of(server.url);
      for (const Bucket of ["input", "output", "thumbs"]) await s3.createBucket({ Bucket });
      await s3.putObject({ Bucket: "input", Key: "clip.mp4", Body: await readFile(clip) });
      const { Pipeline } = await transcoderOf(server.url).createPipeline({
        Name: "kill",
        InputBucket: "input",
        Role: "arn:aws:iam::000000000000:role/transcoder",
        ContentConfig: { Bucket: "output" },
        ThumbnailConfig: { Bucket: "thumbs" },
      });
      const pipelineId = Pipeline!.Id!;

      const began = Date.now();
      const reference = await submit(transcoderOf(server.url), pipelineId, "reference/");
      const undisturbed = await finished(transcoderOf(server.url), reference);
      const runMs = Date.now() - began;
      assert.equal(undisturbed.Status, "Complete", JSON.stringify(undisturbed, null, 1));
      const expected = await digests(s3, "reference/");

      let repeated = 0;
      for (let kill = 1; kill <= kills; kill++) {
        const prefix = `round-${kill}/`;
        const id = await submit(transcoderOf(server.url), pipelineId, prefix);
        const afterMs = Math.random() * runMs;
        await sleep(afterMs);
        await server.kill("SIGKILL");
        server = await serve();
        const job = await finished(transcoderOf(server.url), id);
        const moment = `killed ${afterMs.toFixed(0)} of ${runMs} ms after its creation`;
        assert.equal(job.Status, "Complete", `${moment}: ${JSON.stringify(job, null, 1)}`);
        assert.deepEqual(described(job), described(undisturbed), moment);
        assert.deepEqual(await digests(s3Of(server.url), prefix), expected, moment);
        for (const bucket of ["output", "thumbs"]) {
          assert.deepEqual(await allKeys(s3Of(server.url), bucket, ".millrace/"), [], moment);
        }
        repeated += attemptsOf(data, id) - 1;
      }

      const jobs = await transcoderOf(server.url).listJobsByPipeline({ PipelineId: pipelineId });
      assert.equal(jobs.Jobs!.length, Math.min(kills + 1, 50));
      assert.ok(jobs.Jobs!.every(({ Status }) => Status === "Complete"));
      assert.deepEqual(await ffmpegsBelow(join(data, "scratch")), [], "no FFmpeg of a killed server is left");
      console.log(`# ${kills} kills, ${repeated} at work; each job Complete once and equal to the undisturbed run`);
    } finally {
      await server.kill("SIGKILL");
    }
  });
});

async function submit(transcoder: ElasticTranscoder, PipelineId: string, OutputKeyPrefix: string): Promise<string> {
  const job: CreateJobCommandInput = {
    PipelineId,
    OutputKeyPrefix,
    Input: { Key: "clip.mp4" },
    Outputs: [
      { Key: "hls/600k", PresetId: hls600k, SegmentDuration: "2", ThumbnailPattern: "thumb-{count}" },
      { Key: "hls/400k", PresetId: hls400k, SegmentDuration: "2" },
      { Key: "small.mp4", PresetId: generic320x240 },
    ],
    Playlists: [{ Name: "hls/index", Format: "HLSv3", OutputKeys: ["hls/600k", "hls/400k"] }],
  };
  return (await transcoder.createJob(job)).Job!.Id!;
}

async function finished(transcoder: ElasticTranscoder, Id: string): Promise<Job> {
  for (const deadline = Date.now() + 120_000; Date.now() < deadline; await sleep(100)) {
    const { Job } = await transcoder.readJob({ Id });
    if (Job!.Status !== "Submitted" && Job!.Status !== "Progressing") return Job!;
  }
  throw new Error(`job ${Id} has not ended in two minutes`);
}

/** What must not depend on how often it was tried. */
function described({ Outputs, Playlists, Input }: Job) {
  return { Outputs, Playlists, detected: Input!.DetectedProperties };
}

async function digests(s3: S3, prefix: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const Bucket of ["output", "thumbs"]) {
    for (const Key of await allKeys(s3, Bucket, prefix)) {
      const { Body } = await s3.getObject({ Bucket, Key });
      const hash = createHash("sha256").update(await Body!.transformToByteArray());
      found[`${Bucket}/${Key.slice(prefix.length)}`] = hash.digest("hex");
    }
  }
  return found;
}

/** How often the job was claimed. */
function attemptsOf(data: string, jobId: string): number {
  const database = new DatabaseSync(join(data, "millrace.db"), { readOnly: true });
  try {
    return Number(database.prepare("select attempt from jobs where id = ?").get(jobId)!.attempt);
  } finally {
    database.close();
  }
}
