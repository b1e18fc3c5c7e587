/**
 * What can be seen: bars, shapes, watermarks, turning, fields. Sources are made of plain colours, so that a pixel tells.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import type { PresetDocument, PresetWatermark, VideoSettings } from "../../src/storage/records/job-document.ts";
import { ffmpeg, ffprobe, finished, type OutputChoice, run, withFolder } from "./running.ts";

function presetOf(video: VideoSettings): PresetDocument {
  const CodecOptions = { Profile: "high", Level: "4" };
  const Video = { Codec: "H.264", CodecOptions, BitRate: "4000", KeyframesMaxDist: "30", FrameRate: "auto", ...video };
  return { Name: "test", Container: "mp4", Video };
}

type Frame = { width: number; height: number; at(x: number, y: number): [number, number, number] };

async function frameAt(path: string, number: number): Promise<Frame> {
  const { streams } = await ffprobe(path);
  const { width, height } = streams[0];
  const bytes = await ffmpeg(
    ...["-i", path, "-vf", `select=eq(n\\,${number}),format=rgb24`, "-frames:v", "1", "-f", "rawvideo", "-"],
  );
  assert.equal(bytes.length, width * height * 3);
  return {
    width,
    height,
    at(x, y) {
      const offset = 3 * (y * width + x);
      return [bytes[offset]!, bytes[offset + 1]!, bytes[offset + 2]!];
    },
  };
}

const colours = { black: [0, 0, 0], red: [255, 0, 0], green: [0, 128, 0], blue: [0, 0, 255], white: [255, 255, 255] };

function assertColour(frame: Frame, x: number, y: number, expected: keyof typeof colours | number[]): void {
  const found = frame.at(x, y);
  const wanted = typeof expected === "string" ? colours[expected] : expected;
  const distance = Math.max(...found.map((value, index) => Math.abs(value - wanted[index]!)));
  assert.ok(distance <= 24, `pixel ${x},${y} is ${found}, not ${wanted}`);
}

async function colourClip(folder: string, size: string, more = "", seconds = 0.4): Promise<string> {
  const path = join(folder, "source.mkv");
  const filter = `color=green:s=${size}:r=25:d=${seconds}${more}`;
  await ffmpeg("-f", "lavfi", "-i", filter, "-c:v", "libx264", "-qp", "4", "-pix_fmt", "yuv420p", path);
  return path;
}

async function image(folder: string, name: string, graph: string): Promise<string> {
  const path = join(folder, name);
  await ffmpeg("-f", "lavfi", "-i", graph, "-frames:v", "1", path);
  return path;
}

async function firstFrame(folder: string, input: string, output: OutputChoice): Promise<Frame> {
  const result = await run(folder, { input, outputs: [output] });
  return frameAt(finished(result).files[0]!.path, 0);
}

test("pads with black bars and keeps the picture between them", () =>
  withFolder(async (folder) => {
    const input = await colourClip(folder, "640x360");
    const video = { MaxWidth: "640", MaxHeight: "480", SizingPolicy: "Fit", PaddingPolicy: "Pad" };
    const frame = await firstFrame(folder, input, { preset: presetOf(video) });
    assert.deepEqual([frame.width, frame.height], [640, 480]);
    for (const [x, y] of [
      [0, 0],
      [639, 57],
      [320, 422],
      [0, 479],
    ] as const)
      assertColour(frame, x, y, "black");
    for (const [x, y] of [
      [0, 63],
      [639, 63],
      [0, 416],
      [320, 240],
    ] as const)
      assertColour(frame, x, y, "green");
  }));

test("shows a square as a square when the input's pixels are oblong", () =>
  withFolder(async (folder) => {
    const box = ",drawbox=160:80:120:120:white:fill,scale=360:360,setsar=4/3";
    const input = await colourClip(folder, "480x360", box);
    const video = { MaxWidth: "320", MaxHeight: "240", SizingPolicy: "ShrinkToFit" };
    const frame = await firstFrame(folder, input, { preset: presetOf(video) });
    assert.deepEqual([frame.width, frame.height], [320, 240]);
    const isWhite = (x: number, y: number) => frame.at(x, y)[0] > 128;
    const count = (length: number, at: (step: number) => boolean) =>
      Array.from({ length }, (_, step) => at(step)).filter(Boolean).length;
    const wide = count(320, (x) => isWhite(x, 90));
    const high = count(240, (y) => isWhite(140, y));
    assert.ok(Math.abs(wide - 80) <= 2 && Math.abs(high - 80) <= 2, `${wide}x${high}`);
  }));

const topRight: PresetWatermark = {
  ...{ Id: "TopRight", MaxWidth: "10%", MaxHeight: "10%", SizingPolicy: "ShrinkToFit", Opacity: "100" },
  ...{ HorizontalAlign: "Right", HorizontalOffset: "10%", VerticalAlign: "Top", VerticalOffset: "10%" },
};

for (const [Target, x, y, width, height] of [
  ["Content", 928, 72, 96, 48],
  ["Frame", 1024, 72, 128, 64],
] as const) {
  test(`places a watermark by its ${Target} at ${x},${y}`, () =>
    withFolder(async (folder) => {
      const input = await colourClip(folder, "640x480");
      const logo = await image(folder, "logo.png", "color=red:s=128x64:d=1:r=1");
      const Watermarks = [{ ...topRight, Target }];
      const video = { MaxWidth: "1280", MaxHeight: "720", SizingPolicy: "Fit", PaddingPolicy: "Pad", Watermarks };
      const watermarks = [{ presetWatermarkId: "TopRight", path: logo }];
      const frame = await firstFrame(folder, input, { preset: presetOf(video), watermarks });
      const outside = (px: number): "green" | "black" => (160 <= px && px < 1120 ? "green" : "black");
      for (const [px, py] of [
        [x + 4, y + 4],
        [x + width - 5, y + 4],
        [x + 4, y + height - 5],
        [x + width - 5, y + height - 5],
      ] as const) {
        assertColour(frame, px, py, "red");
      }
      for (const [px, py] of [
        [x - 6, y + 8],
        [x + width + 5, y + 8],
        [x + 8, y - 6],
        [x + 8, y + height + 5],
      ] as const) {
        assertColour(frame, px, py, outside(px));
      }
    }));
}

test("mixes a watermark by its opacity and its own alpha, JPEG too, and draws later ones on top", () =>
  withFolder(async (folder) => {
    const input = await colourClip(folder, "640x360");
    const half = await image(
      folder,
      "half.png",
      "color=red:s=80x80:d=1:r=1,format=rgba,geq=r=255:g=0:b=0:a='if(lt(X,40),0,255)'",
    );
    const jpeg = await image(folder, "blue.jpg", "color=blue:s=80x80:d=1:r=1");
    const at = {
      MaxWidth: "80px",
      MaxHeight: "80px",
      SizingPolicy: "Fit",
      HorizontalAlign: "Left",
      VerticalAlign: "Top",
      Target: "Frame",
    };
    const Watermarks: PresetWatermark[] = [
      { ...at, Id: "A", HorizontalOffset: "40px", VerticalOffset: "40px", Opacity: "100" },
      { ...at, Id: "B", HorizontalOffset: "200px", VerticalOffset: "40px", Opacity: "50" },
      { ...at, Id: "C", HorizontalAlign: "Center", VerticalAlign: "Center", Opacity: "100" },
      {
        ...at,
        Id: "D",
        HorizontalAlign: "Center",
        VerticalAlign: "Center",
        MaxWidth: "20px",
        MaxHeight: "20px",
        Opacity: "100",
      },
    ];
    const frame = await firstFrame(folder, input, {
      preset: presetOf({ MaxWidth: "640", MaxHeight: "360", SizingPolicy: "Fit", Watermarks }),
      watermarks: [
        { presetWatermarkId: "A", path: half },
        { presetWatermarkId: "B", path: half },
        { presetWatermarkId: "C", path: jpeg },
        { presetWatermarkId: "D", path: await image(folder, "white.png", "color=white:s=10x10:d=1:r=1") },
      ],
    });
    assertColour(frame, 60, 80, "green");
    assertColour(frame, 100, 80, "red");
    assertColour(frame, 220, 80, "green");
    assertColour(frame, 260, 80, [128, 64, 0]);
    assertColour(frame, 290, 180, "blue");
    assertColour(frame, 320, 180, "white");
  }));

test("lays a watermark over every pixel format of VP9", () =>
  withFolder(async (folder) => {
    const input = await colourClip(folder, "640x360");
    const path = await image(folder, "logo.png", "color=red:s=80x80:d=1:r=1");
    const watermarks = [{ presetWatermarkId: "TopRight", path }];
    const box = { MaxWidth: "640", MaxHeight: "360", SizingPolicy: "Fit", Watermarks: [topRight] };
    const outputs = ["0", "1", "2", "3"].map((Profile) => ({
      preset: { ...presetOf({ ...box, Codec: "vp9", CodecOptions: { Profile } }), Container: "webm" },
      watermarks,
    }));
    const result = await run(folder, { input, outputs });
    for (const index of outputs.keys()) {
      const { path } = finished(result, index).files[0]!;
      assert.equal((await ffprobe(path)).streams[0].profile, `Profile ${index}`);
      assertColour(await frameAt(path, 0), 558, 54, "red");
    }
  }));

// A red quarter at the top left of the stored picture, and where it goes.
const turns: [string, string, string, [number, number]][] = [
  ["nothing", "auto", "320x180", [20, 20]],
  ["nothing", "90", "180x320", [160, 20]],
  ["nothing", "180", "320x180", [300, 160]],
  ["nothing", "270", "180x320", [20, 300]],
  ["90", "auto", "180x320", [160, 20]],
  ["180", "auto", "320x180", [300, 160]],
  ["270", "auto", "180x320", [20, 300]],
  ["90", "0", "320x180", [20, 20]],
  ["90", "90", "180x320", [160, 20]],
];

for (const [tag, rotate, size, [x, y]] of turns) {
  test(`a file that asks for ${tag}, turned by ${rotate}, is ${size} with its corner at ${x},${y}`, () =>
    withFolder(async (folder) => {
      const plain = await colourClip(folder, "320x180", ",drawbox=0:0:160:90:red:fill");
      const input = join(folder, "turned.mp4");
      // FFmpeg writes this tag as the angle by which the stored picture has been turned, not as the one to turn it by.
      await ffmpeg(
        "-i",
        plain,
        "-c",
        "copy",
        ...(tag === "nothing" ? [] : ["-metadata:s:v", `rotate=${360 - Number(tag)}`]),
        input,
      );
      const video = { MaxWidth: "640", MaxHeight: "640", SizingPolicy: "ShrinkToFit" };
      const result = await run(folder, { input, outputs: [{ preset: presetOf(video), rotate }] });
      const { path } = finished(result).files[0]!;
      const frame = await frameAt(path, 0);
      assert.equal(`${frame.width}x${frame.height}`, size);
      for (const [px, py] of [
        [20, 20],
        [frame.width - 20, 20],
        [20, frame.height - 20],
        [frame.width - 20, frame.height - 20],
      ] as const) {
        assertColour(frame, px, py, px === x && py === y ? "red" : "green");
      }
      assert.equal((await ffprobe(path)).streams[0].side_data_list, undefined);
    }));
}

const line: PresetWatermark = {
  ...{ Id: "Line", MaxWidth: "80%", MaxHeight: "20%", SizingPolicy: "Fit", Opacity: "100", Target: "Content" },
  ...{ HorizontalAlign: "Center", VerticalAlign: "Bottom", VerticalOffset: "10px" },
};
const lined = presetOf({ MaxWidth: "640", MaxHeight: "360", SizingPolicy: "Fit", Watermarks: [line] });

/** The rectangle of pixels that are not the background. */
function inkOf(frame: Frame, isInk: (pixel: [number, number, number]) => boolean) {
  const [xs, ys]: [number[], number[]] = [[], []];
  for (let y = 0; y < frame.height; y++) {
    for (let x = 0; x < frame.width; x++) {
      if (!isInk(frame.at(x, y))) continue;
      xs.push(x);
      ys.push(y);
    }
  }
  const least = (values: number[]) => values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const most = (values: number[]) => values.reduce((a, b) => Math.max(a, b), -1);
  return { count: xs.length, left: least(xs), right: most(xs), top: least(ys), bottom: most(ys) };
}

