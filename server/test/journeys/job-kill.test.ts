/**
 * The server is killed at random moments of running jobs. After a restart each job completes, as if nothing had been.
 *
 * Only kills count that hit a job at work: claimed, and not at its end. MILLRACE_KILLS says how many (default 30).
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

const kills = Number(process.env.MILLRACE_KILLS ?? 30);
/** Of one job: at the sixth attempt it would be given up. */
const killsOfAJob = 4;
const hls600k = "1351620000001-200040";
const generic320x240 = "1351620000001-000061";

test(`a job survives kill -9 of its server at ${kills} random moments`, async () => {
  await withFolder(async (folder) => {
    const data = join(folder, "data");
    const ffmpeg = await oneThreadedFfmpeg(folder);
    const args = ["--listen", "127.0.0.1:0", "--data", data, "--ffmpeg", ffmpeg, "--log-level", "info"];
    let said = "";
    const serve = () => startMillrace(["serve", ...args]);
    let server = await serve();
    const killAndServe = async () => {
      await server.kill("SIGKILL");
      said += server.output();
      server = await serve();
    };
    try {
      const clip = join(folder, "clip.mp4");
      await makeClip(clip, 2);
      const s3 = s3Of(server.url);
      for (const Bucket of ["input", "output", "thumbs"]) await s3.createBucket({ Bucket });
      await s3.putObject({ Bucket: "input", Key: "clip.mp4", Body: await readFile(clip) });
      const { Pipeline } = await transcoderOf(server.url).createPipeline({
        Name: "kill",
        InputBucket: "input",
        Role: "arn:aws:iam::000000000000:role/Elastic_Transcoder_Default_Role",
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

      const ids: string[] = [];
      const moments: string[] = [];
      let struck = 0;
      while (struck < kills) {
        const prefix = `job-${ids.length + 1}/`;
        const id = await submit(transcoderOf(server.url), pipelineId, prefix);
        ids.push(id);
        for (let strikes = 0; strikes < killsOfAJob && struck < kills; ) {
          // At any moment of the first attempt; of those after it rather early, so that they are hit.
          const afterMs = (Math.random() * runMs) / (1 + strikes);
          await sleep(afterMs);
          const { status, attempt } = rowOf(data, id);
          if (status !== "Submitted" && status !== "Progressing") break;
          await killAndServe();
          await claimedAgain(data, id, attempt);
          // Not those that came before the claim, or in the last instant after its end.
          if (rowOf(data, id).attempt === attempt || attempt === 0) continue;
          moments.push(`${id}, attempt ${attempt}, after ${afterMs.toFixed(0)} ms`);
          strikes++;
          struck++;
        }
        const moment = moments.at(-1) ?? "not killed";
        const job = await finished(transcoderOf(server.url), id);
        assert.equal(job.Status, "Complete", `${moment}: ${JSON.stringify(job, null, 1)}`);
        assert.deepEqual(described(job), described(undisturbed), moment);
        assert.deepEqual(await digests(s3Of(server.url), prefix), expected, moment);
        for (const bucket of ["output", "thumbs"]) {
          assert.deepEqual(await allKeys(s3Of(server.url), bucket, ".millrace/"), [], moment);
        }
      }

      said += server.output();
      for (const id of ids) {
        // A kill between the row's end and the log's line of it leaves none.
        const ends = said.split("\n").filter((line) => line.includes("job ended") && line.includes(id));
        assert.ok(ends.length <= 1, `${id} came to its end once`);
      }
      const jobs = await transcoderOf(server.url).listJobsByPipeline({ PipelineId: pipelineId });
      assert.deepEqual(jobs.Jobs!.map(({ Id }) => Id).sort(), [reference, ...ids].sort(), "each job is there once");
      assert.ok(jobs.Jobs!.every(({ Status }) => Status === "Complete"));
      assert.deepEqual(await ffmpegsBelow(join(data, "scratch")), [], "no FFmpeg of a killed server is left");
      console.log(`# ${struck} kills of a job at work; ${ids.length} jobs Complete once, equal to the undisturbed run`);
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
      { Key: "hls/600k", PresetId: hls600k, SegmentDuration: "1", ThumbnailPattern: "thumb-{count}" },
      { Key: "small.mp4", PresetId: generic320x240 },
    ],
    Playlists: [{ Name: "hls/index", Format: "HLSv3", OutputKeys: ["hls/600k"] }],
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

/** A job that a killed server had claimed is claimed again at once; one that had come to its end is not. */
async function claimedAgain(data: string, id: string, attempt: number): Promise<void> {
  const isOver = () => {
    const row = rowOf(data, id);
    return attempt < row.attempt || !["Submitted", "Progressing"].includes(row.status);
  };
  for (const deadline = Date.now() + 30_000; !isOver(); await sleep(20)) {
    if (deadline < Date.now()) throw new Error(`job ${id} has not been claimed again in half a minute`);
  }
}

function rowOf(data: string, id: string): { status: string; attempt: number } {
  const database = new DatabaseSync(join(data, "millrace.db"), { readOnly: true });
  try {
    const row = database.prepare("select status, attempt from jobs where id = ?").get(id)!;
    return { status: String(row.status), attempt: Number(row.attempt) };
  } finally {
    database.close();
  }
}
