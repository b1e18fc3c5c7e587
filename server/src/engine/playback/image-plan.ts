/**
 * Which frames must be decoded to show some moments of a fragment, and FFmpeg's command for it.
 */
import { buildCluster, buildHeader } from "@millrace/media/matroska/writer";
import type { Frame, Track } from "@millrace/media/track";

export type ImageFormat = {
  format: "JPEG" | "PNG";
  /** 1 to 100, of JPEG. */
  quality: number;
  /** Pixels. One alone keeps the shape of the picture; both stretch it. */
  width?: number;
  height?: number;
};

export type ImagePlan = {
  /** Matroska of the frames that are needed; the timestamp of each is its rank in the order of presentation. */
  document: readonly Uint8Array[];
  /** Of the wanted pictures, rising, each once. */
  ranks: readonly number[];
};

/** The frame that is seen at this moment, in ticks; the first one before it. An index into `frames`. */
export function frameAt(frames: readonly Frame[], timestamp: number): number {
  let best = 0;
  let earliest = 0;
  for (const [i, frame] of frames.entries()) {
    if (frame.timestamp < frames[earliest]!.timestamp) earliest = i;
    const isBefore = frame.timestamp <= timestamp;
    if (isBefore && (timestamp < frames[best]!.timestamp || frames[best]!.timestamp < frame.timestamp)) best = i;
  }
  return frames[best]!.timestamp <= timestamp ? best : earliest;
}

/** @param wanted indices into `frames`, which are of one track and in decoding order */
export function planImages(track: Track, frames: readonly Frame[], wanted: readonly number[]): ImagePlan {
  const needed = new Set<number>();
  for (const index of wanted) {
    const key = frames.findLastIndex(({ keyframe }, i) => keyframe && i <= index);
    for (let i = Math.max(0, key); i <= index; i++) needed.add(i);
  }
  const inOrder = [...needed].sort((a, b) => frames[a]!.timestamp - frames[b]!.timestamp || a - b);
  const ranks = new Map(inOrder.map((index, rank) => [index, rank]));
  const decoded = [...needed].sort((a, b) => a - b);
  const { strippedHeader: _, ...plain } = track;
  return {
    document: [
      buildHeader({ tracks: [{ ...plain, number: 1 }] }),
      buildCluster(
        0,
        decoded.map((index) => ({ ...frames[index]!, track: 1, timestamp: ranks.get(index)! })),
      ),
    ],
    ranks: [...new Set(wanted.map((index) => ranks.get(index)!))].sort((a, b) => a - b),
  };
}

/** Reads from stdin, writes one image after another to stdout. */
export function imageArguments(ranks: readonly number[], { format, quality, width, height }: ImageFormat): string[] {
  const select = `select='${ranks.map((rank) => `eq(pts\\,${rank})`).join("+")}'`;
  const scale = width === undefined && height === undefined ? [] : [`scale=${width ?? -1}:${height ?? -1}`];
  const encoder =
    format === "PNG"
      ? ["-c:v", "png", "-pix_fmt", "rgb24"]
      : ["-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-qmin", "1", "-q:v", String(quantizerOf(quality))];
  return [
    ...["-v", "error", "-threads", "1", "-f", "matroska", "-i", "pipe:0", "-map", "0:v:0"],
    // A second for each: encoders drop what lies closer together than they count.
    ...["-vf", [select, "settb=1", "setpts=N", ...scale].join(","), "-fps_mode", "passthrough"],
    ...[...encoder, "-f", "image2pipe", "pipe:1"],
  ];
}

/** The Independent JPEG Group's quality as the scale of FFmpeg's table, which at 8 is about theirs at 50. */
function quantizerOf(quality: number): number {
  const percent = quality < 50 ? 5000 / quality : 200 - 2 * quality;
  return Math.min(31, Math.max(1, Math.round((percent * 8) / 100)));
}

/** Images that stand one behind another. What is cut short is left out. */
export function splitImages(bytes: Uint8Array, format: ImageFormat["format"]): Uint8Array[] {
  return format === "PNG" ? splitPng(bytes) : splitJpeg(bytes);
}

/** By its segments, and in what a scan has by the markers, before which no 0xFF stands as data. @see ITU-T T.81, B.1.1 */
function splitJpeg(bytes: Uint8Array): Uint8Array[] {
  const images: Uint8Array[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let from = 0;
  for (let at = 2; at + 2 <= bytes.length && bytes[at] === 0xff; ) {
    const marker = bytes[at + 1]!;
    if (marker === endOfImage) {
      images.push(bytes.subarray(from, at + 2));
      from = at + 2;
      at += 4;
      continue;
    }
    if (bytes.length < at + 4) break;
    at += 2 + view.getUint16(at + 2);
    if (marker === startOfScan) while (at < bytes.length && !isMarker(bytes, at)) at++;
  }
  return images;
}

const [endOfImage, startOfScan] = [0xd9, 0xda];

/** Not a stuffed byte, and none of those that restart within a scan. */
function isMarker(bytes: Uint8Array, at: number): boolean {
  const next = bytes[at + 1] ?? 0;
  return bytes[at] === 0xff && next !== 0 && !(0xd0 <= next && next <= 0xd7);
}

/** By the lengths of the chunks. @see PNG specification, 5.3 */
function splitPng(bytes: Uint8Array): Uint8Array[] {
  const images: Uint8Array[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let from = 0;
  for (let at = 8; at + 12 <= bytes.length; ) {
    const isEnd = view.getUint32(at + 4) === 0x4945_4e44;
    at += 12 + view.getUint32(at);
    if (!isEnd || bytes.length < at) continue;
    images.push(bytes.subarray(from, at));
    from = at;
    at += 8;
  }
  return images;
}
