/**
 * A media segment of fragmented MP4: `styp`, `moof` and `mdat`.
 *
 * @see ISO/IEC 14496-12, 8.8
 */
import type { TrackFormat } from "../codecs/describe-track.ts";
import { decodeTimes, type Timescale, timescaleOf } from "../timing.ts";
import type { Frame } from "../track.ts";
import { box } from "./boxes.ts";
import { appendSample, lastDuration, sampleFlags } from "./samples.ts";

export type FragmentTrack = {
  trackId: number;
  format: TrackFormat;
  /** Of this track alone, in decoding order. A track without frames is left out of the fragment. */
  frames: readonly Frame[];
  /** Nanoseconds a frame, as the track says. */
  defaultDuration?: number;
  /** Ticks: the earliest frame of what follows without a gap. Unknown: see `lastDuration`. */
  nextTimestamp?: number;
};

export type FragmentTiming = {
  /** Nanoseconds a tick; the init segment's timescale is `timescaleOf` it. */
  timestampScale: number;
  /** Ticks added to every timestamp, to move the fragment to the clock that players see. */
  timeOffset?: number;
};

/**
 * The parts of the segment in order; the frames' bytes among them are the views that came in.
 * Decode times are `decodeTimes`; after B-frames they pause until the next fragment.
 *
 * @throws CodecError "invalid-frame"; RangeError for times and sizes that the boxes cannot hold
 */
export function buildFragment(
  sequenceNumber: number,
  tracks: readonly FragmentTrack[],
  { timestampScale, timeOffset = 0 }: FragmentTiming,
): Uint8Array[] {
  const clock = timescaleOf(timestampScale);
  const used = tracks.filter(({ frames }) => 0 < frames.length);
  const trafSizes = used.map(({ format, frames }) => trunAt + trunHead + frames.length * rowSize(format));
  const moofSize = 8 + mfhdSize + trafSizes.reduce((sum, size) => sum + size, 0);
  const head = new Uint8Array(moofSize + 8);
  const view = new DataView(head.buffer);
  const parts: Uint8Array[] = [segmentType, head];

  writeBoxHead(view, 0, moofSize, "moof");
  writeBoxHead(view, 8, mfhdSize, "mfhd");
  view.setUint32(20, sequenceNumber);
  let trafFrom = 8 + mfhdSize;
  let dataSize = 0;
  for (const [i, track] of used.entries()) {
    const { trackId, format, frames } = track;
    const presentation = frames.map(({ timestamp }) => clock.fromTicks(timestamp + timeOffset));
    const { decode, shown } = decodeTimes(presentation);
    const end = endOf(track, shown, clock, timeOffset);
    writeTrackHead(view, trafFrom, trafSizes[i]!, trackId, format, decode[0]!);
    writeRunHead(view, trafFrom + trunAt, format, frames.length, moofSize + 8 + dataSize);
    let row = trafFrom + trunAt + trunHead;
    for (const [n, frame] of frames.entries()) {
      const size = appendSample(parts, frame.data, format);
      const duration = n + 1 < frames.length ? decode[n + 1]! - decode[n]! : end - shown[n]!;
      view.setUint32(row, Math.min(duration, 0xffff_ffff));
      view.setUint32(row + 4, size);
      if (format.kind === "video") {
        view.setUint32(row + 8, frame.keyframe ? sampleFlags.key : sampleFlags.other);
        view.setInt32(row + 12, presentation[n]! - decode[n]!);
      }
      row += rowSize(format);
      dataSize += size;
    }
    trafFrom += trafSizes[i]!;
  }
  if (0xffff_fff7 < dataSize) throw new RangeError(`a fragment of ${dataSize} bytes is too large`);
  writeBoxHead(view, moofSize, 8 + dataSize, "mdat");
  return parts;
}

/**
 * When the last picture, or the last sound, is over. Samples last as long as they are shown, the last one too: hls.js
 * takes the longest for the end of the fragment, and would leave a hole after one that lasts until the next is decoded.
 */
function endOf(track: FragmentTrack, shown: readonly number[], clock: Timescale, timeOffset: number): number {
  const { frames, format, defaultDuration, nextTimestamp } = track;
  const last = shown.at(-1)!;
  const next = nextTimestamp === undefined ? last : clock.fromTicks(nextTimestamp + timeOffset);
  if (last < next) return next;
  const lastDelta = 1 < shown.length ? last - shown.at(-2)! : undefined;
  return last + lastDuration({ frame: frames.at(-1)!, format, defaultDuration, lastDelta }, clock);
}

const segmentType = box("styp", "msdh", new Uint8Array(4), "msdh", "msix", "cmfs");
const mfhdSize = 16;
const [tfhdAt, tfdtAt, trunAt] = [8, 28, 48];
const trunHead = 20;

/** Sound has a duration and a size for every sample; pictures flags and a composition offset too. */
function rowSize({ kind }: TrackFormat): number {
  return kind === "video" ? 16 : 8;
}

function writeTrackHead(
  view: DataView,
  from: number,
  size: number,
  trackId: number,
  format: TrackFormat,
  baseDecodeTime: number,
): void {
  const defaultFlagsPresentAndBaseIsMoof = 0x02_0020;
  writeBoxHead(view, from, size, "traf");
  writeBoxHead(view, from + tfhdAt, tfdtAt - tfhdAt, "tfhd");
  view.setUint32(from + tfhdAt + 8, defaultFlagsPresentAndBaseIsMoof);
  view.setUint32(from + tfhdAt + 12, trackId);
  view.setUint32(from + tfhdAt + 16, format.kind === "video" ? sampleFlags.other : sampleFlags.key);
  writeBoxHead(view, from + tfdtAt, trunAt - tfdtAt, "tfdt");
  view.setUint32(from + tfdtAt + 8, 0x0100_0000);
  view.setUint32(from + tfdtAt + 12, Math.floor(baseDecodeTime / 2 ** 32));
  view.setUint32(from + tfdtAt + 16, baseDecodeTime % 2 ** 32);
}

function writeRunHead(view: DataView, from: number, format: TrackFormat, count: number, dataOffset: number): void {
  const offsetDurationSize = 0x301;
  const flagsAndComposition = 0xc00;
  const signedOffsets = 0x0100_0000;
  writeBoxHead(view, from, trunHead + count * rowSize(format), "trun");
  const isVideo = format.kind === "video";
  view.setUint32(from + 8, isVideo ? signedOffsets + offsetDurationSize + flagsAndComposition : offsetDurationSize);
  view.setUint32(from + 12, count);
  view.setInt32(from + 16, dataOffset);
}

function writeBoxHead(view: DataView, at: number, size: number, type: string): void {
  view.setUint32(at, size);
  for (let i = 0; i < 4; i++) view.setUint8(at + 4 + i, type.charCodeAt(i));
}
