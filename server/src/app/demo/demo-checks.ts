/**
 * What the demo's job should have made, held against what ffprobe and the pixels say.
 */
import { execFile } from "node:child_process";
import { createWriteStream } from "node:fs";
import { mkdir, readdir, readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { GetObjectCommand, paginateListObjectsV2, type S3Client } from "@aws-sdk/client-s3";
import { metadata, rungs, segmentSeconds, thumbnailSeconds } from "./demo-job.ts";
import { logoColour } from "./demo-media.ts";

export type Check = { what: string; found: string; problems: string[] };

type Probe = {
  format: { format_name: string; duration?: string; bit_rate?: string; tags?: Record<string, string> };
  streams: {
    codec_type: string;
    codec_name: string;
    profile?: string;
    level?: number;
    width?: number;
    height?: number;
    avg_frame_rate?: string;
    channels?: number;
    sample_rate?: string;
    disposition?: { attached_pic?: number };
  }[];
};

/** Every object of the bucket, under its key. */
export async function downloadOutputs(s3: S3Client, bucket: string, folder: string): Promise<void> {
  for await (const page of paginateListObjectsV2({ client: s3 }, { Bucket: bucket })) {
    for (const { Key = "" } of page.Contents ?? []) {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key }));
      const path = join(folder, Key);
      await mkdir(dirname(path), { recursive: true });
      await pipeline(Body as Readable, createWriteStream(path));
    }
  }
}

export async function checkOutputs(source: string, folder: string): Promise<Check[]> {
  const input = await probe(source);
  const seconds = Number(input.format.duration);
  const hasVideo = input.streams.some(isPicture);
  const hasAudio = input.streams.some(({ codec_type }) => codec_type === "audio");
  if (!hasVideo) return [{ what: "input", found: "no picture", problems: ["the demo needs a file with video"] }];
  const checks: Check[] = [];
  for (const { name } of rungs) checks.push(await checkRendition(join(folder, "demo/hls"), name, seconds, hasAudio));
  checks.push(await checkMaster(join(folder, "demo/hls/index.m3u8")));
  checks.push(await checkFilm(join(folder, "demo/film.mp4"), seconds, hasAudio));
  checks.push(await checkLogo(join(folder, "demo/film.mp4"), seconds));
  checks.push(await checkThumbnails(join(folder, "demo/thumbnails"), seconds));
  return checks;
}

export function printTable(checks: readonly Check[]): void {
  const width = Math.max(...checks.map(({ what }) => what.length));
  process.stdout.write("\n");
  for (const { what, found, problems } of checks) {
    process.stdout.write(`  ${problems.length === 0 ? "✔" : "✘"} ${what.padEnd(width)}  ${found}\n`);
    for (const problem of problems) process.stdout.write(`      ${problem}\n`);
  }
  process.stdout.write("\n");
}

