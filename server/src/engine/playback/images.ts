/**
 * Pictures of moments of a stream: only what leads to them is decoded, by FFmpeg, a process for each fragment.
 */
import { CodecError } from "@millrace/media/codecs/errors";
import type { Log } from "../../base/log.ts";
import { Slots } from "../../base/slots.ts";
import type { StoredFragment } from "../../storage/fragments/fragment.ts";
import { listFragmentsByTime, type Timeline } from "../../storage/records/fragments.ts";
import type { Records } from "../../storage/records/records.ts";
import { spawnFfmpeg } from "../ffmpeg/child.ts";
import { frameAt, type ImageFormat, imageArguments, planImages, splitImages } from "./image-plan.ts";
import { startOf } from "./select-fragments.ts";
import { framesOf, isUnreadable, type StoredMedia } from "./stored-media.ts";

export type Image = { atMs: number } & ({ image: Uint8Array } | { error: "NO_MEDIA" | "MEDIA_ERROR" });

export type ImageTools = { records: Records; media: StoredMedia; log: Log; ffmpegPath: string };

export type ImageMaker = (
  asked: { streamId: string; timeline: Timeline; moments: readonly number[]; format: ImageFormat },
  signal: AbortSignal,
) => AsyncGenerator<Image>;

const processesAtOnce = 2;
const longestMs = 20_000;
const mostOutputBytes = 64 << 20;
/** Durations are rounded: so long a fragment's last frame is seen beyond its end. */
const toleratedGapMs = 50;

/** An image for each moment, in milliseconds by the clock, in their order. */
export function openImageMaker(tools: ImageTools): ImageMaker {
  const processes = new Slots(processesAtOnce);

  async function run(args: readonly string[], input: readonly Uint8Array[], signal: AbortSignal): Promise<Uint8Array> {
    const leave = await processes.take(signal);
    const ending = AbortSignal.any([signal, AbortSignal.timeout(longestMs)]);
    const child = spawnFfmpeg(tools.ffmpegPath, args, undefined, "pipe");
    const kill = () => child.kill("SIGKILL");
    ending.addEventListener("abort", kill, { once: true });
    try {
      const chunks: Uint8Array[] = [];
      let size = 0;
      child.stdout!.on("data", (chunk: Uint8Array) => {
        size += chunk.length;
        if (size <= mostOutputBytes) chunks.push(chunk);
        else kill();
      });
      child.stderr!.resume();
      // It may end before it has read all: what it wrote tells.
      child.stdin!.on("error", () => {});
      for (const part of input) child.stdin!.write(part);
      child.stdin!.end();
      await new Promise<void>((done, failed) => {
        child.once("error", failed);
        child.once("close", () => done());
      });
      signal.throwIfAborted();
      return Buffer.concat(chunks);
    } finally {
      ending.removeEventListener("abort", kill);
      leave();
    }
  }

  /** By the moment. */
  async function ofFragment(
    stored: StoredFragment,
    timeline: Timeline,
    moments: readonly number[],
    format: ImageFormat,
    signal: AbortSignal,
  ): Promise<Map<number, Uint8Array>> {
    const fragment = await tools.media.fragment(stored);
    const { video, timestampScale } = fragment.header;
    const frames = framesOf(fragment, "video");
    if (video === undefined || video.format instanceof CodecError || frames.length === 0) return new Map();
    const start = startOf(stored, timeline);
    const wanted = moments.map((atMs) => {
      const ticks = Math.floor(((atMs - start) * 1e6) / timestampScale);
      return frameAt(frames, fragment.timestamp + ticks);
    });
    const { document, ranks } = planImages(video.track, frames, wanted);
    const written = await run(imageArguments(ranks, format), document, signal);
    const images = splitImages(written, format.format);
    const indices = [...new Set(wanted)].sort((a, b) => frames[a]!.timestamp - frames[b]!.timestamp || a - b);
    if (images.length === ranks.length) {
      return new Map(moments.map((atMs, i) => [atMs, images[indices.indexOf(wanted[i]!)]!]));
    }
    if (moments.length === 1) return new Map();
    // Some frame does not decode, and nobody knows which: each moment by itself.
    const alone = new Map<number, Uint8Array>();
    for (const atMs of moments) {
      for (const [at, image] of await ofFragment(stored, timeline, [atMs], format, signal)) alone.set(at, image);
    }
    return alone;
  }

  return async function* ({ streamId, timeline, moments, format }, signal) {
    const found = await Promise.all(moments.map((atMs) => fragmentAt(tools.records, streamId, timeline, atMs)));
    for (let at = 0, to = 0; at < moments.length; at = to) {
      const stored = found[at];
      for (to = at + 1; to < moments.length && stored !== undefined && found[to]?.number === stored.number; ) to++;
      const group = moments.slice(at, to);
      if (stored === undefined) {
        yield { atMs: moments[at]!, error: "NO_MEDIA" };
        continue;
      }
      const images = await ofFragment(stored, timeline, group, format, signal).catch((error) => {
        if (!isUnreadable(error)) throw error;
        tools.log.error({ err: error, stream: streamId, fragment: stored.number }, "a fragment gives no image");
        return new Map<number, Uint8Array>();
      });
      for (const atMs of group) {
        const image = images.get(atMs);
        yield image === undefined ? { atMs, error: "MEDIA_ERROR" } : { atMs, image };
      }
    }
  };
}

async function fragmentAt(
  { db }: Records,
  streamId: string,
  timeline: Timeline,
  atMs: number,
): Promise<StoredFragment | undefined> {
  const before = await listFragmentsByTime(db, streamId, timeline, { to: atMs + 1 }, { limit: 16, newestFirst: true });
  const lasts = (tolerance: number) =>
    before.find((stored) => atMs < startOf(stored, timeline) + Math.max(1, stored.durationMs) + tolerance);
  return lasts(0) ?? lasts(toleratedGapMs);
}
