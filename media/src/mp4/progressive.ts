/**
 * A whole MP4 that plays while it loads: `moov` before `mdat`.
 *
 * @see ISO/IEC 14496-12, 8.6 and 8.7
 */
import type { VideoFormat } from "../codecs/describe-track.ts";
import { reorderDelay, rescaled, type Timescale, timescaleOf } from "../timing.ts";
import type { Frame } from "../track.ts";
import { box, fullBox, u32 } from "./boxes.ts";
import { fileType, type MovieTrack, media, movieHeader, trackHeader } from "./movie.ts";
import { buildSampleEntry } from "./sample-entries.ts";
import { buildSampleTable, type SampleRun } from "./sample-table.ts";
import { appendSample, lastDuration } from "./samples.ts";

export type ClipFragment = {
  /** Nanoseconds a tick. */
  timestampScale: number;
  /** Ticks added to every timestamp, to move the fragment to the clip's clock. */
  timeOffset?: number;
  tracks: readonly ClipTrack[];
  /** Of all tracks, in decoding order. Those of tracks not listed are left out. */
  frames: readonly Frame[];
};

/** `trackId` is the number by which the frames name it. */
export type ClipTrack = MovieTrack & {
  /** Nanoseconds a frame. */
  defaultDuration?: number;
};

/**
 * The parts of the file in order; the frames' bytes among them are the views that came in.
 *
 * The clip begins at its earliest frame. Frames keep their times: a gap lengthens the sample before it, and a track that
 * begins later waits in an edit list. A track may change its configuration from fragment to fragment, not its codec.
 *
 * @param fragments in order of time, none twice
 * @throws CodecError "invalid-frame"; RangeError where a track changes its codec, or the clip is too long or too large
 */
export function buildClip(fragments: readonly ClipFragment[]): Uint8Array[] {
  const clock = clipClock(fragments);
  const data: Uint8Array[] = [];
  const tracks = new Map<number, TrackPlan>();
  let dataSize = 0;
  for (const fragment of fragments) {
    for (const track of fragment.tracks) {
      const frames = fragment.frames.filter((frame) => frame.track === track.trackId);
      if (frames.length === 0) continue;
      const plan = tracks.get(track.trackId) ?? startPlan(track);
      tracks.set(track.trackId, plan);
      dataSize += appendChunk(plan, track, frames, fragment, clock(fragment.timestampScale), dataSize, data);
    }
  }
  return [...buildHead([...tracks.values()], clock(1e6).timescale, dataSize), ...data];
}

type TrackPlan = SampleRun & { track: MovieTrack; presentation: number[]; decode: number[] };

function startPlan(track: MovieTrack): TrackPlan {
  const samples = { entries: [], chunks: [], sizes: [], keyframes: [], lastDuration: 0 };
  return { track, presentation: [], decode: [], ...samples };
}

/** The first fragment's own ticks, unless the clip is so long that its duration would need more than 32 bits. */
function clipClock(fragments: readonly ClipFragment[]): (timestampScale: number) => Timescale {
  let first = Number.POSITIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;
  for (const { timestampScale, timeOffset = 0, frames } of fragments) {
    for (const { timestamp } of frames) {
      const seconds = ((timestamp + timeOffset) * timestampScale) / 1e9;
      if (seconds < first) first = seconds;
      if (last < seconds) last = seconds;
    }
  }
  const own = timescaleOf(fragments[0]?.timestampScale ?? 1e6).timescale;
  const timescale = (last - first) * own < 2 ** 31 ? own : 1000;
  return (timestampScale) => {
    const exact = timescaleOf(timestampScale);
    return exact.timescale === timescale ? exact : rescaled(timestampScale, timescale);
  };
}

/**
 * Adds a fragment's frames of one track. Decode times are sorted within the fragment and never go back between two.
 *
 * @returns how many bytes went into `data`
 */