const isWhite = ([r, g, b]: [number, number, number]) => r > 200 && g > 200 && b > 200;
const isDark = ([r, g, b]: [number, number, number]) => r < 50 && g < 60 && b < 50;

test("draws a text as large as its box allows, white with a dark outline, where the preset says", () =>
  withFolder(async (folder) => {
    const input = await colourClip(folder, "640x360");
    const watermarks = [{ presetWatermarkId: "Line", text: "© Acme {outputId}" }];
    const frame = await firstFrame(folder, input, { preset: lined, watermarks });
    const white = inkOf(frame, isWhite);
    const dark = inkOf(frame, isDark);
    assert.ok(white.count > 500 && dark.count > 300, JSON.stringify({ white, dark }));
    // The box is 512x72 with its lower edge at 350: one side of it is filled.
    assert.ok(dark.bottom <= 352 && dark.top >= 276, JSON.stringify(dark));
    const [width, height] = [dark.right - dark.left + 1, dark.bottom - dark.top + 1];
    assert.ok(width <= 516 && height <= 76 && (width >= 480 || height >= 62), `${width}x${height}`);
    assert.ok(Math.abs((dark.left + dark.right) / 2 - 320) <= 6, JSON.stringify(dark));
    assert.ok(dark.left < white.left && white.right < dark.right);
  }));

