/** Jobs that end before their time: cancelled while they wait, and while they run. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import {
  allKeys,
  cancelByForce,
  ffmpegsBelow,
  makeClip,
  s3Of,
  startMillrace,
  transcoderOf,
  withFolder,
} from "./millrace-process.ts";

test("a running job that is cancelled stops, leaves nothing behind and lets the next one run", async () => {
  await withFolder(async (folder) => {
    const data = join(folder, "data");
    const server = await startMillrace(["serve", "--listen", "127.0.0.1:0", "--data", data, "--log-level", "warn"]);
    try {
      const s3 = s3Of(server.url);
      const transcoder = transcoderOf(server.url);
      await s3.createBucket({ Bucket: "media" });
      for (const [key, seconds, size] of [
        ["long.mp4", 60, "1280x720"],
        ["short.mp4", 1, "320x180"],
      ] as const) {
        await makeClip(join(folder, key), seconds, size);
        await s3.putObject({ Bucket: "media", Key: key, Body: await readFile(join(folder, key)) });
      }
      const { Pipeline } = await transcoder.createPipeline({
        Name: "cancel",
        InputBucket: "media",
        OutputBucket: "media",
        Role: "arn:aws:iam::000000000000:role/Elastic_Transcoder_Default_Role",
      });
      const submit = async (input: string, output: string) => {
        const Output = { Key: output, PresetId: "1351620000001-000010" };
        const created = await transcoder.createJob({ PipelineId: Pipeline!.Id!, Input: { Key: input }, Output });
        return created.Job!.Id!;
      };
      const statusOf = async (Id: string) => (await transcoder.readJob({ Id })).Job!.Status!;

      const running = await submit("long.mp4", "long-out.mp4");
      const waiting = await submit("long.mp4", "waiting-out.mp4");
      const next = await submit("short.mp4", "short-out.mp4");
      await until(async () => (await ffmpegsBelow(join(data, "scratch"))).length > 0);
      assert.equal(await statusOf(running), "Progressing");

      await transcoder.cancelJob({ Id: waiting });
      await assert.rejects(transcoder.cancelJob({ Id: running }), { name: "ResourceInUseException" });
      assert.equal(await cancelByForce(server.url, running), 202);
      const at = Date.now();
      await until(async () => !(await ffmpegsBelow(join(data, "scratch"))).some((at) => at.includes(running)));
      console.log(`# FFmpeg was gone ${Date.now() - at} ms after the cancellation`);

      await until(async () => (await statusOf(next)) === "Complete");
      assert.equal(await statusOf(running), "Canceled");
      assert.equal(await statusOf(waiting), "Canceled");
      assert.deepEqual(await allKeys(s3, "media"), ["long.mp4", "short-out.mp4", "short.mp4"]);
    } finally {
      await server.kill("SIGTERM");
    }
    assert.deepEqual(await ffmpegsBelow(folder), []);
  });
});

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 60_000; !(await condition()); await sleep(25)) {
    if (deadline < Date.now()) throw new Error("what was waited for has not come about in a minute");
  }
}
