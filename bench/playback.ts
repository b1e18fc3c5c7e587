/**
 * How soon readers of streams have what they ask for.
 *
 *   node_modules/.bin/node --conditions=millrace-source bench/playback.ts [RANGES] [SECONDS]
 *
 * 1. range: a day of fragments of two seconds is stored. RANGES times (default 200) a random minute of it is asked for: by
 *    HLS, from GetHLSStreamingSessionURL over both playlists and the init segment to the first byte of media, and by GetMedia,
 *    from the call to the first byte. 99 of 100 within 150 ms.
 * 2. live: a producer sends a frame every 40 ms for SECONDS (default 20), a reader follows by GetMedia: from the write of
 *    a frame to its end at the reader. Half of them within one frame time.
 *
 * Client and server share the machine. bench/fragments.ts has the speed of fMP4 beside FFmpeg's, bench/commit.ts that of
 * the index. Exits 1 when a bound is missed. MILLRACE_BENCH=range,live picks parts.
 */
import { join } from "node:path";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { KinesisVideo } from "@aws-sdk/client-kinesis-video";
import { KinesisVideoArchivedMedia } from "@aws-sdk/client-kinesis-video-archived-media";
import { KinesisVideoMedia } from "@aws-sdk/client-kinesis-video-media";
import { MatroskaReader } from "@millrace/media/matroska/reader";
import { buildClusterStart, buildHeader, buildSimpleBlockStart } from "@millrace/media/matroska/writer";
import { systemClock, systemSleep } from "../server/src/base/clock.ts";
import { silentLog } from "../server/src/base/log.ts";
import { systemRandom } from "../server/src/base/random.ts";
import { openStreamEngine } from "../server/src/engine/stream-engine.ts";
import { openFsBlobs } from "../server/src/storage/blobs/fs-store.ts";
import { openKmsStore } from "../server/src/storage/keys/kms-store.ts";
import { openMasterKey } from "../server/src/storage/keys/master-key.ts";
import { openSqliteRecords } from "../server/src/storage/records/sqlite.ts";
import { keys, type MillraceProcess, startMillrace, withFolder } from "../server/test/journeys/millrace-process.ts";
import { PutMediaConnection } from "../server/test/support/put-media.ts";
import { pictures, record, store } from "../server/test/support/stored-media.ts";

const ranges = Number(process.argv[2] ?? 200);
const liveSeconds = Number(process.argv[3] ?? 20);
const parts = (process.env.MILLRACE_BENCH ?? "range,live").split(",");
const region = "us-east-1";
const StreamName = "camera";
const dayMs = 24 * 3_600_000;
const frameMs = 40;
const rangeBoundMs = 150;

await withFolder(async (folder) => {
  const data = join(folder, "data");
  let server = await start(data);
  try {
    await clientOf(KinesisVideo, server).createStream({ StreamName, DataRetentionInHours: 48 });
    if (parts.includes("live")) await measureLive(server);
    if (parts.includes("range")) {
      await server.kill("SIGTERM");
      const from = await storeDay(data);
      server = await start(data);
      await measureRanges(server, from);
    }
  } finally {
    await server.kill("SIGTERM");
  }
});

function start(data: string): Promise<MillraceProcess> {
  const options = ["--listen", "127.0.0.1:0", "--data", data, "--log-level", "warn", "--role", "api"];
  return startMillrace(["serve", ...options]);
}

function clientOf<Client>(
  Constructor: new (options: { endpoint: string; region: string; credentials: typeof keys }) => Client,
  { url }: MillraceProcess,
): Client {
  return new Constructor({ endpoint: url, region, credentials: keys });
}

/** When it begins: milliseconds since the epoch. */
async function storeDay(data: string): Promise<number> {
  const common = { clock: systemClock, random: systemRandom };
  const records = await openSqliteRecords({ path: join(data, "millrace.db") });
  const blobs = await openFsBlobs({ folder: join(data, "blobs"), random: systemRandom });
  const wrapper = await openMasterKey({ records, path: join(data, "master-key"), ...common });
  const kms = openKmsStore({ records, wrapper, ...common });
  const engine = openStreamEngine({
    ...common,
    records,
    blobs,
    kms,
    wrapper,
    sleep: systemSleep,
    log: silentLog,
    tickMs: 10,
  });
  const { id } = await records.db.selectFrom("streams").select("id").executeTakeFirstOrThrow();
  const recording = record(...pictures(20, { gop: 50 }));
  const from = Date.now() - dayMs;
  let fragments = 0;
  for (let at = 0; at < dayMs; at += 20_000) {
    fragments += (await store(engine, id, recording, { producerStart: from + at })).length;
  }
  await engine.close();
  await blobs.close();
  await records.close();
  console.log(`# ${fragments} fragments stored`);
  return from;
}