test("counts time code and frames by the output's frames", () =>
  withFolder(async (folder) => {
    const input = await colourClip(folder, "640x360", "", 1.5);
    const texts = ["{timecode} {frame}", "00:00:01:06 000031", "00:00:01:05 000030"];
    const result = await run(folder, {
      input,
      outputs: texts.map((text) => ({ preset: lined, watermarks: [{ presetWatermarkId: "Line", text }] })),
    });
    const [running, expected, previous] = await Promise.all(
      [0, 1, 2].map((index) => frameAt(finished(result, index).files[0]!.path, 31)),
    );
    const difference = (other: Frame) => {
      let count = 0;
      for (let y = 270; y < 360; y++) {
        for (let x = 0; x < 640; x++) if (Math.abs(running!.at(x, y)[0] - other.at(x, y)[0]) > 100) count++;
      }
      return count;
    };
    assert.ok(difference(expected!) < 20, `${difference(expected!)} pixels differ`);
    assert.ok(difference(previous!) > 50, `${difference(previous!)} pixels differ`);
  }));

for (const text of [
  "':,;[v1]\\%{pts}%{metadata:x}",
  "%",
  "\\",
  "{{{timecode}}}",
  "{unknown} {",
  "\u202etxt\n\u0007\n",
  "%{eif:1/0:d}",
]) {
  test(`draws ${JSON.stringify(text)} as it is written`, () =>
    withFolder(async (folder) => {
      const input = await colourClip(folder, "640x360");
      const watermarks = [{ presetWatermarkId: "Line", text }];
      const frame = await firstFrame(folder, input, { preset: lined, watermarks });
      assert.ok(inkOf(frame, isWhite).count > 10);
    }));
}