function appendChunk(
  plan: TrackPlan,
  { format, defaultDuration }: ClipTrack,
  frames: readonly Frame[],
  { timeOffset = 0 }: ClipFragment,
  clock: Timescale,
  offset: number,
  data: Uint8Array[],
): number {
  const { codec } = plan.track.format;
  if (format.codec !== codec) throw new RangeError(`a track of a clip cannot change from ${codec} to ${format.codec}`);
  const times = frames.map(({ timestamp }) => clock.fromTicks(timestamp + timeOffset));
  const entry = entryOf(plan.entries, buildSampleEntry(format));
  let changed = 0 < plan.chunks.length && plan.chunks.at(-1)!.entry !== entry;
  let chunkSize = 0;
  for (const { data: bytes, keyframe } of frames) {
    const repeated = changed && keyframe && format.kind === "video" ? appendParameterSets(data, format) : 0;
    changed &&= !keyframe;
    const size = repeated + appendSample(data, bytes, format);
    plan.sizes.push(size);
    plan.keyframes.push(keyframe);
    chunkSize += size;
  }
  for (const time of times) plan.presentation.push(time);
  for (const time of times.toSorted((a, b) => a - b)) plan.decode.push(Math.max(time, plan.decode.at(-1) ?? time));
  const lastDelta = (plan.decode.at(-1) ?? 0) - (plan.decode.at(-2) ?? 0);
  const frame = frames.at(-1)!;
  plan.lastDuration = lastDuration(
    { frame, format, defaultDuration, lastDelta: plan.decode.length < 2 ? 0 : lastDelta },
    clock,
  );
  plan.chunks.push({ offset, samples: frames.length, entry });
  return chunkSize;
}

/** Where the configuration changes, its first key frame has it too: Chromium knows only the first sample entry. */
function appendParameterSets(data: Uint8Array[], { nal }: VideoFormat): number {
  let size = 0;
  for (const set of nal?.parameterSets ?? []) {
    const length = new Uint8Array(nal!.lengthSize);
    for (let i = length.length - 1, rest = set.length; 0 <= i; i--, rest >>>= 8) length[i] = rest;
    data.push(length, set);
    size += length.length + set.length;
  }
  return size;
}

function entryOf(entries: Uint8Array[], entry: Uint8Array): number {
  const known = entries.findIndex(
    (other) => other.length === entry.length && other.every((byte, at) => byte === entry[at]),
  );
  return known < 0 ? entries.push(entry) - 1 : known;
}

function buildHead(plans: readonly TrackPlan[], timescale: number, dataSize: number): Uint8Array[] {
  const type = fileType("isom", "isom", "iso2", "avc1", "mp41");
  const wide = 0xffff_fff7 < dataSize + 2 ** 24;
  const mdat = wide ? box("mdat", u32(0, 0)) : box("mdat");
  const view = new DataView(mdat.buffer);
  if (wide) {
    view.setUint32(0, 1);
    view.setBigUint64(8, BigInt(16 + dataSize));
  } else {
    view.setUint32(0, 8 + dataSize);
  }
  // Offsets have one width, so the movie has one size wherever the data begins.
  const movieSize = buildMovie(plans, timescale, 0, wide).length;
  return [type, buildMovie(plans, timescale, type.length + movieSize + mdat.length, wide), mdat];
}

function buildMovie(plans: readonly TrackPlan[], timescale: number, dataFrom: number, wide: boolean): Uint8Array {
  const origin = plans.reduce((earliest, { decode }) => Math.min(earliest, decode[0]!), Number.POSITIVE_INFINITY);
  const ends = plans.map(({ decode, lastDuration }) => decode.at(-1)! + lastDuration - origin);
  const nextTrackId = 1 + Math.max(0, ...plans.map(({ track }) => track.trackId));
  const duration = Math.max(0, ...ends);
  const tracks = plans.map((plan, i) => {
    const { track, decode, presentation } = plan;
    const start = decode[0]!;
    const delay = reorderDelay(presentation, decode);
    const table = buildSampleTable(plan, {
      durations: decode.map((time, n) => (n + 1 < decode.length ? decode[n + 1]! - time : plan.lastDuration)),
      offsets: presentation.map((time, n) => time - decode[n]! + delay),
      dataFrom,
      wide,
    });
    const wait = start - origin;
    const shown = ends[i]! - wait;
    return box(
      "trak",
      trackHeader(track, ends[i]!),
      wait === 0 && delay === 0 ? [] : box("edts", editList(wait, shown, delay)),
      media(track, timescale, shown, table),
    );
  });
  return box("moov", movieHeader(timescale, duration, nextTrackId), tracks);
}

/** Nothing for as long as the track waits, then its media from where its first frame is composed. */
function editList(wait: number, shown: number, mediaTime: number): Uint8Array {
  const rate = 0x10000;
  const nothing = 0xffff_ffff;
  const edits = [...(0 < wait ? [u32(wait, nothing, rate)] : []), u32(shown, mediaTime, rate)];
  return fullBox("elst", 0, 0, u32(edits.length), edits);
}
