/** Real frames for tests: FFmpeg encodes, ffprobe says what lies in a file, packet by packet with its bytes. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildAcmFormat } from "../src/codecs/g711.ts";
import type { Frame, Track } from "../src/track.ts";

export const ffmpeg = process.env.MILLRACE_FFMPEG ?? "ffmpeg";
export const ffprobe = process.env.MILLRACE_FFPROBE ?? "ffprobe";

export type Packet = { stream: number; pts: number; dts: number; duration: number; key: boolean; data: Uint8Array };
export type Stream = { codec: string; timeBase: number; extradata?: Uint8Array; [key: string]: unknown };
export type Probe = { streams: Stream[]; packets: Packet[] };

/** Times of packets in seconds. */
export function probe(parts: Uint8Array | readonly Uint8Array[], extension: string): Probe {
  return withFile(extension, parts, (path) => probeFile(path));
}

export function withFile<T>(extension: string, parts: Uint8Array | readonly Uint8Array[], use: (path: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "millrace-media-"));
  const path = join(folder, `input.${extension}`);
  writeFileSync(path, parts instanceof Uint8Array ? parts : Buffer.concat(parts));
  const result = use(path);
  rmSync(folder, { recursive: true });
  return result;
}

export function probeFile(path: string): Probe {
  const args = ["-v", "error", "-show_streams", "-show_packets", "-show_data", "-of", "json", path];
  const text = execFileSync(ffprobe, args, { encoding: "utf8", maxBuffer: 2 ** 28 });
  const { streams = [], packets = [] } = JSON.parse(text);
  return {
    streams: streams.map((stream: Record<string, string>) => ({
      ...stream,
      codec: stream.codec_name,
      timeBase: fraction(stream.time_base!),
      extradata: stream.extradata === undefined ? undefined : bytesOfDump(stream.extradata),
    })),
    packets: packets.map((packet: Record<string, string>) => ({
      stream: Number(packet.stream_index),
      pts: Number(packet.pts_time),
      dts: Number(packet.dts_time),
      duration: Number(packet.duration_time),
      key: packet.flags!.startsWith("K"),
      data: bytesOfDump(packet.data!),
    })),
  };
}

export function fraction(text: string): number {
  const [over, under = 1] = text.split("/").map(Number);
  return over! / under;
}

/** `00000000: 0001 0203  ....`: an offset, hexadecimal bytes, and text after two spaces. */
function bytesOfDump(dump: string): Uint8Array {
  const digits = dump
    .split("\n")
    .map((line) => line.slice(10, 50).replaceAll(" ", ""))
    .join("");
  return new Uint8Array(Buffer.from(digits, "hex"));
}

export type Source = { tracks: Track[]; frames: Frame[]; probed: Probe };

/** Encodes into Matroska and takes the tracks and frames from it; ticks are milliseconds. */
export function encode(...args: readonly string[]): Source {
  const folder = mkdtempSync(join(tmpdir(), "millrace-media-"));
  const path = join(folder, "encoded.mkv");
  execFileSync(ffmpeg, ["-v", "error", ...args, path]);
  const source = readSource(path);
  rmSync(folder, { recursive: true });
  return source;
}

export function readSource(path: string): Source {
  const probed = probeFile(path);
  const tracks = probed.streams.map(trackOf);
  const frames = probed.packets.map(({ stream, pts, key, data }) => ({
    track: stream + 1,
    timestamp: Math.round(pts * 1000),
    keyframe: key,
    data,
  }));
  return { tracks, frames, probed };
}

const codecIds: Record<string, string> = {
  h264: "V_MPEG4/ISO/AVC",
  hevc: "V_MPEGH/ISO/HEVC",
  vp8: "V_VP8",
  vp9: "V_VP9",
  aac: "A_AAC",
  opus: "A_OPUS",
  mp3: "A_MPEG/L3",
  pcm_alaw: "A_MS/ACM",
  pcm_mulaw: "A_MS/ACM",
};

function trackOf(stream: Stream, index: number): Track {
  const { codec, extradata } = stream;
  const number = index + 1;
  const codecId = codecIds[codec]!;
  if (stream.codec_type === "video") {
    const video = { width: Number(stream.width), height: Number(stream.height) };
    return { number, kind: "video", codecId, codecPrivate: extradata, video };
  }
  const audio = { sampleRate: Number(stream.sample_rate), channels: Number(stream.channels) };
  const law = codec === "pcm_alaw" ? "alaw" : "mulaw";
  const codecPrivate = codec.startsWith("pcm") ? buildAcmFormat({ law, ...audio }) : extradata;
  return { number, kind: "audio", codecId, codecPrivate, audio };
}

export function digest(data: Uint8Array): string {
  return createHash("sha256").update(data).digest("hex").slice(0, 16);
}

export const picture = {
  h264: ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"],
  /** B-frames, also as references, closed GOPs of 25 frames. */
  h264WithB: ["-c:v", "libx264", "-bf", "3", "-b-pyramid", "normal", "-g", "25", "-sc_threshold", "0"],
  h265: ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none:bframes=3:keyint=25"],
};

export function testPicture(size: string, seconds: number, rate = 25): string[] {
  return ["-f", "lavfi", "-i", `testsrc2=s=${size}:r=${rate}:d=${seconds}`];
}

export function testSound(seconds: number, rate = 48_000): string[] {
  return ["-f", "lavfi", "-i", `sine=f=440:r=${rate}:d=${seconds}`];
}
