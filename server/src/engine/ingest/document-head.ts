/**
 * A document up to its first cluster: the header that is stored once and replayed before each of its fragments.
 */
import type { MatroskaEvent, Span } from "@millrace/media/matroska/events";
import type { Track } from "@millrace/media/track";
import type { ByteLog } from "./byte-log.ts";
import { Refused } from "./refused.ts";

type EventOf<Type> = Extract<MatroskaEvent, { type: Type }>;

export class DocumentHead {
  /** In the producer's stream. The end moves until the first cluster. */
  readonly start: number;
  end: number;
  tracks: readonly Track[] | undefined;
  /** Nanoseconds a tick. */
  timestampScale = 1_000_000;
  #hasSegment = false;
  #header: Uint8Array | undefined;

  constructor({ start, end }: Span) {
    this.start = start;
    this.end = end;
  }

  /** From then on all belongs to fragments. */
  get isComplete(): boolean {
    return this.#header !== undefined;
  }

  /** At the first cluster it is cut out, and complete; the same array each time. @throws Refused without tracks */
  headerFrom(log: ByteLog): Uint8Array {
    if (this.tracks === undefined) throw new Refused("INVALID_MKV_DATA");
    // A copy, because chunks are large and a header lives as long as its session.
    this.#header ??= Buffer.concat(log.slice(this.start, this.end));
    return this.#header;
  }

  takeSegment(): void {
    if (this.#hasSegment) throw new Refused("INVALID_MKV_DATA");
    this.#hasSegment = true;
  }

  takeInfo({ info: { timestampScale }, end }: EventOf<"info">): void {
    // Fragments are read with the header alone: what came too late for it would be lost on later ones.
    if (this.isComplete && this.timestampScale !== timestampScale) throw new Refused("INVALID_MKV_DATA");
    this.timestampScale = timestampScale;
    this.#extend(end);
  }

  takeTracks({ tracks, end }: EventOf<"tracks">, atMost: number): void {
    const numbers = new Set(tracks.map(({ number }) => number));
    if (this.tracks !== undefined || tracks.length === 0) throw new Refused("INVALID_MKV_DATA");
    if (atMost < tracks.length) throw new Refused("MORE_THAN_ALLOWED_TRACKS_FOUND");
    if (numbers.size < tracks.length) throw new Refused("INVALID_MKV_DATA");
    this.tracks = tracks;
    this.#extend(end);
  }

  has(track: number): boolean {
    return this.tracks?.some(({ number }) => number === track) ?? false;
  }

  /** Of each frame of the track, in ticks; 0: it does not say. */
  frameTicks(track: number): number {
    const { defaultDuration = 0 } = this.tracks?.find(({ number }) => number === track) ?? {};
    return defaultDuration / this.timestampScale;
  }

  #extend(end: number): void {
    if (!this.isComplete) this.end = end;
  }
}
