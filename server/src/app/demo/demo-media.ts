/**
 * The pictures and clips that the demo makes for itself.
 */
import { execFile } from "node:child_process";
import { promisify } from "node:util";

const runFile = promisify(execFile);
const ffmpeg = process.env.MILLRACE_FFMPEG ?? "ffmpeg";
const quiet = ["-hide_banner", "-nostdin", "-loglevel", "error", "-y"];

/** The logo's colour, which the checks look for in the film. */
export const logoColour = { red: 255, green: 106, blue: 0 };

/** Twelve seconds of 720p test picture with a running timecode, and a tone that beeps once a second. */
export async function makeTestClip(path: string): Promise<string> {
  const timecode =
    "drawtext=timecode='00\\:00\\:00\\:00':rate=30:fontsize=64:fontcolor=white:box=1:boxcolor=black@0.6:boxborderw=12:x=(w-tw)/2:y=(h-th)/2";
  await runFile(ffmpeg, [
    ...quiet,
    ...["-f", "lavfi", "-i", `testsrc2=size=1280x720:rate=30:duration=12,${timecode}`],
    ...["-f", "lavfi", "-i", "sine=frequency=330:beep_factor=4:sample_rate=48000:duration=12"],
    ...["-c:v", "libx264", "-preset", "veryfast", "-crf", "18", "-pix_fmt", "yuv420p", "-c:a", "aac", "-ac", "2"],
    ...["-movflags", "+faststart", path],
  ]);
  return path;
}

/** A PNG with alpha: a disc of one colour, clear around it. */
export async function makeLogo(path: string): Promise<string> {
  const { red, green, blue } = logoColour;
  const disc = "if(lte(hypot(X-128,Y-128),124),255,0)";
  await runFile(ffmpeg, [
    ...quiet,
    ...["-f", "lavfi", "-i", "color=black:size=256x256,format=rgba"],
    ...["-vf", `geq=r=${red}:g=${green}:b=${blue}:a='${disc}'`, "-frames:v", "1", path],
  ]);
  return path;
}

/** Nine frames of the film, evenly spread, on one sheet. */
export async function makeContactSheet(film: string, path: string): Promise<string> {
  const seconds = await durationOf(film);
  const filter = `fps=9/${seconds.toFixed(3)}:round=up,scale=426:-2,tile=3x3:padding=4`;
  await runFile(ffmpeg, [...quiet, "-i", film, "-vf", filter, "-frames:v", "1", path]);
  return path;
}

async function durationOf(path: string): Promise<number> {
  const ffprobe = process.env.MILLRACE_FFPROBE ?? "ffprobe";
  const { stdout } = await runFile(ffprobe, [
    "-v",
    "error",
    "-show_entries",
    "format=duration",
    "-of",
    "csv=p=0",
    path,
  ]);
  return Number(stdout);
}
