/**
 * Stored fragments for tests of playback: FFmpeg makes Matroska on the fly, and its clusters go into a stream as PutMedia
 * would have put them.
 */
import { execFileSync } from "node:child_process";
import { MatroskaReader } from "@millrace/media/matroska/reader";
import type { StreamEngine } from "../../src/engine/stream-engine.ts";
import type { StoredFragment } from "../../src/storage/fragments/fragment.ts";
import type { Records } from "../../src/storage/records/records.ts";

export type Recording = {
  /** From EBML to the end of Tracks. */
  header: Uint8Array;
  clusters: readonly RecordedCluster[];
};

export type RecordedCluster = {
  bytes: Uint8Array;
  timestampMs: number;
  durationMs: number;
  /** Of each track by its number: timestamps in milliseconds, in decoding order. */
  frames: ReadonlyMap<number, readonly number[]>;
};

const ffmpeg = process.env.MILLRACE_FFMPEG ?? "ffmpeg";

/** Key frames, and so clusters, every `gop` frames. */
export function pictures(seconds: number, options: { size?: string; rate?: number; gop?: number } = {}): string[] {
  const { size = "160x120", rate = 25, gop = rate } = options;
  const source = ["-f", "lavfi", "-i", `testsrc2=s=${size}:r=${rate}:d=${seconds}`];
  return [
    ...source,
    "-c:v",
    "libx264",
    "-preset",
    "ultrafast",
    "-pix_fmt",
    "yuv420p",
    "-g",
    `${gop}`,
    "-sc_threshold",
    "0",
  ];
}

/** For a second input: `[...sound(4), ...pictures(4)]`. */
export function sound(seconds: number): string[] {
  return ["-f", "lavfi", "-i", `sine=f=440:r=48000:d=${seconds}`];
}

/** A cluster begins with each key frame, if the one before has 4 KiB: FFmpeg's rule. */
export function record(...args: readonly string[]): Recording {
  return recordEvery(20_000, ...args);
}

/** A cluster begins also with the first frame that is so late after the one before began. */
export function recordEvery(clusterMs: number, ...args: readonly string[]): Recording {
  const clusters = ["-cluster_time_limit", `${clusterMs - 1}`, "-cluster_size_limit", "5000000"];
  const options = [...clusters, "-f", "matroska", "-live", "1", "pipe:1"];
  const document = execFileSync(ffmpeg, ["-v", "error", ...args, ...options], { maxBuffer: 1 << 28 });
  return split(document);
}

export function split(document: Uint8Array): Recording {
  let headerEnd = 0;
  const clusters: { start: number; end: number; timestampMs: number; frames: Map<number, number[]> }[] = [];
  const reader = new MatroskaReader((event) => {
    const last = clusters.at(-1);
    if (event.type === "tracks") headerEnd = event.end;
    if (event.type === "cluster") {
      clusters.push({ start: event.start, end: event.end, timestampMs: event.timestamp, frames: new Map() });
    }
    if (event.type === "frame") {
      last!.frames.set(event.track, [...(last!.frames.get(event.track) ?? []), event.timestamp]);
    }
    if (event.type === "clusterEnd") last!.end = event.end;
  });
  reader.push(document);
  reader.end();
  return {
    header: document.slice(0, headerEnd),
    clusters: clusters.map(({ start, end, timestampMs, frames }, i) => ({
      bytes: document.slice(start, end),
      timestampMs,
      durationMs: (clusters[i + 1]?.timestampMs ?? endOf([...frames.values()][0]!)) - timestampMs,
      frames,
    })),
  };
}

function endOf(times: readonly number[]): number {
  const sorted = times.toSorted((a, b) => a - b);
  return sorted.at(-1)! + (1 < sorted.length ? Math.round((sorted.at(-1)! - sorted[0]!) / (sorted.length - 1)) : 40);
}

export type StoreOptions = {
  /** When the recording's time zero was, by the producer's clock. */
  producerStart: number;
  /** The same by the server's; the producer's by default. */
  serverStart?: number;
  from?: number;
  to?: number;
};

/** Stores the clusters `[from, to)` and tells what is kept of them. */
export async function store(
  engine: StreamEngine,
  streamId: string,
  { header, clusters }: Recording,
  { producerStart, serverStart = producerStart, from = 0, to = clusters.length }: StoreOptions,
): Promise<StoredFragment[]> {
  await engine.numbers.prepare(streamId);
  const storing = clusters.slice(from, to).map(({ bytes, timestampMs, durationMs }) =>
    engine.committer.submit({
      streamId,
      number: engine.numbers.next(streamId),
      serverTimestamp: serverStart + timestampMs,
      producerTimestamp: producerStart + timestampMs,
      durationMs,
      clusterFrom: 0,
      clusterTo: bytes.length,
      header,
      body: [bytes],
      tags: [],
    }),
  );
  return Promise.all(storing);
}

/** From now on its bytes are not those that were written. */
export async function damage({ db }: Records, { streamId, number, place }: StoredFragment): Promise<void> {
  const row = db.updateTable("fragments").where("stream_id", "=", streamId).where("number", "=", number);
  await row.set({ pack_from: place.from + 1 }).execute();
}
