/**
 * ffprobes that are started ahead of need: what they see, what becomes of them, and that none is left.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { systemRandom } from "../../src/base/random.ts";
import { HeldProbe, ProbeKeeper } from "../../src/engine/ffmpeg/held-probe.ts";
import { probe } from "../../src/engine/ffmpeg/probe.ts";
import type { ServedBytes } from "../../src/engine/ffmpeg/range-server.ts";
import { ffmpeg, withFolder } from "./running.ts";

const random = systemRandom;
const patience = { signal: new AbortController().signal, timeoutMs: 30_000 };

for (const { name, codecs, extension } of [
  { name: "an MP4 whose index comes last", codecs: ["-c:v", "libx264", "-c:a", "aac", "-f", "mp4"], extension: ".mp4" },
  { name: "a transport stream", codecs: ["-c:v", "libx264", "-c:a", "aac", "-f", "mpegts"], extension: "" },
  { name: "an MP3", codecs: ["-vn", "-c:a", "libmp3lame", "-f", "mp3"], extension: ".mp3" },
]) {
  test(`a held ffprobe sees of ${name} what a fresh one sees`, async () => {
    await withFolder(async (folder) => {
      const path = await clip(folder, codecs);
      const held = await HeldProbe.open({ extension, random, inBackground: true });
      await until(async () => (await ffprobesOf(held)).length === 1);
      held.serve(await bytesOf(path));
      assert.deepEqual(await held.look(patience), await probe(path));
      await held.close();
    });
  });
}

test("what a held ffprobe cannot answer well is left to a fresh one, and no process stays", async () => {
  await withFolder(async (folder) => {
    const path = await clip(folder, ["-c:v", "libx264", "-an", "-f", "mp4"]);
    const broken = join(folder, "broken");
    await writeFile(broken, "no media at all");
    const aborted = AbortSignal.timeout(300);
    const cases: Record<string, (held: HeldProbe) => Promise<unknown>> = {
      "of a file that is none": async (held) => {
        held.serve(await bytesOf(broken));
        return held.look(patience);
      },
      "when it is killed": async (held) => {
        await until(async () => (await ffprobesOf(held)).length === 1);
        for (const pid of await ffprobesOf(held)) process.kill(pid, "SIGKILL");
        await until(async () => held.hasEnded);
        held.serve(await bytesOf(path));
        return held.look(patience);
      },
      "when the bucket gives nothing": async (held) => {
        held.serve({ sizeBytes: 1000, read: () => Promise.reject(new Error("away")) });
        return held.look(patience);
      },
      "in time": (held) => held.look({ ...patience, timeoutMs: 100 }),
      "before the signal": (held) => held.look({ signal: aborted, timeoutMs: 30_000 }),
      "after the signal": (held) => held.look({ signal: AbortSignal.abort(), timeoutMs: 30_000 }),
    };
    for (const [when, look] of Object.entries(cases)) {
      const held = await HeldProbe.open({ extension: "", random });
      assert.equal(await look(held), undefined, when);
      assert.deepEqual(await ffprobesOf(held), [], when);
      await held.close();
      await held.close();
    }
  });
});

test("where ffprobe is missing, nothing is held and nothing thrown", async () => {
  const held = await HeldProbe.open({ extension: "", random, ffprobePath: "/nowhere/ffprobe" });
  assert.equal(await held.look(patience), undefined);
  await held.close();
});

test("the keeper has one ready for the next file of the last one's kind, and for no other", async () => {
  const keeper = new ProbeKeeper({ random });
  keeper.keep();
  const first = await keeper.take(".first");
  await first.close();

  keeper.keep();
  keeper.keep();
  const [ready, second] = [await keeper.take(".first"), await keeper.take(".first")];
  assert.notEqual(ready, second);
  assert.deepEqual([ready.extension, second.extension], [".first", ".first"]);
  await Promise.all([ready.close(), second.close()]);

  keeper.keep();
  const other = await keeper.take(".second");
  assert.equal(other.extension, ".second");
  assert.equal((await ffprobes("/media.first")).length, 0, "the one that was ready for the first kind has ended");
  await other.close();

  keeper.keep();
  await until(async () => (await ffprobes("/media.second")).length === 1);
  for (const pid of await ffprobes("/media.second")) process.kill(pid, "SIGKILL");
  await until(async () => (await ffprobes("/media.second")).length === 0);
  await sleep(50);
  const replaced = await keeper.take(".second");
  await until(async () => (await ffprobesOf(replaced)).length === 1);
  keeper.keep();
  await Promise.all([replaced.close(), keeper.close()]);
  keeper.keep();
  await keeper.close();
  assert.deepEqual(await ffprobes("/media.second"), []);
});

test("a held ffprobe does not outlive a process that is killed", async () => {
  const module = resolve(import.meta.dirname, "../../src/engine/ffmpeg/held-probe.ts");
  const script = `
    import { HeldProbe } from ${JSON.stringify(module)};
    import { randomBytes } from "node:crypto";
    console.log((await HeldProbe.open({ extension: ".orphan", random: randomBytes })).url);`;
  const runtime = ["--conditions=millrace-source", "--disable-warning=ExperimentalWarning", "--input-type=module"];
  const child = spawn(process.execPath, [...runtime, "--eval", script], { stdio: ["ignore", "pipe", "inherit"] });
  const [said] = await once(child.stdout, "data");
  const url = String(said).trim();
  await until(async () => (await ffprobes(url)).length === 1);
  // It has loaded and asked: only the end of its connection can tell it now.
  await sleep(500);
  child.kill("SIGKILL");
  await until(async () => (await ffprobes(url)).length === 0, 2000);
});

async function clip(folder: string, codecs: readonly string[]): Promise<string> {
  const path = join(folder, "clip");
  const inputs = ["-f", "lavfi", "-i", "testsrc2=size=160x90:rate=25", "-f", "lavfi", "-i", "sine=frequency=440"];
  await ffmpeg(...inputs, "-t", "3", ...codecs, path);
  return path;
}

async function bytesOf(path: string): Promise<ServedBytes> {
  const { size } = await stat(path);
  return { sizeBytes: size, read: async ({ from, to }) => createReadStream(path, { start: from, end: to - 1 }) };
}

function ffprobesOf(held: HeldProbe): Promise<number[]> {
  return ffprobes(held.url);
}

/** Running ones whose last argument ends so. */
async function ffprobes(urlEnd: string): Promise<number[]> {
  const found: number[] = [];
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    const command = (await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")).split("\0");
    if (command[0] === "ffprobe" && command.at(-2)?.endsWith(urlEnd)) found.push(Number(pid));
  }
  return found;
}

async function until(condition: () => Promise<boolean>, withinMs = 30_000): Promise<void> {
  for (const deadline = Date.now() + withinMs; !(await condition()); await sleep(10)) {
    if (deadline < Date.now()) throw new Error("what was waited for has not come about");
  }
}
