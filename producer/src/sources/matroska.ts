/**
 * Frames of a Matroska or WebM file or pipe, as it is read.
 */
import type { FrameEvent, MatroskaEvent } from "@millrace/media/matroska/events";
import { MatroskaReader } from "@millrace/media/matroska/reader";
import { ProducerError } from "../errors.ts";
import { checkTracks, type Track } from "../tracks.ts";
import type { SourceEvent } from "./source.ts";

/**
 * Takes the first track of video and the first of sound; what else there is, is left out.
 *
 * @throws MatroskaError; ProducerError `InvalidTrack` where there is neither, or a track is compressed or encrypted
 */
export async function* matroskaSource(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<SourceEvent> {
  const window = new ByteWindow();
  let events: MatroskaEvent[] = [];
  const reader = new MatroskaReader((event) => events.push(event));
  let chosen = new Map<number, Track>();
  let timestampScale = 1_000_000;

  function* told(): Generator<SourceEvent> {
    for (const event of events) {
      if (event.type === "info") timestampScale = event.info.timestampScale;
      if (event.type === "tracks") {
        chosen = choose(event.tracks);
        yield { type: "tracks", tracks: [...chosen.values()].map(withoutStrippedHeader) };
      }
      const track = event.type === "frame" ? chosen.get(event.track) : undefined;
      if (event.type === "frame" && track !== undefined) {
        yield { type: "frame", frame: frameOf(event, track, window, timestampScale) };
      }
      // The frames of a lace share their block.
      if (event.type !== "segment") window.forget(event.type === "frame" ? event.start : event.end);
    }
    events = [];
  }

  for await (const chunk of chunks) {
    window.add(chunk);
    reader.push(chunk);
    yield* told();
  }
  reader.end();
  yield* told();
}

function frameOf(event: FrameEvent, track: Track, window: ByteWindow, timestampScale: number) {
  const { timestamp, keyframe, dataStart, dataEnd } = event;
  return {
    track: event.track,
    timestamp: (timestamp * timestampScale) / 1e6,
    // Every frame of sound can be begun with; not all muxers say so.
    keyframe: keyframe || track.kind === "audio",
    data: window.slice(dataStart, dataEnd, track.strippedHeader),
  };
}

function choose(tracks: readonly Track[]): Map<number, Track> {
  const found = (["video", "audio"] as const)
    .map((kind) => tracks.find((track) => track.kind === kind))
    .filter((track) => track !== undefined);
  checkTracks(found);
  for (const { number, contentEncoding } of found) {
    if (contentEncoding !== undefined) {
      throw new ProducerError("InvalidTrack", `the frames of track ${number} are encoded: ${contentEncoding}`);
    }
  }
  return new Map(found.map((track) => [track.number, track]));
}

function withoutStrippedHeader({ strippedHeader: _, ...track }: Track): Track {
  return track;
}

/** The bytes that events may still point into. */
class ByteWindow {
  readonly #chunks: Uint8Array[] = [];
  /** Offset of the first chunk in the stream. */
  #start = 0;

  add(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
  }

  forget(before: number): void {
    while (this.#chunks[0] !== undefined && this.#start + this.#chunks[0].length <= before) {
      this.#start += this.#chunks.shift()!.length;
    }
  }

  /** A copy of the bytes `[from, to)`, `prefix` before them. */
  slice(from: number, to: number, prefix: Uint8Array = new Uint8Array(0)): Uint8Array {
    const copy = new Uint8Array(prefix.length + to - from);
    copy.set(prefix);
    let start = this.#start;
    for (const chunk of this.#chunks) {
      if (to <= start) break;
      const part = chunk.subarray(Math.max(0, from - start), to - start);
      if (from < start + chunk.length) copy.set(part, prefix.length + Math.max(0, start - from));
      start += chunk.length;
    }
    return copy;
  }
}