test("a text of nothing visible fails its output by name", () =>
  withFolder(async (folder) => {
    const input = await colourClip(folder, "640x360");
    const result = await run(folder, {
      input,
      outputs: [{ preset: lined, watermarks: [{ presetWatermarkId: "Line", text: "\n" }] }],
    });
    assert.equal((result.outputs[0] as { failure: { code: number } }).failure.code, 4003);
  }));

/** How much neighbouring lines differ against every second line: combs stand out. */
function combing(frame: Frame): number {
  let near = 0;
  let far = 0;
  for (let y = 40; y < frame.height - 40; y++) {
    for (let x = 0; x < frame.width; x += 2) {
      near += Math.abs(frame.at(x, y)[1] - frame.at(x, y + 1)[1]);
      far += Math.abs(frame.at(x, y)[1] - frame.at(x, y + 2)[1]);
    }
  }
  return near / Math.max(1, far);
}

const moving = "color=black:s=640x360:r=50:d=1[b];color=white:s=60x360:r=50:d=1[w];[b][w]overlay=x=n*11:y=0";

test("deinterlaces what is interlaced, and leaves alone what only says so", () =>
  withFolder(async (folder) => {
    const encode = ["-c:v", "libx264", "-qp", "6", "-pix_fmt", "yuv420p", "-flags", "+ilme+ildct"];
    const [real, flagged] = [join(folder, "real.ts"), join(folder, "flagged.ts")];
    await ffmpeg("-f", "lavfi", "-i", `${moving},interlace=lowpass=off`, ...encode, real);
    await ffmpeg("-f", "lavfi", "-i", `${moving},fps=25,setfield=tff`, ...encode, flagged);
    assert.ok(combing(await frameAt(real, 10)) > 1.5);
    const preset = presetOf({ MaxWidth: "640", MaxHeight: "360", SizingPolicy: "Fit" });
    const once = finished(await run(folder, { input: real, outputs: [{ preset }] })).files[0]!.path;
    assert.ok(combing(await frameAt(once, 10)) < 1.2);
    const kept = await run(folder, { input: flagged, outputs: [{ preset }] });
    assert.ok(!kept.log.join("\n").includes("bwdif"));
    const double = presetOf({ MaxWidth: "640", MaxHeight: "360", SizingPolicy: "Fit", FrameRate: "50" });
    const fields = finished(await run(folder, { input: real, outputs: [{ preset: double }] })).files[0]!.path;
    // Both fields became pictures of their own: the bar has moved on between any two of them.
    const bar = async (number: number) => inkOf(await frameAt(fields, number), isWhite).left;
    const [a, b, c] = [await bar(20), await bar(21), await bar(22)];
    assert.ok(a < b && b < c, `${a} ${b} ${c}`);
  }));

