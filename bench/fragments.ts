/**
 * Matroska to fragmented MP4, and to MPEG-TS, beside FFmpeg's stream copy to HLS of the same input.
 *
 *   node_modules/.bin/node --conditions=millrace-source bench/fragments.ts [FILE]
 *
 * FILE (default ../shared/media/video/bbb_720p24_42s_h264_aac.mp4, else a test picture) is copied into Matroska twenty
 * times over, a cluster for each key frame. With files, both read that file, cut it at the same key frames and write
 * their segments to the same folder. Without, FFmpeg writes one fragmented MP4 to /dev/null, and Millrace has the file in
 * memory and keeps nothing: once parsing Matroska too, once from frames that lie there, as they do when fragments are
 * played. Turns are taken, nine each; the fastest counts, in megabytes of input for a second of CPU time, user and system.
 *
 * Exits 1 when fragmented MP4 is made from file to files less than four times as fast as FFmpeg makes it.
 */
import { execFileSync } from "node:child_process";
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeTrack } from "@millrace/media/codecs/describe-track";
import { MatroskaReader } from "@millrace/media/matroska/reader";
import { buildFragment, type FragmentTrack } from "@millrace/media/mp4/fragment";
import { buildInitSegment } from "@millrace/media/mp4/init";
import type { Frame, Track } from "@millrace/media/track";
import { buildTsSegment } from "@millrace/media/ts/segment";

const ffmpeg = process.env.MILLRACE_FFMPEG ?? "ffmpeg";
const turns = 9;
const timing = { timestampScale: 1e6, timeOffset: 1000 };
const folder = mkdtempSync(join(tmpdir(), "millrace-bench-"));
const input = join(folder, "input.mkv");
const output = join(folder, "output");
const film = process.argv[2] ?? join(import.meta.dirname, "../../shared/media/video/bbb_720p24_42s_h264_aac.mp4");
const testPicture = ["-f", "lavfi", "-i", "testsrc2=s=1280x720:r=25:d=40", "-b:v", "2M", "-g", "50"];
const first = existsSync(film) ? ["-i", film, "-c", "copy"] : testPicture;
run([...first, "-map", "0:v", "-map", "0:a?", join(folder, "once.mkv")]);
run([
  "-stream_loop",
  "19",
  "-i",
  join(folder, "once.mkv"),
  "-map",
  "0",
  "-c",
  "copy",
  "-cluster_time_limit",
  "60000",
  input,
]);

const hls = [
  "-f",
  "hls",
  "-hls_segment_type",
  "fmp4",
  "-hls_time",
  "1",
  "-hls_list_size",
  "0",
  join(output, "list.m3u8"),
];
const discarded = ["-f", "mp4", "-movflags", "frag_keyframe+empty_moov+default_base_moof", "/dev/null"];
const bytes = readFileSync(input);
const again = Buffer.alloc(bytes.length, 1);
const gathered = Buffer.alloc(bytes.length, 1);
const frames = readFragments(bytes);
const ways: Record<string, () => number> = {
  "FFmpeg, files": () => ffmpegSeconds(hls),
  "Millrace, files": () => cpuSeconds(() => mux(readFragments(readInput()), buildMp4, write)),
  FFmpeg: () => ffmpegSeconds(discarded),
  "Millrace, parsing": () => cpuSeconds(() => mux(readFragments(bytes), buildMp4)),
  "Millrace, frames": () => cpuSeconds(() => mux(frames, buildMp4)),
  "MPEG-TS, frames": () => cpuSeconds(() => mux(frames, buildTs)),
};
const best = new Map<string, number>();
for (let turn = 0; turn < turns; turn++) {
  for (const [name, measure] of Object.entries(ways)) {
    emptyOutput();
    best.set(name, Math.max(best.get(name) ?? 0, bytes.length / 1e6 / measure()));
  }
}
rmSync(folder, { recursive: true });
for (const [name, rate] of best) console.log(`${name.padEnd(18)}${rate.toFixed(0).padStart(6)} MB for a second of CPU`);
const times = (ours: string, theirs: string) => best.get(ours)! / best.get(theirs)!;
const files = times("Millrace, files", "FFmpeg, files");
console.log(
  `${(bytes.length / 1e6).toFixed(0)} MB of input; ${files.toFixed(1)} times FFmpeg with files, without them ` +
    `${times("Millrace, parsing", "FFmpeg").toFixed(1)} parsing, ${times("Millrace, frames", "FFmpeg").toFixed(1)} from frames`,
);
if (files < 4) process.exitCode = 1;

/** As FFmpeg itself counts them. */
function ffmpegSeconds(to: readonly string[]): number {
  const report = run(["-benchmark", "-v", "info", "-i", input, "-map", "0", "-c", "copy", ...to]);
  const [, user, system] = /utime=([\d.]+)s stime=([\d.]+)s/.exec(report)!;
  return Number(user) + Number(system);
}

/** Once before: starting FFmpeg has forked this process, and the first write to each of its pages copies that page. */
function cpuSeconds(work: () => void): number {
  work();
  emptyOutput();
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

function emptyOutput(): void {
  rmSync(output, { recursive: true, force: true });
  mkdirSync(output);
}

type Fragments = { tracks: readonly Track[]; groups: Frame[][] };

function readFragments(bytes: Uint8Array): Fragments {
  const read: Fragments = { tracks: [], groups: [] };
  const reader = new MatroskaReader((event) => {
    if (event.type === "tracks") read.tracks = event.tracks;
    if (event.type === "cluster") read.groups.push([]);
    if (event.type !== "frame") return;
    const { track, timestamp, keyframe, dataStart, dataEnd } = event;
    read.groups.at(-1)!.push({ track, timestamp, keyframe, data: bytes.subarray(dataStart, dataEnd) });
  });
  reader.push(bytes);
  reader.end();
  return read;
}

function buildMp4(tracks: readonly FragmentTrack[], number: number): readonly Uint8Array[] {
  return number === 0
    ? [buildInitSegment(tracks, 1000), ...buildFragment(1, tracks, timing)]
    : buildFragment(number, tracks, timing);
}

function buildTs(tracks: readonly FragmentTrack[]): readonly Uint8Array[] {
  return [buildTsSegment(tracks, timing)];
}

function mux(
  { tracks, groups }: Fragments,
  build: typeof buildMp4,
  emit?: (name: string, parts: readonly Uint8Array[]) => void,
): void {
  for (const [n, group] of groups.entries()) {
    const given = tracks.map((track) => {
      const own = group.filter((frame) => frame.track === track.number);
      return { trackId: track.number, format: describeTrack(track), frames: own };
    });
    const parts = build(given, n);
    emit?.(`segment-${n}`, parts);
  }
}

/** Into the same memory each time, as FFmpeg has it: fresh pages cost more than all the rest. */
function readInput(): Uint8Array {
  const file = openSync(input, "r");
  for (let at = 0; at < again.length; ) at += readSync(file, again, at, again.length - at, null);
  closeSync(file);
  return again;
}

function write(name: string, parts: readonly Uint8Array[]): void {
  let size = 0;
  for (const part of parts) {
    gathered.set(part, size);
    size += part.length;
  }
  const file = openSync(join(output, name), "w");
  for (let at = 0; at < size; ) at += writeSync(file, gathered, at, size - at);
  closeSync(file);
}

function run(args: readonly string[]): string {
  return execFileSync("sh", ["-c", '"$@" 2>&1', "sh", ffmpeg, "-y", "-hide_banner", "-v", "error", ...args], {
    encoding: "utf8",
  });
}
