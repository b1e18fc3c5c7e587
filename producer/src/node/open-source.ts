/**
 * The source for a file, a URL or standard input, chosen by what it begins with.
 */
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import type { Readable } from "node:stream";
import { annexBSource } from "../sources/annex-b.ts";
import { matroskaSource } from "../sources/matroska.ts";
import type { FrameSource } from "../sources/source.ts";
import { type FfmpegInput, ffmpegSource } from "./ffmpeg-source.ts";

export type OpenSourceOptions = Omit<FfmpegInput, "input" | "stdin"> & {
  /** Of raw H.264 or H.265. Default: 25. */
  frameRate?: number;
  /** What `-` reads. Default: the process's own. */
  stdin?: Readable;
};

/**
 * Matroska and Annex B are read here, all else by FFmpeg. A file's name tells H.264 from H.265 (`.h265`, `.265`, `.hevc`).
 * WebM goes through FFmpeg too: its Vorbis sound is to become AAC.
 */
export async function openSource(input: string, options: OpenSourceOptions = {}): Promise<FrameSource> {
  const { frameRate = 25, stdin = process.stdin, ...ffmpeg } = options;
  const isPlain = ffmpeg.inputArguments === undefined && ffmpeg.videoArguments === undefined;
  if (input === "-") return ffmpeg.inputArguments ? ffmpegSource({ ...ffmpeg, input, stdin }) : fromPipe(stdin);
  if (/^[a-z][a-z0-9+.-]+:/i.test(input) || !isPlain) return ffmpegSource({ ...ffmpeg, input });
  const codec = /\.(h265|265|hevc)$/i.test(input) ? "h265" : "h264";
  const kind = kindOf(await firstBytes(input));
  if (kind === "annexb") return annexBSource(createReadStream(input), { codec, frameRate });
  if (kind === "matroska" && ffmpeg.audio === undefined) return matroskaSource(createReadStream(input));
  return ffmpegSource({ ...ffmpeg, input });

  async function fromPipe(pipe: Readable): Promise<FrameSource> {
    const chunks = pipe[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
    const first = await chunks.next();
    const start = first.done ? new Uint8Array(0) : first.value;
    const whole = rejoined(start, chunks);
    const kind = kindOf(start);
    if (kind === "annexb") return annexBSource(whole, { codec: "h264", frameRate });
    if (kind === "matroska") return matroskaSource(whole);
    const { Readable } = await import("node:stream");
    return ffmpegSource({ ...ffmpeg, input, stdin: Readable.from(whole) });
  }
}

function kindOf(start: Uint8Array): "matroska" | "annexb" | "other" {
  const hex = Array.from(start.subarray(0, 256), (byte) => byte.toString(16).padStart(2, "0")).join("");
  // EBML whose document is no WebM.
  if (hex.startsWith("1a45dfa3")) return hex.includes("4282847765626d") ? "other" : "matroska";
  // A start code before a unit; MPEG-1 and MPEG-2 begin with codes of b0 and more.
  const unit = /^0000(?:00)?01(..)/.exec(hex)?.[1];
  return unit !== undefined && Number.parseInt(unit, 16) < 0x80 ? "annexb" : "other";
}

async function firstBytes(path: string): Promise<Uint8Array> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(new Uint8Array(256), 0, 256, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

async function* rejoined(start: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield start;
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
}