async function measureRanges(server: MillraceProcess, from: number): Promise<void> {
  const archived = clientOf(KinesisVideoArchivedMedia, server);
  const media = clientOf(KinesisVideoMedia, server);
  const hls: number[] = [];
  const matroska: number[] = [];
  for (let range = -5; range < ranges; range++) {
    const StartTimestamp = new Date(from + Math.random() * (dayMs - 120_000));
    const EndTimestamp = new Date(StartTimestamp.getTime() + 60_000);
    const before = performance.now();
    const { HLSStreamingSessionURL } = await archived.getHLSStreamingSessionURL({
      StreamName,
      PlaybackMode: "ON_DEMAND",
      HLSFragmentSelector: {
        FragmentSelectorType: "PRODUCER_TIMESTAMP",
        TimestampRange: { StartTimestamp, EndTimestamp },
      },
    });
    await firstMediaByte(HLSStreamingSessionURL!);
    const between = performance.now();
    const { Payload } = await media.getMedia({
      StreamName,
      StartSelector: { StartSelectorType: "PRODUCER_TIMESTAMP", StartTimestamp },
    });
    for await (const _chunk of Payload as Readable) break;
    // The first ones warm up both sides.
    if (range < 0) continue;
    hls.push(between - before);
    matroska.push(performance.now() - between);
  }
  report("first byte of a random minute of a day, HLS", hls, 0.99, rangeBoundMs);
  report("first byte of a random minute of a day, GetMedia", matroska, 0.99, rangeBoundMs);
}

/** As a player gets there. */
async function firstMediaByte(master: string): Promise<void> {
  const playlist = new URL(lastLine(await textOf(master)), master).href;
  const text = await textOf(playlist);
  const init = /#EXT-X-MAP:URI="([^"]+)"/.exec(text)?.[1];
  if (init !== undefined) await textOf(new URL(init, playlist).href);
  const [first] = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  const response = await fetch(new URL(first!, playlist));
  if (!response.ok) throw new Error(`${response.status} for ${first}`);
  const reader = response.body!.getReader();
  await reader.read();
  await reader.cancel();
}

async function textOf(url: string): Promise<string> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${response.status} for ${url}: ${await response.text()}`);
  return response.text();
}

function lastLine(text: string): string {
  return text.trimEnd().split("\n").at(-1)!;
}

async function measureLive(server: MillraceProcess): Promise<void> {
  const producer = new PutMediaConnection({ url: server.url, region, credentials: keys, stream: StreamName });
  await producer.write(buildHeader({ tracks: [{ number: 1, kind: "video", codecId: "V_VP8" }] }));
  const written = new Map<number, number>();
  const delays: number[] = [];
  const abort = new AbortController();
  const selector = { StartSelectorType: "NOW" } as const;
  const reading = clientOf(KinesisVideoMedia, server)
    .getMedia({ StreamName, StartSelector: selector }, { abortSignal: abort.signal })
    .then(async ({ Payload }) => {
      const reader = new MatroskaReader((event) => {
        const at = event.type === "frame" ? written.get(event.timestamp) : undefined;
        if (at !== undefined) delays.push(performance.now() - at);
      });
      for await (const chunk of Payload as Readable) reader.push(chunk);
    })
    .catch((error) => {
      if (!abort.signal.aborted) throw error;
    });
  const frame = new Uint8Array(8000);
  const begun = Date.now();
  for (let count = 0; count * frameMs < liveSeconds * 1000; count++) {
    await sleep(Math.max(0, begun + count * frameMs - Date.now()));
    const timestamp = begun + count * frameMs;
    const relativeTimestamp = (count % 50) * frameMs;
    const keyframe = relativeTimestamp === 0;
    if (keyframe) await producer.write(buildClusterStart(timestamp));
    const block = { track: 1, relativeTimestamp, keyframe, sizeBytes: frame.length };
    written.set(timestamp, performance.now());
    void producer.write(Buffer.concat([buildSimpleBlockStart(block), frame]));
  }
  await sleep(500);
  abort.abort();
  producer.destroy();
  await reading;
  if (delays.length < (0.8 * liveSeconds * 1000) / frameMs) throw new Error(`only ${delays.length} frames came`);
  report(`a frame from producer to GetMedia (a frame lasts ${frameMs} ms)`, delays, 0.5, frameMs);
}

function report(name: string, values: readonly number[], share: number, bound: number): void {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (part: number) => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))]!;
  const kept = at(share) <= bound;
  if (!kept) process.exitCode = 1;
  const figures = `p50 ${at(0.5).toFixed(1)} ms, p99 ${at(0.99).toFixed(1)} ms, most ${at(1).toFixed(1)} ms`;
  console.log(`${kept ? "ok  " : "MISS"} ${name}: ${figures} (p${100 * share} at most ${bound} ms)`);
}
