/**
 * The cameras of bench/ingest.ts, in a process of their own: told what to do by a message, it answers with what it saw.
 */
import { setImmediate, setTimeout as sleep } from "node:timers/promises";
import { Camera, type FragmentShape, fragmentOf, frameMs } from "./camera.ts";

export type LoadTask = { url: string; streams: readonly string[] } & (
  | {
      kind: "paced";
      bitsPerSecond: number;
      fragmentMs: number;
      seconds: number;
      /** Before that: what is sent in it does not count. */
      warmUpSeconds: number;
    }
  /** One after the other as fast as they are taken, by one camera. */
  | { kind: "flat-out"; fragments: number; frames: number; frameBytes: number }
  /** A fragment each, and then silence until a message comes. */
  | { kind: "idle" }
);

export type LoadResult = {
  /** Milliseconds from the write of a fragment's last byte to its PERSISTED. */
  latencies: number[];
  /** How late the load generator was itself, at the most. */
  lagMs: number;
  /** From the first connection to the end of the last answer, in milliseconds. */
  tookMs: number;
  sizeBytes: number;
  cpuMs: number;
  /** Fragments without a PERSISTED. */
  lost: number;
  failures: string[];
};

/** Sending and listening take turns at the latest after so many frames. */
const framesAtOnce = 200;
const patienceMs = 25_000;
/** What is due is sent so often: a timer for each frame would cost more than the frame. */
const stepMs = 5;

async function run(task: LoadTask): Promise<LoadResult> {
  const cpu = process.cpuUsage();
  const begun = performance.now();
  const seen = { latencies: [] as number[], lagMs: 0, sizeBytes: 0 };
  const cameras = await openCameras(task);
  if (task.kind === "paced") await sendPaced(task, cameras, seen);
  else if (task.kind === "flat-out") await sendFlatOut(task, cameras[0]!, seen);
  else await stayIdle(cameras, seen);
  const lost = cameras.reduce((sum, { waiting }) => sum + waiting, 0);
  const failures = cameras.flatMap(({ failure }) => failure ?? []);
  for (const camera of cameras) camera.destroy();
  const { user, system } = process.cpuUsage(cpu);
  return { ...seen, tookMs: performance.now() - begun, cpuMs: (user + system) / 1000, lost, failures };
}

type Seen = Pick<LoadResult, "latencies" | "lagMs" | "sizeBytes">;

async function openCameras({ url, streams }: LoadTask): Promise<Camera[]> {
  const cameras: Camera[] = [];
  // Timecodes may run ahead of the clock when sent flat out.
  const timecode = Date.now() - 3_600_000;
  while (cameras.length < streams.length) {
    const some = streams.slice(cameras.length, cameras.length + 32);
    cameras.push(...(await Promise.all(some.map((stream) => Camera.open(url, stream, timecode)))));
  }
  return cameras;
}

/** As cameras do: a frame every 40 ms, each camera at another moment and with another place in its fragment. */
async function sendPaced(
  { bitsPerSecond, fragmentMs, seconds, warmUpSeconds }: Extract<LoadTask, { kind: "paced" }>,
  cameras: readonly Camera[],
  seen: Seen,
): Promise<void> {
  const frames = fragmentMs / frameMs;
  const shape = fragmentOf(frames, Math.round(((bitsPerSecond / 8) * frameMs) / 1000));
  const begun = performance.now();
  const counts = begun + warmUpSeconds * 1000;
  const ends = counts + seconds * 1000;
  for (const camera of cameras) {
    camera.onPersisted = (latencyMs) => {
      if (counts <= performance.now() - latencyMs) seen.latencies.push(latencyMs);
    };
  }
  for (let sent = 0; ; sent++) {
    const due = begun + (sent * frameMs) / cameras.length;
    if (ends < due) break;
    const early = due - performance.now();
    if (0 < early) await sleep(Math.max(early, stepMs));
    else if (sent % framesAtOnce === 0) await setImmediate();
    if (counts < due) seen.lagMs = Math.max(seen.lagMs, performance.now() - due);
    const [at, frame] = [sent % cameras.length, Math.floor(sent / cameras.length)];
    const inFragment = frame + Math.floor((at * frames) / cameras.length) - frames;
    if (inFragment < 0) continue;
    const index = inFragment % frames;
    cameras[at]!.writeFrame(shape, index);
    seen.sizeBytes += shape.chunks[index]!.length;
  }
  await untilPersisted(cameras);
}

async function sendFlatOut(
  { fragments, frames, frameBytes }: Extract<LoadTask, { kind: "flat-out" }>,
  camera: Camera,
  seen: Seen,
): Promise<void> {
  const shape: FragmentShape = fragmentOf(frames, frameBytes);
  for (let fragment = 0; fragment < fragments; fragment++) {
    for (let index = 0; index < frames; index++) {
      if (!camera.writeFrame(shape, index)) await camera.drained();
    }
    seen.sizeBytes += shape.sizeBytes;
  }
  await camera.end();
}

async function stayIdle(cameras: readonly Camera[], seen: Seen): Promise<void> {
  const shape = fragmentOf(25, 5_000);
  for (const camera of cameras) {
    for (let index = 0; index < shape.chunks.length; index++) camera.writeFrame(shape, index);
    seen.sizeBytes += shape.sizeBytes;
    await setImmediate();
  }
  const released = new Promise((resolve) => process.once("message", resolve));
  await untilPersisted(cameras);
  process.send!("idle");
  await released;
}

async function untilPersisted(cameras: readonly Camera[]): Promise<void> {
  const patience = performance.now() + patienceMs;
  while (performance.now() < patience && cameras.some(({ waiting, failure }) => 0 < waiting && !failure))
    await sleep(20);
}

process.once("message", async (task: LoadTask) => {
  const result = await run(task);
  process.send!(result, () => process.disconnect!());
});