async function checkRendition(folder: string, name: string, seconds: number, hasAudio: boolean): Promise<Check> {
  const playlist = await readFile(join(folder, `${name}.m3u8`), "utf8").catch(() => "");
  const found = await probe(join(folder, `${name}.m3u8`));
  const durations = [...playlist.matchAll(/#EXTINF:([\d.]+)/g)].map((match) => Number(match[1]));
  const total = durations.reduce((sum, one) => sum + one, 0);
  const problems = streamProblems(found, "main|baseline|constrained baseline", hasAudio);
  if (!playlist.endsWith("#EXT-X-ENDLIST\n")) problems.push("the playlist does not end");
  if (0.25 < Math.abs(total - seconds))
    problems.push(`${total.toFixed(2)} s in the playlist, ${seconds.toFixed(2)} s in the input`);
  if (seconds <= segmentSeconds * 2 ? durations.length < 1 : durations.length < 2) problems.push("too few segments");
  const segments = (await readdir(folder)).filter((file) => file.startsWith(name) && file.endsWith(".ts"));
  const sizes = await Promise.all(segments.map(async (file) => (await stat(join(folder, file))).size));
  const bits = 8 * sizes.reduce((sum, one) => sum + one, 0);
  found.format.bit_rate = `${bits / total}`;
  return { what: `HLS ${name}`, found: `${describe(found, total)}, ${durations.length} segments`, problems };
}

async function checkMaster(path: string): Promise<Check> {
  const text = await readFile(path, "utf8").catch(() => "");
  const variants = [...text.matchAll(/#EXT-X-STREAM-INF:.*BANDWIDTH=(\d+).*\n(.+)/g)].map((match) => match[2]);
  const expected = rungs.map(({ name }) => `${name}.m3u8`);
  const problems = variants.join() === expected.join() ? [] : [`expected ${expected.join(", ")}`];
  return { what: "HLS playlist", found: `index.m3u8 → ${variants.join(", ")}`, problems };
}

async function checkFilm(path: string, seconds: number, hasAudio: boolean): Promise<Check> {
  const found = await probe(path);
  const problems = streamProblems(found, "high", hasAudio);
  const duration = Number(found.format.duration);
  if (0.25 < Math.abs(duration - seconds)) problems.push(`lasts ${duration} s, the input ${seconds} s`);
  for (const [key, value] of Object.entries(metadata)) {
    if (found.format.tags?.[key] !== value)
      problems.push(`metadata ${key} is ${found.format.tags?.[key]}, not ${value}`);
  }
  return { what: "MP4 film.mp4", found: `${describe(found, duration)}, title “${found.format.tags?.title}”`, problems };
}

/** The middle of the logo's place in the film must have the logo's colour (90 % of it, over whatever the film shows). */
async function checkLogo(path: string, seconds: number): Promise<Check> {
  const { streams } = await probe(path);
  const { width = 0, height = 0 } = streams.find(isPicture) ?? {};
  const side = Math.min(width * 0.12, height * 0.18, 256);
  const x = Math.round(width * 0.97 - side / 2) - 8;
  const y = Math.round(height * 0.04 + side / 2) - 8;
  const ffmpeg = process.env.MILLRACE_FFMPEG ?? "ffmpeg";
  const filter = `crop=16:16:${x}:${y},scale=1:1:flags=area,format=rgb24`;
  const args = [
    "-v",
    "error",
    "-ss",
    `${seconds / 2}`,
    "-i",
    path,
    "-vf",
    filter,
    "-frames:v",
    "1",
    "-f",
    "rawvideo",
    "-",
  ];
  const { stdout } = await promisify(execFile)(ffmpeg, args, { encoding: "buffer" });
  const [red = 0, green = 0, blue = 0] = stdout;
  const distance = Math.max(
    Math.abs(red - logoColour.red),
    Math.abs(green - logoColour.green),
    Math.abs(blue - logoColour.blue),
  );
  const found = `rgb(${red}, ${green}, ${blue}) at ${x + 8}, ${y + 8}`;
  return { what: "watermark", found, problems: distance <= 40 ? [] : ["the logo is not where the preset says"] };
}

async function checkThumbnails(folder: string, seconds: number): Promise<Check> {
  const names = (await readdir(folder).catch(() => [])).sort();
  const expected = Math.floor((seconds - 0.001) / thumbnailSeconds) + 1;
  const problems: string[] = [];
  if (1 < Math.abs(names.length - expected)) problems.push(`expected about ${expected}`);
  if (!/^\d+x\d+-00001\.png$/.test(names[0] ?? "")) problems.push("the first is not numbered 00001");
  return { what: "thumbnails", found: `${names.length} PNG: ${names[0]} … ${names.at(-1)}`, problems };
}

function streamProblems(found: Probe, profile: string, hasAudio: boolean): string[] {
  const video = found.streams.find(isPicture);
  const audio = found.streams.find(({ codec_type }) => codec_type === "audio");
  const problems: string[] = [];
  if (video?.codec_name !== "h264") problems.push(`video is ${video?.codec_name}, not h264`);
  if (!new RegExp(`^(${profile})$`, "i").test(video?.profile ?? ""))
    problems.push(`profile ${video?.profile}, not ${profile}`);
  if (hasAudio && audio?.codec_name !== "aac") problems.push(`audio is ${audio?.codec_name}, not aac`);
  if (hasAudio && audio?.sample_rate !== "44100") problems.push(`sample rate ${audio?.sample_rate}, not 44100`);
  return problems;
}

function describe({ streams, format }: Probe, seconds: number): string {
  const video = streams.find(isPicture);
  const audio = streams.find(({ codec_type }) => codec_type === "audio");
  const [frames = 0, per = 1] = (video?.avg_frame_rate ?? "0/1").split("/").map(Number);
  const rate = format.bit_rate === undefined ? "" : `, ${Math.round(Number(format.bit_rate) / 1000)} kbit/s`;
  const picture = `${video?.width}x${video?.height} ${video?.codec_name} ${video?.profile} ${(video?.level ?? 0) / 10}`;
  const sound = audio === undefined ? "no sound" : `${audio.codec_name} ${audio.channels} ch`;
  return `${picture}, ${(frames / per).toFixed(2)} fps, ${sound}, ${seconds.toFixed(2)} s${rate}`;
}

function isPicture(stream: Probe["streams"][number]): boolean {
  return stream.codec_type === "video" && stream.disposition?.attached_pic !== 1;
}

async function probe(path: string): Promise<Probe> {
  const ffprobe = process.env.MILLRACE_FFPROBE ?? "ffprobe";
  const args = ["-v", "error", "-show_format", "-show_streams", "-of", "json", path];
  const { stdout } = await promisify(execFile)(ffprobe, args, { maxBuffer: 16 << 20 });
  return JSON.parse(stdout);
}
