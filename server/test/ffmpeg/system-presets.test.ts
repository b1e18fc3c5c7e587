/**
 * All 62 system presets on a clip with motion, noise and a tone: what ffprobe finds must be what the preset says.
 *
 * Frames above 640 get a short clip, whose bit rate says nothing yet and is marked so in the table; MILLRACE_LONG=1 gives
 * every preset 20 s, of a real film where that is at hand. Rates are then within 10 % of the preset's, above and below.
 */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { isSegmented } from "../../src/engine/ffmpeg/plan-output-files.ts";
import { ffmpeg, ffprobe, finished, presets, run, type SystemPreset, trail } from "./running.ts";

const isLong = process.env.MILLRACE_LONG === "1";
const longSeconds = 20;
/** From here on a bit rate is held against the preset's. */
const enoughSeconds = 8;
const film = fileURLToPath(new URL("../../../../shared/media/video/bbb_720p24_42s_h264_aac.mp4", import.meta.url));

/** Jobs of outputs that share a source, smallest first. A preset goes to the first group whose box holds it. */
const groups = [
  { name: "sound", maxWidth: 0, source: "720p", seconds: longSeconds },
  { name: "small", maxWidth: 480, source: "720p", seconds: isLong ? longSeconds : 8 },
  { name: "middle", maxWidth: 640, source: "720p", seconds: isLong ? longSeconds : 8 },
  { name: "720p", maxWidth: 1280, source: "720p", seconds: isLong ? longSeconds : 0.6 },
  { name: "1080p", maxWidth: 1920, source: "1080p", seconds: isLong ? longSeconds : 0.6 },
];

/** What a 16:9 picture becomes in each preset's box. */
const sizes: Record<string, string> = {
  "1920x1080": "1920x1080",
  "1280x720": "1280x720",
  "1024x768": "1024x576",
  "992x560": "992x558",
  "960x640": "960x540",
  "854x480": "854x480",
  "768x432": "768x432",
  "720x576": "720x576",
  "720x480": "720x480",
  "640x480": "640x360",
  "640x432": "640x360",
  "640x360": "640x360",
  "592x332": "590x332",
  "480x360": "480x270",
  "480x320": "480x270",
  "448x252": "448x252",
  "426x240": "426x240",
  "400x288": "400x224",
  "368x208": "368x206",
  "320x240": "320x180",
  "284x160": "284x160",
  "224x128": "224x126",
};

const formats: Record<string, string> = {
  mp4: "mov,mp4,m4a,3gp,3g2,mj2",
  fmp4: "mov,mp4,m4a,3gp,3g2,mj2",
  ts: "mpegts",
  webm: "matroska,webm",
  flv: "flv",
  mpg: "mpeg",
  mxf: "mxf",
  gif: "gif",
  mp3: "mp3",
  flac: "flac",
  wav: "wav",
};

const rates: Record<string, string> = {
  "15": "15/1",
  "25": "25/1",
  "29.97": "30000/1001",
  "30": "30/1",
  auto: "30/1",
};

const videoCodecs: Record<string, string> = {
  "H.264": "h264",
  mpeg2: "mpeg2video",
  vp8: "vp8",
  vp9: "vp9",
  gif: "gif",
};
const profiles: Record<string, RegExp> = { baseline: /^(Constrained )?Baseline$/, main: /^Main$/, high: /^High$/ };

