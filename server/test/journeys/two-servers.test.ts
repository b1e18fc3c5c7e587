/** Two `serve` over one data folder: SQLite's lock makes them take turns, and leases keep each job one server's. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { makeClip, s3Of, startMillrace, transcoderOf, withFolder } from "./millrace-process.ts";

test("two servers that start at once on one empty folder share its jobs, each done once", async () => {
  await withFolder(async (folder) => {
    const args = ["serve", "--listen", "127.0.0.1:0", "--data", join(folder, "data"), "--concurrency", "1"];
    const servers = await Promise.all([startMillrace(args), startMillrace(args)]);
    try {
      const [one, other] = servers.map(({ url }) => transcoderOf(url));
      await makeClip(join(folder, "clip.mp4"), 1);
      const s3 = s3Of(servers[0]!.url);
      await s3.createBucket({ Bucket: "media" });
      await s3.putObject({ Bucket: "media", Key: "clip.mp4", Body: await readFile(join(folder, "clip.mp4")) });
      const { Pipeline } = await one!.createPipeline({
        Name: "shared",
        InputBucket: "media",
        OutputBucket: "media",
        Role: "arn:aws:iam::000000000000:role/Elastic_Transcoder_Default_Role",
      });
      const ids: string[] = [];
      for (let number = 1; number <= 6; number++) {
        const Output = { Key: `out-${number}.mp4`, PresetId: "1351620000001-000061" };
        const job = { PipelineId: Pipeline!.Id!, Input: { Key: "clip.mp4" }, Output };
        ids.push((await (number % 2 ? one! : other!).createJob(job)).Job!.Id!);
      }
      for (const Id of ids) {
        const statusOf = async () => (await other!.readJob({ Id })).Job!.Status!;
        for (let tries = 0; ["Submitted", "Progressing"].includes(await statusOf()); tries++) {
          assert.ok(tries < 600, `job ${Id} has ended`);
          await sleep(100);
        }
        assert.equal(await statusOf(), "Complete");
      }
    } finally {
      for (const server of servers) await server.kill("SIGTERM");
    }
    const ends = servers.map((server) => server.output().split("job ended").length - 1);
    assert.equal(ends[0]! + ends[1]!, 6, "each job came to its end once");
    assert.ok(0 < ends[0]! && 0 < ends[1]!, `both worked: ${ends}`);
  });
});
