/**
 * One process answers the API, two work, over PostgreSQL and an S3 (Millrace's own, in a fourth process). One worker is
 * killed in the middle of twenty jobs: all are Complete, each once.
 */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { CreateBucketCommand } from "@aws-sdk/client-s3";
import { postgresMissing, temporaryDatabase } from "../support/postgres.ts";
import {
  allKeys,
  keys,
  type MillraceProcess,
  makeClip,
  s3Of,
  startMillrace,
  transcoderOf,
  withFolder,
} from "./millrace-process.ts";

const jobCount = 20;

test("twenty jobs over shared stores are Complete, each once, though one of two workers is killed", {
  skip: postgresMissing,
}, async () => {
  await withFolder(async (folder) => {
    await using database = await temporaryDatabase();
    const processes: MillraceProcess[] = [];
    const start = async (...args: string[]) => {
      const env = {
        MILLRACE_BLOBS_ACCESS_KEY_ID: keys.accessKeyId,
        MILLRACE_BLOBS_SECRET_ACCESS_KEY: keys.secretAccessKey,
      };
      const started = await startMillrace([...args, "--log-level", "info"], env);
      processes.push(started);
      return started;
    };
    try {
      const listen = ["--listen", "127.0.0.1:0"];
      const store = await start("serve", "--role", "api", ...listen, "--data", join(folder, "store"));
      await s3Of(store.url).send(new CreateBucketCommand({ Bucket: "blobs" }));
      const shared = ["--database", database.url, "--blobs", `s3://blobs/shared?endpoint=${store.url}&path-style=true`];
      const api = await start("serve", "--role", "api", ...listen, "--data", join(folder, "api"), ...shared);
      const doomed = await start("worker", "--data", join(folder, "worker-1"), ...shared);
      await start("worker", "--data", join(folder, "worker-2"), ...shared);

      const s3 = s3Of(api.url);
      const transcoder = transcoderOf(api.url);
      await s3.createBucket({ Bucket: "media" });
      await makeClip(join(folder, "clip.mp4"), 2);
      await s3.putObject({ Bucket: "media", Key: "clip.mp4", Body: await readFile(join(folder, "clip.mp4")) });
      const { Pipeline } = await transcoder.createPipeline({
        Name: "shared",
        InputBucket: "media",
        OutputBucket: "media",
        Role: "arn:aws:iam::000000000000:role/transcoder",
      });
      const ids: string[] = [];
      for (let number = 1; number <= jobCount; number++) {
        const Output = { Key: `out-${number}.mp4`, PresetId: "1351620000001-000061" };
        const { Job } = await transcoder.createJob({ PipelineId: Pipeline!.Id!, Input: { Key: "clip.mp4" }, Output });
        ids.push(Job!.Id!);
      }

      const jobs = async () => (await transcoder.listJobsByPipeline({ PipelineId: Pipeline!.Id! })).Jobs!;
      const ended = async () =>
        (await jobs()).filter(({ Status }) => !["Submitted", "Progressing"].includes(Status!)).length;
      await until(async () => 4 <= (await ended()) && doomedIsBusy(doomed));
      await doomed.kill("SIGKILL");
      await until(async () => (await ended()) === jobCount);

      for (const job of await jobs()) assert.equal(job.Status, "Complete", JSON.stringify(job, null, 1));
      const expected = ["clip.mp4", ...ids.map((_, at) => `out-${at + 1}.mp4`)].sort();
      assert.deepEqual(await allKeys(s3, "media"), expected, "every output once, and no temporary key");
      const said = processes.map((process) => process.output()).join("");
      for (const id of ids) {
        const ends = said.split("\n").filter((line) => line.includes("job ended") && line.includes(id));
        assert.equal(ends.length, 1, `${id} came to its end once`);
      }
    } catch (error) {
      for (const process of processes) console.log(process.output());
      throw error;
    } finally {
      for (const process of processes.reverse()) await process.kill("SIGTERM");
    }
  });
});

/** It has claimed a job that it has not ended: killed now, it dies at work. */
function doomedIsBusy(worker: MillraceProcess): boolean {
  const count = (text: string) => worker.output().split(text).length;
  return count("job ended") < count("job claimed");
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 180_000; !(await condition()); await sleep(100)) {
    if (deadline < Date.now()) throw new Error("what was waited for has not come about in three minutes");
  }
}
