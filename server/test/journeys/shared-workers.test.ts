/**
 * One process answers the API, others work, over PostgreSQL and an S3 (Millrace's own, in a process more). Whatever of it
 * is killed or restarted in the middle, all jobs are Complete, each once.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { CreateBucketCommand } from "@aws-sdk/client-s3";
import { postgresMissing, postgresNotOurs, restartPostgres, temporaryDatabase } from "../support/postgres.ts";
import {
  allKeys,
  keys,
  type MillraceProcess,
  makeClip,
  oneThreadedFfmpeg,
  s3Of,
  startMillrace,
  transcoderOf,
  withFolder,
} from "./millrace-process.ts";

test("twenty jobs over shared stores are Complete, each once, though one of two workers is killed", {
  skip: postgresMissing,
}, async () => {
  await withSystem({ workers: 2, jobCount: 20 }, async ({ workers, ended, untilEnded }) => {
    const [doomed] = workers;
    await until(async () => 4 <= (await ended()) && isBusy(doomed!));
    await doomed!.kill("SIGKILL");
    await untilEnded();
  });
});

test("jobs over shared stores are Complete, each once, though the database and the S3 restart under them", {
  skip: postgresNotOurs,
}, async () => {
  await withSystem({ workers: 1, jobCount: 6 }, async ({ workers, ended, untilEnded, restartStore }) => {
    const [worker] = workers;
    await until(async () => 1 <= (await ended()) && isBusy(worker!));
    await restartPostgres(4000);
    await until(async () => 3 <= (await ended()) && isBusy(worker!));
    await restartStore(4000);
    await untilEnded();
  });
});

type System = {
  workers: readonly MillraceProcess[];
  /** How many jobs have come to their end. */
  ended(): Promise<number>;
  untilEnded(): Promise<void>;
  restartStore(awayMs: number): Promise<void>;
};

/** Starts it all, submits the jobs, and looks at what came of them after `disturb`. */
async function withSystem(
  options: { workers: number; jobCount: number },
  disturb: (system: System) => Promise<void>,
): Promise<void> {
  const { jobCount } = options;
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
      const startStore = (listen: string) =>
        start("serve", "--role", "api", "--listen", listen, "--data", join(folder, "store"));
      const store = await startStore("127.0.0.1:0");
      await s3Of(store.url).send(new CreateBucketCommand({ Bucket: "blobs" }));
      const blobs = `s3://blobs/shared?endpoint=${store.url}&path-style=true`;
      const shared = ["--database", database.url, "--blobs", blobs, "--master-key", join(folder, "master-key")];
      const listen = ["--listen", "127.0.0.1:0"];
      const api = await start("serve", "--role", "api", ...listen, "--data", join(folder, "api"), ...shared);
      const ffmpeg = await oneThreadedFfmpeg(folder);
      const workers: MillraceProcess[] = [];
      for (let number = 1; number <= options.workers; number++) {
        const own = ["--data", join(folder, `worker-${number}`), "--ffmpeg", ffmpeg, "--concurrency", "1"];
        workers.push(await start("worker", ...own, ...shared));
      }

      const s3 = s3Of(api.url);
      const transcoder = transcoderOf(api.url);
      await s3.createBucket({ Bucket: "media" });
      await makeClip(join(folder, "clip.mp4"), 2);
      await s3.putObject({ Bucket: "media", Key: "clip.mp4", Body: await readFile(join(folder, "clip.mp4")) });
      const { Pipeline } = await transcoder.createPipeline({
        Name: "shared",
        InputBucket: "media",
        OutputBucket: "media",
        Role: "arn:aws:iam::000000000000:role/Elastic_Transcoder_Default_Role",
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
      await disturb({
        workers,
        ended,
        untilEnded: () => until(async () => (await ended()) === jobCount),
        async restartStore(awayMs) {
          await store.kill("SIGKILL");
          await sleep(awayMs);
          await startStore(new URL(store.url).host);
        },
      });

      for (const job of await jobs()) assert.equal(job.Status, "Complete", JSON.stringify(job, null, 1));
      const outputs = ids.map((_, at) => `out-${at + 1}.mp4`);
      assert.deepEqual(
        await allKeys(s3, "media"),
        ["clip.mp4", ...outputs].sort(),
        "every output once, and no temporary key",
      );
      const digests = new Set<string>();
      for (const Key of outputs) {
        const { Body } = await s3.getObject({ Bucket: "media", Key });
        digests.add(
          createHash("sha256")
            .update(await Body!.transformToByteArray())
            .digest("hex"),
        );
      }
      assert.equal(digests.size, 1, "the same job makes the same bytes, whoever does it and however often");
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
}

/** It has claimed a job that it has not ended: killed now, it dies at work. */
function isBusy(worker: MillraceProcess): boolean {
  const count = (text: string) => worker.output().split(text).length;
  return count("job ended") < count("job claimed");
}

/** While the database or the S3 is away a question has no answer. */
async function until(condition: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 180_000; !(await condition().catch(() => false)); await sleep(100)) {
    if (deadline < Date.now()) throw new Error("what was waited for has not come about in three minutes");
  }
}
