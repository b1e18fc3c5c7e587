/** What FFmpeg, as a player would, finds behind a URL. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);
const ffprobe = process.env.MILLRACE_FFPROBE ?? "ffprobe";

export type Played = { codec: string; kind: string; pts: number[]; sizes: number[]; width?: number };

/** Every packet of every stream, pictures first, in the order of presentation; times in seconds. */
export async function play(url: string, ...options: string[]): Promise<Played[]> {
  const { stdout } = await run(
    ffprobe,
    ["-v", "error", ...options, "-show_streams", "-show_packets", "-of", "json", url],
    { maxBuffer: 1 << 28 },
  );
  const { streams, packets } = JSON.parse(stdout);
  const played: Played[] = streams.map((stream: Record<string, string>, index: number) => {
    const own = packets.filter((packet: { stream_index: number }) => packet.stream_index === index);
    return {
      codec: stream.codec_name,
      kind: stream.codec_type,
      pts: own.map(({ pts_time }: { pts_time: string }) => Number(pts_time)).toSorted((a: number, b: number) => a - b),
      sizes: own.map(({ size }: { size: string }) => Number(size)),
      ...(stream.width === undefined ? {} : { width: Number(stream.width) }),
    };
  });
  return played.toSorted((a, b) => (a.kind === b.kind ? 0 : a.kind === "video" ? -1 : 1));
}

/** Decodes all and tells how many pictures came out, and what FFmpeg complained of. */
export async function decode(url: string): Promise<{ frames: number; complaints: string }> {
  const { stdout, stderr } = await run(process.env.MILLRACE_FFMPEG ?? "ffmpeg", [
    ...["-v", "warning", "-i", url, "-map", "0:v", "-fps_mode", "passthrough", "-f", "framecrc", "-"],
  ]);
  return { frames: stdout.split("\n").filter((line) => /^\d/.test(line)).length, complaints: stderr };
}
