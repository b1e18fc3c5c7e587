import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openScratch, sweepScratch } from "./scratch.ts";

test("a living worker's folder stays, a killed one's goes with the processes that it left", async () => {
  const root = await mkdtemp(join(tmpdir(), "millrace-scratch-"));
  const living = await openScratch(root, "living");
  await writeFile(join(await living.open("job-1"), "file"), "");

  // A worker that starts an FFmpeg in its folder and is then killed.
  const script = `
    const { openScratch } = await import(${JSON.stringify(import.meta.resolve("./scratch.ts"))});
    const { spawn } = await import("node:child_process");
    const scratch = await openScratch(${JSON.stringify(root)}, "killed");
    const folder = await scratch.open("job-2");
    const argv = ["-re", "-f", "lavfi", "-i", "anullsrc", "-t", "60", "-f", "null", "-"];
    const child = spawn("ffmpeg", argv, { stdio: "ignore", cwd: folder });
    console.log(child.pid);
    setInterval(() => {}, 1000);`;
  const worker = spawn(process.execPath, ["--input-type=module", "--eval", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const orphan = Number(String((await once(worker.stdout, "data"))[0]));
  assert.deepEqual(await sweepScratch(root, Date.now()), [], "nobody is dead yet");
  worker.kill("SIGKILL");
  await once(worker, "exit");

  assert.deepEqual(await sweepScratch(root, Date.now()), ["killed"]);
  assert.deepEqual(await readdir(root), ["living"]);
  await gone(orphan);

  await living.close();
  assert.deepEqual(await readdir(root), []);
  await rm(root, { recursive: true });
});

test("a folder that somebody has tidied away comes back, with the note of whose it is", async () => {
  const root = await mkdtemp(join(tmpdir(), "millrace-scratch-"));
  const scratch = await openScratch(root, "worker");
  await rm(join(root, "worker"), { recursive: true });
  await writeFile(join(await scratch.open("job-1"), "file"), "");
  await scratch.beat(Date.now());
  assert.deepEqual((await readdir(join(root, "worker"))).sort(), ["job-1", "owner.json"]);
  await scratch.close();
  await rm(root, { recursive: true });
});

test("a folder whose owner cannot be asked for goes when it has been silent for long", async () => {
  const root = await mkdtemp(join(tmpdir(), "millrace-scratch-"));
  const elsewhere = await openScratch(root, "elsewhere");
  await writeFile(join(root, "elsewhere", "owner.json"), `{"machine":"another","pid":1,"startedAt":"1"}`);
  assert.deepEqual(await sweepScratch(root, Date.now()), []);
  const past = Date.now() / 1000 - 3600;
  await utimes(join(root, "elsewhere", "owner.json"), past, past);
  assert.deepEqual(await sweepScratch(root, Date.now()), ["elsewhere"]);
  await elsewhere.close();
  await rm(root, { recursive: true });
});

async function gone(pid: number): Promise<void> {
  for (;;) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
