/**
 * The boxes of `moov` that fragmented and progressive files share.
 *
 * @see ISO/IEC 14496-12, 8.2 to 8.4
 */
import type { TrackFormat } from "../codecs/describe-track.ts";
import { box, type Field, fullBox, u16, u32, unityMatrix, zeros } from "./boxes.ts";

export type MovieTrack = {
  trackId: number;
  format: TrackFormat;
  /** ISO 639-2: `eng`. Undetermined without. */
  language?: string;
};

/** Durations in the movie's timescale; 0 where fragments tell them. */
export function movieHeader(timescale: number, duration: number, nextTrackId: number): Uint8Array {
  return fullBox("mvhd", 0, 0, [
    u32(0, 0, timescale, duration, 0x10000),
    u16(0x100, 0),
    zeros(8),
    unityMatrix,
    zeros(24),
    u32(nextTrackId),
  ]);
}

export function trackHeader({ trackId, format }: MovieTrack, duration: number): Uint8Array {
  const enabledInMovie = 3;
  const [width, height] = format.kind === "video" ? displaySize(format) : [0, 0];
  return fullBox("tkhd", 0, enabledInMovie, [
    u32(0, 0, trackId, 0, duration),
    zeros(8),
    u16(0, 0, format.kind === "audio" ? 0x100 : 0, 0),
    unityMatrix,
    u32(width * 65536, height * 65536),
  ]);
}

/** Pictures are stretched in width alone, to square pixels. */
function displaySize({ width, height, pixelAspect: [x, y] = [1, 1] }: TrackFormat & { kind: "video" }) {
  return [Math.min(0xffff, Math.round((width * x) / y)), height] as const;
}

export function media(
  { format, language }: MovieTrack,
  timescale: number,
  duration: number,
  sampleTable: Uint8Array,
): Uint8Array {
  const isVideo = format.kind === "video";
  return box(
    "mdia",
    fullBox("mdhd", 0, 0, u32(0, 0, timescale, duration), u16(packLanguage(language), 0)),
    fullBox("hdlr", 0, 0, u32(0), isVideo ? "vide" : "soun", zeros(12), isVideo ? "Video\0" : "Sound\0"),
    box(
      "minf",
      isVideo ? fullBox("vmhd", 0, 1, zeros(8)) : fullBox("smhd", 0, 0, zeros(4)),
      box("dinf", fullBox("dref", 0, 0, u32(1), fullBox("url ", 0, 1))),
      sampleTable,
    ),
  );
}

export function sampleDescriptions(entries: readonly Field[]): Uint8Array {
  return fullBox("stsd", 0, 0, u32(entries.length), entries);
}

/** Three letters of five bits. */
function packLanguage(language = "und"): number {
  const known = /^[a-z]{3}$/.test(language) ? language : "und";
  return Array.from(known).reduce((packed, letter) => (packed << 5) | (letter.charCodeAt(0) - 0x60), 0);
}

export function fileType(major: string, ...compatible: readonly string[]): Uint8Array {
  return box("ftyp", major, u32(major === "isom" ? 512 : 0), compatible);
}