for (const [mode, top] of [
  ["TopFirst", 1],
  ["BottomFirst", 0],
] as const) {
  test(`weaves 50 pictures a second into fields, ${mode}`, () =>
    withFolder(async (folder) => {
      const input = join(folder, "source.mkv");
      await ffmpeg("-f", "lavfi", "-i", moving, "-c:v", "libx264", "-qp", "6", "-pix_fmt", "yuv420p", input);
      const CodecOptions = { Profile: "high", Level: "4", InterlacedMode: mode };
      const video = { CodecOptions, FrameRate: "25", MaxWidth: "640", MaxHeight: "360", SizingPolicy: "Fit" };
      const { path } = finished(await run(folder, { input, outputs: [{ preset: presetOf(video) }] })).files[0]!;
      const { frames } = await ffprobe(path, "-show_frames", "-read_intervals", "%+#3", "-select_streams", "v");
      assert.deepEqual([frames[0].interlaced_frame, frames[0].top_field_first], [1, top]);
      const [even, odd] = await Promise.all(
        ["top", "bottom"].map(async (field) => {
          const bytes = await ffmpeg(
            ...[
              "-i",
              path,
              "-vf",
              `select=eq(n\\,10),field=${field},format=gray`,
              "-frames:v",
              "1",
              "-f",
              "rawvideo",
              "-",
            ],
          );
          return bytes.subarray(90 * 640, 91 * 640).findIndex((value) => value > 128);
        }),
      );
      if (mode === "TopFirst") assert.ok(even! < odd!, `${even} ${odd}`);
      else assert.ok(odd! < even!, `${even} ${odd}`);
    }));
}