let folder: string;
const sources: Record<string, string> = {};

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "millrace-presets-"));
  for (const [name, size] of [
    ["720p", "1280x720"],
    ["1080p", "1920x1080"],
  ] as const) {
    sources[name] = join(folder, `${name}.mkv`);
    const seconds = name === "720p" || isLong ? longSeconds : 2;
    if (isLong && existsSync(film)) {
      const picture = `scale=${size},fps=30`;
      await ffmpeg(
        ...["-ss", "10", "-t", `${seconds}`, "-i", film, "-vf", picture, "-c:v", "libx264", "-preset", "ultrafast"],
        ...["-crf", "12", "-c:a", "pcm_s16le", "-ar", "48000", sources[name]!],
      );
      continue;
    }
    await ffmpeg(
      ...["-f", "lavfi", "-i", `testsrc2=s=${size}:r=30:d=${seconds},noise=alls=24:allf=t`],
      ...["-f", "lavfi", "-i", `anoisesrc=c=pink:r=48000:a=0.4:d=${seconds}`],
      ...["-f", "lavfi", "-i", `sine=440:r=48000:d=${seconds}`],
      ...["-filter_complex", "[1][2]join=inputs=2:channel_layout=stereo[a]", "-map", "0:v", "-map", "[a]"],
      ...["-c:v", "libx264", "-preset", "ultrafast", "-crf", "20", "-c:a", "pcm_s16le", sources[name]!],
    );
  }
});

after(() => rm(folder, { recursive: true }));

function groupOf(preset: SystemPreset): (typeof groups)[number] {
  const { Codec, MaxWidth } = preset.Video ?? {};
  // An animated GIF of 1080p is as costly as it is long.
  const width = Codec ? (MaxWidth === "auto" ? 1920 : Number(MaxWidth)) : 0;
  return groups.find((group) => width <= group.maxWidth)!;
}

const table: string[] = [];

for (const group of groups) {
  const members = presets.filter((preset) => groupOf(preset) === group);
  test(`${group.name}: ${members.length} presets make what they say`, async () => {
    const result = await run(folder, {
      input: sources[group.source]!,
      options: { signal: AbortSignal.timeout(3_600_000), limits: { maxSeconds: 3600, maxOutputBytes: 2 ** 32 } },
      outputs: members.map((preset) => ({
        preset,
        timeSpan: { Duration: `${group.seconds}` },
        ...(preset.Container === "ts" && { segmentDuration: 10 }),
      })),
    });
    const problems: string[] = [];
    for (const [index, preset] of members.entries()) {
      const { files } = finished(result, index);
      const media = files.filter((file) => !file.key.endsWith(".m3u8"));
      assert.ok(media.length > 0);
      const path =
        media.length > 1 || isSegmented(result.request.outputs[index]!)
          ? `concat:${media.map((file) => file.path).join("|")}`
          : media[0]!.path;
      problems.push(...(await check(preset, path, group.seconds)));
    }
    assert.deepEqual(problems, []);
  });
}

test("the groups hold all 62 presets", () => {
  console.log(["What was found; bit rates in kbit/s, of the preset's.", ...table.sort()].join("\n"));
  assert.equal(table.length, 62);
});

/** As the stream's own header says; ffprobe reports it only sometimes. */
async function referencesOf(path: string): Promise<number> {
  const trace = await trail(
    "-i",
    path,
    "-map",
    "0:v",
    "-c",
    "copy",
    "-bsf:v",
    "trace_headers",
    "-frames:v",
    "1",
    "-f",
    "null",
    "-",
  );
  return Number(/max_num_ref_frames\s+\d+ = (\d+)/.exec(trace)?.[1]);
}

