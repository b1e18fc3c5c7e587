/**
 * Text watermarks: a template becomes what FFmpeg's drawtext draws. The variables are documented in
 * docs/text-watermarks.md; `{timecode}` and `{frame}` run with the output's frames.
 *
 * The text reaches FFmpeg by a file, never by its command line, and every character of it that drawtext would
 * interpret is escaped: the only expansions are ours.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { capture } from "./child.ts";
import { type Rational, toNumber } from "./rational.ts";

export type TextVariables = {
  jobId: string;
  pipelineId: string;
  outputId: string;
  key: string;
  inputKey: string;
  frameRate: Rational;
};

export type RenderedText = {
  /** What drawtext reads, with expansions of ours. */
  source: string;
  /** What the first frame shows, for measuring: digits are of equal width. */
  sample: string;
};

/** `{{` and `}}` are literal braces; a name in braces that is no variable stays as it is. */
export function renderTemplate(template: string, variables: TextVariables): RenderedText {
  const started = new Date(Number(/^\d{13}/.exec(variables.jobId)?.[0] ?? 0)).toISOString();
  const fixed: Record<string, string> = {
    __proto__: null as never,
    jobId: variables.jobId,
    pipelineId: variables.pipelineId,
    outputId: variables.outputId,
    key: variables.key,
    inputKey: variables.inputKey,
    // Of the job's creation, so that a job that is run twice makes the same file.
    date: started.slice(0, 10),
    time: started.slice(11, 19),
  };
  const timecode = timecodeOf(variables.frameRate);
  let source = "";
  let sample = "";
  for (const [token, name] of printable(template).matchAll(/\{\{|\}\}|\{([A-Za-z]{1,20})\}|[^{}]+|[{}]/g)) {
    if (name === "timecode") {
      source += timecode.source;
      sample += timecode.sample;
    } else if (name === "frame") {
      source += "%{eif:n:d:6}";
      sample += "000000";
    } else {
      const text = token === "{{" ? "{" : token === "}}" ? "}" : name === undefined ? token : (fixed[name] ?? token);
      source += printable(text).replace(/[\\%]/g, "\\$&");
      sample += printable(text);
    }
  }
  return { source, sample };
}

/** SMPTE time of frame n. At 29.97 and 59.94 numbers are dropped, marked by a semicolon, so that it keeps to the clock. */
function timecodeOf(rate: Rational): RenderedText {
  const fps = Math.round(toNumber(rate));
  const isDrop = rate.den === 1001 && (fps === 30 || fps === 60);
  const dropped = fps / 15;
  const [tenMinutes, minute] = [fps * 600 - 9 * dropped, fps * 60 - dropped];
  const number = isDrop
    ? `(n+${9 * dropped}*floor(n/${tenMinutes})+${dropped}*max(0,floor((mod(n,${tenMinutes})-${dropped})/${minute})))`
    : "n";
  const part = (expression: string) => `%{eif:${expression}:d:2}`;
  const fields = [
    part(`mod(floor(${number}/${3600 * fps}),24)`),
    part(`mod(floor(${number}/${60 * fps}),60)`),
    part(`mod(floor(${number}/${fps}),60)`),
  ];
  const last = isDrop ? ";" : ":";
  return { source: `${fields.join(":")}${last}${part(`mod(${number},${fps})`)}`, sample: `00:00:00${last}00` };
}

/** No control characters, and none that turn the direction of the text around. */
function printable(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, " ");
}

/** Where the ink of a text lies when it is drawn at the origin in `fontSize`, outline included. Scales linearly. */
export type TextMeasure = { fontSize: number; left: number; top: number; width: number; height: number };

export const fontOptions = "font=Sans";

/** Pixels of dark outline for a font size. */
export function outlineOf(fontSize: number): number {
  return Math.max(1, Math.round(fontSize / 16));
}

/** Draws the sample once and looks. `undefined` when nothing can be drawn: no font, or no visible character. */
export async function measureText(
  sample: string,
  options: { ffmpegPath: string; scratchFolder: string; name: string; signal: AbortSignal },
): Promise<TextMeasure | undefined> {
  const fontSize = 48;
  const [x, y] = [100, 60];
  const file = `${options.name}.sample.txt`;
  await writeFile(join(options.scratchFolder, file), sample);
  const width = 2 * x + [...sample].length * fontSize * 2;
  const draw = `drawtext=textfile=${file}:expansion=none:${fontOptions}:fontsize=${fontSize}:x=${x}:y=${y}:fontcolor=white`;
  const outline = `borderw=${outlineOf(fontSize)}:bordercolor=white`;
  const { stderr } = await capture(
    options.ffmpegPath,
    [
      ...[
        "-hide_banner",
        "-nostdin",
        "-f",
        "lavfi",
        "-i",
        `color=black:s=${width}x${4 * fontSize}:r=1:d=1,format=gray`,
      ],
      ...["-vf", `${draw}:${outline},bbox`, "-frames:v", "1", "-f", "null", "-"],
    ],
    { signal: options.signal, timeoutMs: 30_000, cwd: options.scratchFolder },
  );
  const box = /x1:(\d+) x2:(\d+) y1:(\d+) y2:(\d+)/.exec(stderr);
  if (!box) return undefined;
  const [x1, x2, y1, y2] = box.slice(1).map(Number) as [number, number, number, number];
  return { fontSize, left: x1 - x, top: y1 - y, width: x2 - x1 + 1, height: y2 - y1 + 1 };
}