/** Compares one file with its preset and adds a line to the table. */
async function check(
  { Name, Container, Video, Audio }: SystemPreset,
  path: string,
  seconds: number,
): Promise<string[]> {
  const { format, streams, packets } = await ffprobe(
    path,
    "-show_packets",
    "-show_entries",
    "packet=size,stream_index,duration_time",
  );
  const problems: string[] = [];
  const line: string[] = [];
  const expect = (what: string, found: unknown, wanted: unknown, isRight = found === wanted) => {
    line.push(`${found}`);
    if (!isRight) problems.push(`${Name}: ${what} is ${found}, not ${wanted}`);
  };
  const kbit = (index: number) => {
    const own = packets.filter((packet: { stream_index: number }) => packet.stream_index === index);
    const bytes = own.reduce((sum: number, packet: { size: string }) => sum + Number(packet.size), 0);
    return Math.round((8 * bytes) / seconds / 1000);
  };
  const expectRate = (what: string, index: number, wanted: number) => {
    const found = kbit(index);
    const isLongEnough = enoughSeconds <= seconds;
    const isRight = !isLongEnough || Math.abs(found / wanted - 1) <= 0.1;
    line.push(`${found} of ${wanted}${isLongEnough ? "" : " (not judged: short)"}`);
    if (!isRight) problems.push(`${Name}: ${what} is ${found} kbit/s, not ${wanted}`);
  };
  expect("container", format.format_name, formats[Container]);
  const video = streams.find((stream: { codec_type: string }) => stream.codec_type === "video");
  const sounds = streams.filter((stream: { codec_type: string }) => stream.codec_type === "audio");
  if (Video?.Codec) {
    const { Profile, Level, MaxReferenceFrames, InterlacedMode = "Progressive" } = Video.CodecOptions ?? {};
    expect("video codec", video?.codec_name, videoCodecs[Video.Codec]);
    if (Video.Codec === "H.264") {
      expect("profile", video.profile, Profile, profiles[Profile!]!.test(video.profile));
      expect("level", video.level / 10, Number(Level));
      const references = await referencesOf(path);
      expect("references", references, `at most ${MaxReferenceFrames}`, references <= Number(MaxReferenceFrames));
    }
    if (Video.Codec === "mpeg2") expect("pixels", video.pix_fmt, Video.CodecOptions?.ChromaSubsampling);
    const box = Video.MaxWidth === "auto" ? "1920x1080" : `${Video.MaxWidth}x${Video.MaxHeight}`;
    expect("size", `${video.width}x${video.height}`, sizes[box]);
    const aspect = Video.DisplayAspectRatio === "auto" ? undefined : Video.DisplayAspectRatio;
    if (aspect) expect("shape", video.display_aspect_ratio, aspect);
    const rate = Video.Codec === "gif" ? video.avg_frame_rate : video.r_frame_rate;
    const found = rate.split("/").map(Number);
    const wanted = rates[Video.FrameRate!]!.split("/").map(Number);
    expect(
      "frame rate",
      rate,
      rates[Video.FrameRate!],
      Math.abs((found[0]! * wanted[1]!) / found[1]! / wanted[0]! - 1) < (Video.Codec === "gif" ? 0.06 : 0.002),
    );
    const isInterlaced = /^(tt|bb|tb|bt)$/.test(video.field_order);
    if (Video.Codec === "H.264" || Video.Codec === "mpeg2") {
      expect("fields", video.field_order, InterlacedMode, isInterlaced === (InterlacedMode !== "Progressive"));
    }
    if (Video.Codec !== "gif") expectRate("video", video.index, Number(Video.BitRate));
  } else expect("video", video?.codec_name, undefined);
  if (Audio?.Codec) {
    const isPacked = Audio.AudioPackingMode?.startsWith("OneChannel");
    const codec =
      Audio.Codec === "pcm"
        ? `pcm_${Audio.CodecOptions?.BitDepth === "8" ? "u8" : `s${Audio.CodecOptions?.BitDepth}le`}`
        : Audio.Codec.toLowerCase();
    expect("tracks", sounds.length, isPacked ? 8 : 1);
    expect("audio codec", sounds[0]?.codec_name, codec);
    expect("channels", sounds[0]?.channels, isPacked ? 1 : Number(Audio.Channels));
    expect("sample rate", sounds[0]?.sample_rate, Audio.SampleRate);
    if (Audio.BitRate) expectRate("audio", sounds[0].index, Number(Audio.BitRate));
  } else expect("audio", sounds.length, 0);
  table.push(
    `${Name.replace("System preset: ", "").padEnd(40)} ${line.join("  ")}${problems.length > 0 ? "  WRONG" : ""}`,
  );
  return problems;
}
