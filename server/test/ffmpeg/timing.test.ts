/**
 * Frames, segments, thumbnails and clips counted in what came out; limits, cancelling, hostile inputs, metadata.
 */
import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import type { Failure, TranscodeResult } from "../../src/engine/ffmpeg/transcode.types.ts";
import type { AudioSettings, PresetDocument, VideoSettings } from "../../src/storage/records/job-document.ts";
import { ffmpeg, ffprobe, finished, presetNamed, run, withFolder } from "./running.ts";

/** Frame n is grey level 16 + 2n of 100 at most, so that every frame tells its number. */
async function countingClip(folder: string, rate: string, seconds: number, name = "source.mkv"): Promise<string> {
  const path = join(folder, name);
  await ffmpeg(
    ...[
      "-f",
      "lavfi",
      "-i",
      `color=black:s=160x90:r=${rate}:d=${seconds},format=yuv420p,geq=lum='16+2*mod(N\\,100)':cb=128:cr=128`,
    ],
    ...["-f", "lavfi", "-i", `sine=440:r=48000:d=${seconds}`, "-c:v", "ffv1", "-c:a", "pcm_s16le", path],
  );
  return path;
}

/** Numbers of the source's frames, as they come out. */
async function framesOf(path: string): Promise<number[]> {
  const bytes = await ffmpeg(
    ...["-i", path, "-map", "0:v", "-vf", "scale=1:1,format=gray", "-fps_mode", "passthrough"],
    ...["-f", "rawvideo", "-"],
  );
  return [...bytes].map((value) => Math.round((value * 219) / 255 / 2));
}

const H264 = { Profile: "high", Level: "4" };
const video: VideoSettings = {
  ...{
    Codec: "H.264",
    CodecOptions: H264,
    BitRate: "1000",
    FrameRate: "auto",
    KeyframesMaxDist: "90",
    FixedGOP: "true",
  },
  ...{ MaxWidth: "160", MaxHeight: "90", SizingPolicy: "ShrinkToFit", PaddingPolicy: "NoPad" },
};
const audio: AudioSettings = { Codec: "AAC", BitRate: "64", Channels: "2", SampleRate: "auto" };

function presetOf(more: Partial<PresetDocument> = {}): PresetDocument {
  return { Name: "test", Container: "mp4", Video: video, Audio: audio, ...more };
}

function failureOf(result: TranscodeResult, index = 0): Failure {
  const output = result.outputs[index]!;
  assert.ok("failure" in output, `output ${index} did not fail`);
  return output.failure;
}

// source, seconds, settings → frames, rate
const rates: [string, number, Partial<VideoSettings>, number, string][] = [
  ["25", 4, {}, 100, "25.00"],
  ["25", 4, { FrameRate: "29.97" }, 120, "29.97"],
  ["24000/1001", 4.004, {}, 96, "23.98"],
  ["50", 2, {}, 50, "25.00"],
  ["60", 2, { MaxFrameRate: "60" }, 120, "60.00"],
  ["30", 4, { FrameRate: "15" }, 60, "15.00"],
  ["10", 2, { FrameRate: "60" }, 120, "60.00"],
];

for (const [rate, seconds, settings, frames, expected] of rates) {
  test(`${seconds} s at ${rate} by ${JSON.stringify(settings)} are ${frames} frames at ${expected}`, () =>
    withFolder(async (folder) => {
      const input = await countingClip(folder, rate, seconds);
      const preset = presetOf({ Video: { ...video, ...settings } });
      const output = finished(await run(folder, { input, outputs: [{ preset }] }));
      const { streams } = await ffprobe(output.files[0]!.path);
      assert.ok(Math.abs(Number(streams[0].nb_frames) - frames) <= 1, `${streams[0].nb_frames} frames`);
      assert.equal(output.frameRate, expected);
    }));
}

test("cuts a clip to the frame, in both forms of time", () =>
  withFolder(async (folder) => {
    const input = await countingClip(folder, "25", 6);
    const spans = [
      { StartTime: "1.2", Duration: "2" },
      { StartTime: "00:00:01.200", Duration: "0:02" },
      { Duration: "1" },
      { StartTime: "3" },
    ];
    const result = await run(folder, { input, outputs: spans.map((timeSpan) => ({ preset: presetOf(), timeSpan })) });
    const counts = await Promise.all(spans.map((_, index) => framesOf(finished(result, index).files[0]!.path)));
    assert.deepEqual(
      counts.map((frames) => frames.length),
      [50, 50, 25, 75],
    );
    assert.deepEqual(
      counts.map((frames) => frames[0]),
      [30, 30, 0, 75],
    );
    assert.ok(Math.abs(finished(result).durationMillis - 2000) < 60);
    assert.equal(finished(result).warning, undefined);
  }));

test("cuts to the frame where the format has no index and key frames are far apart", () =>
  withFolder(async (folder) => {
    const source = await countingClip(folder, "25", 18);
    const codecs: [string, string[]][] = [
      ["ts", ["-c:v", "libx264", "-qp", "4", "-g", "125", "-c:a", "mp2"]],
      ["mpg", ["-c:v", "mpeg2video", "-q:v", "1", "-g", "125", "-bf", "2", "-c:a", "mp2"]],
      ["h264", ["-c:v", "libx264", "-qp", "4", "-g", "125", "-an"]],
    ];
    for (const [container, args] of codecs) {
      const input = join(folder, `long.${container}`);
      await ffmpeg("-i", source, ...args, input);
      const starts = [1.2, 7.4, 16.4];
      const outputs = starts.map((start) => ({
        preset: presetOf({ Video: { ...video, FrameRate: "25" } }),
        timeSpan: { StartTime: `${start}`, Duration: "1" },
      }));
      const result = await run(folder, { input, outputs });
      for (const [index, start] of starts.entries()) {
        const frames = await framesOf(finished(result, index).files[0]!.path);
        const isNear = (frame: number, at: number) => Math.abs(frame - ((25 * start + at) % 100)) <= 3;
        assert.ok(frames.length === 25 && frames.every(isNear), `${container} from ${start} s: ${frames}`);
      }
    }
  }));

test("a clip is as long as asked, though picture or sound begin late", () =>
  withFolder(async (folder) => {
    const both = await countingClip(folder, "25", 4);
    for (const [name, late] of [
      ["picture", ["-i", both, "-itsoffset", "0.6", "-i", both, "-map", "1:v", "-map", "0:a"]],
      ["sound", ["-i", both, "-itsoffset", "0.6", "-i", both, "-map", "0:v", "-map", "1:a"]],
    ] as const) {
      const input = join(folder, `${name}.mkv`);
      await ffmpeg(...late, "-c", "copy", input);
      const result = await run(folder, { input, outputs: [{ preset: presetOf(), timeSpan: { Duration: "2" } }] });
      const { streams } = await ffprobe(finished(result).files[0]!.path);
      for (const { codec_type, duration, start_time } of streams) {
        assert.ok(Math.abs(Number(duration) - 2) < 0.05, `late ${name}: ${codec_type} of ${duration} s`);
        assert.ok(Number(start_time) < 0.03, `late ${name}: ${codec_type} at ${start_time} s`);
      }
    }
  }));

test("warns of a clip that runs past the end, and fails one that starts there", () =>
  withFolder(async (folder) => {
    const input = await countingClip(folder, "25", 3);
    const spans = [{ StartTime: "2", Duration: "5" }, { StartTime: "3" }, { StartTime: "00:01:00" }, { Duration: "3" }];
    const result = await run(folder, { input, outputs: spans.map((timeSpan) => ({ preset: presetOf(), timeSpan })) });
    assert.equal(
      finished(result).warning,
      "The starting time plus the duration of a clip exceeded the length of the input file. Amazon Elastic Transcoder created an output file that is shorter than the specified duration.",
    );
    assert.ok(Math.abs(finished(result).durationMillis - 1000) < 60);
    assert.deepEqual([failureOf(result, 1).code, failureOf(result, 2).code], [4014, 4014]);
    assert.equal(finished(result, 3).warning, undefined);
  }));

test("ends segments at the first key frame at or after each multiple of their length", () =>
  withFolder(async (folder) => {
    const input = await countingClip(folder, "30", 32);
    const preset = presetOf({ Container: "ts" });
    const short = presetOf({ Container: "ts", Video: { ...video, KeyframesMaxDist: "300" } });
    const result = await run(folder, {
      input,
      outputs: [
        { preset, key: "a/clip", segmentDuration: 10 },
        { preset: short, key: "a/short", segmentDuration: 4 },
        { preset: { ...preset, Video: null }, key: "a/sound", segmentDuration: 10 },
        { preset, key: "a/whole.ts" },
      ],
      outputKeyPrefix: "p/",
      playlists: [
        { Name: "a/master", Format: "HLSv3", OutputKeys: ["a/short", "a/clip", "a/sound"] },
        { Name: "a/none", Format: "HLSv3", OutputKeys: ["a/clip", "a/whole.ts"] },
      ],
    });
    const clip = finished(result);
    assert.deepEqual(
      clip.files.map((file) => file.key),
      ["p/a/clip00000.ts", "p/a/clip00001.ts", "p/a/clip00002.ts", "p/a/clip00003.ts", "p/a/clip.m3u8"],
    );
    const durations = async (index: number) =>
      [
        ...(await readFile(finished(result, index).files.at(-1)!.path, "utf8")).matchAll(/#EXTINF:([\d.]+),\n(.*)/g),
      ].map((match) => [Number(match[1]), match[2]]);
    assert.deepEqual(await durations(0), [
      [12, "clip00000.ts"],
      [9, "clip00001.ts"],
      [9, "clip00002.ts"],
      [2, "clip00003.ts"],
    ]);
    assert.deepEqual(
      (await durations(1)).map(([seconds]) => seconds),
      [4, 4, 4, 4, 4, 4, 4, 4],
    );
    assert.equal((await durations(2)).length, 4);
    for (const file of clip.files.slice(0, -1)) {
      const { packets } = await ffprobe(file.path, "-show_packets", "-select_streams", "v", "-read_intervals", "%+#1");
      assert.match(packets[0].flags, /^K/);
    }
    assert.equal(clip.durationMillis, 32_000);
    const [master, none] = result.playlists;
    assert.ok("files" in master! && master.files[0]!.key === "p/a/master.m3u8");
    const text = await readFile(master.files[0]!.path, "utf8");
    assert.match(
      text,
      /^#EXTM3U\n#EXT-X-STREAM-INF:PROGRAM-ID=1,BANDWIDTH=\d+000,RESOLUTION=160x90,CODECS="avc1\.640028,mp4a\.40\.2"\nshort\.m3u8\n/,
    );
    assert.match(text, /#EXT-X-STREAM-INF:PROGRAM-ID=1,BANDWIDTH=\d+000,CODECS="mp4a\.40\.2"\nsound\.m3u8\n$/);
    assert.ok("failure" in none! && none.failure.code === 1001);
    assert.deepEqual(
      finished(result, 3).files.map((file) => file.key),
      ["p/a/whole.ts"],
    );
  }));

for (const Format of ["png", "jpg"]) {
  test(`cuts ${Format} thumbnails at 0 and at every interval, without drift`, () =>
    withFolder(async (folder) => {
      const input = await countingClip(folder, "30000/1001", 3.5);
      const Thumbnails = {
        Format,
        Interval: "1",
        MaxWidth: "80",
        MaxHeight: "80",
        SizingPolicy: "ShrinkToFit",
        PaddingPolicy: "NoPad",
      };
      const outputs = [{ preset: presetOf({ Thumbnails }), thumbnailPattern: "t/{resolution}-{count}-x" }];
      const { files } = finished(await run(folder, { input, outputs, outputKeyPrefix: "p/" }));
      const thumbnails = files.filter((file) => file.kind === "thumbnail");
      assert.deepEqual(
        thumbnails.map((file) => file.key),
        [1, 2, 3, 4].map((count) => `p/t/80x44-0000${count}-x.${Format}`),
      );
      const numbers = await Promise.all(thumbnails.map(async (file) => (await framesOf(file.path))[0]!));
      // Greys survive JPEG and encoding within a step or two.
      for (const [index, frame] of [0, 30, 60, 90].entries())
        assert.ok(Math.abs(numbers[index]! - frame) <= 2, `${numbers}`);
    }));
}

test("goes on in step when size and channels change on the way, as in broadcasts and calls", () =>
  withFolder(async (folder) => {
    const parts = await Promise.all(
      [
        ["160x90", "sine=440:r=48000:d=2,aformat=channel_layouts=stereo"],
        ["320x240", "aevalsrc=0.3*sin(3000*t)|0.3*sin(3000*t)|0|0|0|0:c=5.1:s=48000:d=2"],
      ].map(async ([size, sound], index) => {
        const path = join(folder, `part${index}.ts`);
        const grey = `color=black:s=${size}:r=25:d=2,format=yuv420p,geq=lum='16+2*(N+${50 * index})':cb=128:cr=128`;
        await ffmpeg(
          ...["-f", "lavfi", "-i", grey, "-f", "lavfi", "-i", sound!, "-c:v", "libx264", "-qp", "4", "-c:a", "aac"],
          ...["-output_ts_offset", `${2 * index}`, path],
        );
        return readFile(path);
      }),
    );
    const input = join(folder, "changing.ts");
    await writeFile(input, Buffer.concat(parts));
    const Thumbnails = { Format: "png", Interval: "1", MaxWidth: "80", MaxHeight: "80" };
    const outputs = [{ preset: presetOf({ Thumbnails }), thumbnailPattern: "{count}" }];
    const { files, width, height } = finished(await run(folder, { input, outputs }));
    const frames = await framesOf(files[0]!.path);
    assert.deepEqual([width, height], [160, 90]);
    // The sound begins a little before the picture: the first frame may be shown twice.
    assert.ok(Math.abs(frames.length - 100) <= 1, `${frames}`);
    for (const [index, frame] of frames.entries()) assert.ok(Math.abs(frame - index) <= 1, `${frames}`);
    assert.equal(files.length, 1 + Math.ceil(frames.length / 25));
    const { streams } = await ffprobe(files[0]!.path);
    const sound = streams.find((stream: { codec_type: string }) => stream.codec_type === "audio");
    assert.ok(Math.abs(Number(sound.duration) - 4) < 0.1, sound.duration);
    assert.ok(Math.abs(Number(sound.nb_frames) - (4 * 48_000) / 1024) < 6, sound.nb_frames);
  }));

test("a fixed GOP has its key frames exactly there, another at most so far apart", () =>
  withFolder(async (folder) => {
    const input = join(folder, "cuts.mkv");
    await ffmpeg(
      "-f",
      "lavfi",
      "-i",
      "testsrc2=s=160x90:r=25:d=1[a];smptebars=s=160x90:r=25:d=1.5[b];[a][b]concat",
      "-c:v",
      "ffv1",
      input,
    );
    for (const [Codec, Container] of [
      ["H.264", "mp4"],
      ["mpeg2", "mpg"],
      ["vp8", "webm"],
      ["vp9", "webm"],
    ] as const) {
      const CodecOptions = Codec === "H.264" ? H264 : {};
      const made = { ...video, Codec, CodecOptions, KeyframesMaxDist: "20" };
      const outputs = ["true", "false"].map((FixedGOP) => ({
        preset: presetOf({ Container, Audio: null, Video: { ...made, FixedGOP } }),
      }));
      const result = await run(folder, { input, outputs });
      const keys = await Promise.all(
        [0, 1].map(async (index) => {
          const { packets } = await ffprobe(finished(result, index).files[0]!.path, "-show_packets");
          return packets.flatMap((packet: { flags: string }, at: number) => (packet.flags.startsWith("K") ? [at] : []));
        }),
      );
      const apart = (list: number[]) => list.slice(1).map((at, index) => at - list[index]!);
      if (Codec !== "vp8" && Codec !== "vp9")
        assert.deepEqual([...new Set(apart(keys[0]!))], [20], `${Codec}: ${keys[0]}`);
      assert.ok(Math.max(...apart(keys[1]!)) <= 23, `${Codec}: ${keys[1]}`);
    }
  }));

test("an output that FFmpeg cannot make fails alone, and so does one that cannot be planned", () =>
  withFolder(async (folder) => {
    const input = await countingClip(folder, "25", 1);
    // No Vorbis set-up exists for this rate: the encoder refuses when it is opened.
    const Audio = { Codec: "vorbis", BitRate: "320", Channels: "1", SampleRate: "22050" };
    const refused = { ...audio, CodecOptions: { Profile: "HE-AAC" }, Codec: "AAC" };
    const result = await run(folder, {
      input,
      outputs: [
        { preset: presetOf() },
        { preset: presetOf({ Container: "ogg", Video: null, Audio }) },
        {
          preset: presetOf({
            Audio: { Codec: "pcm", CodecOptions: { BitDepth: "32", Signed: "Unsigned" } },
            Container: "wav",
            Video: null,
          }),
        },
        { preset: presetOf({ Container: "ts" }), segmentDuration: 1, key: "hls" },
        { preset: presetOf({ Audio: refused }) },
      ],
      playlists: [{ Name: "all", Format: "HLSv3", OutputKeys: ["hls"] }],
    });
    finished(result, 0);
    assert.equal(failureOf(result, 1).code, 4007);
    assert.deepEqual(failureOf(result, 2), { code: 1000, sentence: "A wav file cannot hold unsigned PCM of 32 bits." });
    finished(result, 3);
    if ("failure" in result.outputs[4]!) assert.match(failureOf(result, 4).sentence, /HE-AAC.*libfdk_aac/);
    assert.ok("files" in result.playlists[0]!);
  }));

test("goes by the rules of what input and preset lack", () =>
  withFolder(async (folder) => {
    const both = await countingClip(folder, "25", 1);
    const [silent, sound] = [join(folder, "silent.mkv"), join(folder, "sound.mkv")];
    await ffmpeg("-i", both, "-an", "-c", "copy", silent);
    await ffmpeg("-i", both, "-vn", "-c", "copy", sound);
    const presets = [
      presetOf(),
      presetOf({ Audio: null }),
      presetOf({ Video: null }),
      presetOf({ Audio: { ...audio, Channels: "0" } }),
    ];
    const kinds = async (input: string) => {
      const result = await run(folder, { input, outputs: presets.map((preset) => ({ preset })) });
      return Promise.all(
        result.outputs.map(async (output) => {
          if ("failure" in output) return output.failure.code;
          const { streams } = await ffprobe(output.files[0]!.path);
          return streams.map((stream: { codec_type: string }) => stream.codec_type).join("+");
        }),
      );
    };
    assert.deepEqual(await kinds(both), ["video+audio", "video", "audio", "video"]);
    assert.deepEqual(await kinds(silent), ["video", "video", 4008, "video"]);
    assert.deepEqual(await kinds(sound), [4008, 4008, "audio", 4008]);
  }));

// input tracks, Channels, mode → channels of each output track
const packing: [string, string, string, number[]][] = [
  ["1", "1", "OneChannelPerTrackWithMosTo8Tracks", [1, 1, 1, 1, 1, 1, 1, 1]],
  ["1", "2", "SingleTrack", [2]],
  ["1", "2", "OneChannelPerTrack", [1, 1]],
  ["1", "auto", "OneChannelPerTrack", [1]],
  ["1+1", "2", "SingleTrack", [2]],
  ["1+1", "auto", "OneChannelPerTrack", [1, 1]],
  ["6", "2", "OneChannelPerTrackWithMosTo8Tracks", [1, 1, 1, 1, 1, 1, 1, 1]],
  ["6", "auto", "OneChannelPerTrack", [1, 1, 1, 1, 1, 1]],
  ["6", "auto", "SingleTrack", [6]],
];

test("packs sound into tracks as the table says, and fills them with silence", () =>
  withFolder(async (folder) => {
    for (const tracks of new Set(packing.map(([tracks]) => tracks))) {
      const input = join(folder, `${tracks}.mkv`);
      const sounds = tracks
        .split("+")
        .map((channels) => `aevalsrc=${Array(Number(channels)).fill("0.5*sin(2000*t)").join("|")}:d=1:s=48000`);
      await ffmpeg(
        ...[
          "-f",
          "lavfi",
          "-i",
          "testsrc2=s=320x180:r=25:d=1",
          ...sounds.flatMap((sound) => ["-f", "lavfi", "-i", sound]),
        ],
        ...[
          "-map",
          "0",
          ...sounds.flatMap((_, index) => ["-map", `${index + 1}`]),
          "-c:v",
          "ffv1",
          "-c:a",
          "pcm_s16le",
          input,
        ],
      );
      const rows = packing.filter((row) => row[0] === tracks);
      const Video = {
        ...video,
        Codec: "mpeg2",
        CodecOptions: { ChromaSubsampling: "yuv422p" },
        KeyframesMaxDist: "12",
        MaxWidth: "320",
        MaxHeight: "180",
      };
      const outputs = rows.map(([, Channels, AudioPackingMode]) => {
        const Audio = {
          Codec: "pcm",
          SampleRate: "48000",
          Channels,
          AudioPackingMode,
          CodecOptions: { BitDepth: "24" },
        };
        return { preset: presetOf({ Container: "mxf", Video, Audio }) };
      });
      const result = await run(folder, { input, outputs });
      for (const [index, [, Channels, mode, expected]] of rows.entries()) {
        const { path } = finished(result, index).files[0]!;
        const { streams } = await ffprobe(path, "-select_streams", "a");
        const channels = streams.map((stream: { channels: number }) => stream.channels);
        assert.deepEqual(channels, expected, `${tracks} by ${Channels}, ${mode}`);
        if (mode === "OneChannelPerTrackWithMosTo8Tracks") {
          const levels = await Promise.all(
            [0, Number(Channels), 7].map(async (track) => {
              const samples = await ffmpeg("-i", path, "-map", `0:a:${track}`, "-f", "s16le", "-");
              return new Int16Array(samples.buffer, samples.byteOffset, samples.length >> 1).reduce(
                (most, value) => Math.max(most, Math.abs(value)),
                0,
              );
            }),
          );
          assert.ok(levels[0]! > 5000 && levels[1] === 0 && levels[2] === 0, `${levels}`);
        }
      }
    }
  }));

const userMetadata = { Title: "A title", artist: "Somebody", Comment: "no comment", "asset.id": "x=1:2" };
const everyTag = { title: "A title", artist: "Somebody", comment: "no comment", "asset.id": "x=1:2" };
const own = { title: "A title", artist: "Somebody" };
const containers: [string, Partial<PresetDocument>, Record<string, string>][] = [
  ["mp4", {}, everyTag],
  ["fmp4", {}, own],
  ["flv", {}, everyTag],
  [
    "webm",
    { Video: { ...video, Codec: "vp8", CodecOptions: {} }, Audio: { Codec: "vorbis", BitRate: "64", Channels: "2" } },
    everyTag,
  ],
  ["mp3", { Video: null, Audio: { ...audio, Codec: "mp3" } }, everyTag],
  ["flac", { Video: null, Audio: { Codec: "flac" } }, everyTag],
  ["ogg", { Video: null, Audio: { Codec: "flac" } }, everyTag],
  ["wav", { Video: null, Audio: { Codec: "pcm" } }, { ...own, comment: "no comment; asset.id=x=1:2" }],
  ["ts", {}, { service_name: "A title", service_provider: "Somebody" }],
];

test("embeds user metadata as far as each container holds it", () =>
  withFolder(async (folder) => {
    const input = await countingClip(folder, "25", 1);
    const outputs = containers.map(([Container, more]) => ({ preset: presetOf({ ...more, Container }) }));
    const result = await run(folder, { input, outputs, userMetadata });
    for (const [index, [container, , expected]] of containers.entries()) {
      const { format, streams, programs } = await ffprobe(finished(result, index).files[0]!.path, "-show_programs");
      const tags = { ...programs[0]?.tags, ...streams[0].tags, ...format.tags };
      const found = Object.fromEntries(Object.entries(tags).map(([key, value]) => [key.toLowerCase(), value]));
      for (const [key, value] of Object.entries(expected)) assert.equal(found[key], value, `${container}: ${key}`);
    }
  }));

test("a signal ends FFmpeg and throws its reason", () =>
  withFolder(async (folder) => {
    const controller = new AbortController();
    const reason = new Error("cancelled by the test");
    const input = await countingClip(folder, "25", 60);
    const slow = { ...video, MaxWidth: "1920", MaxHeight: "1080", SizingPolicy: "Fit" };
    const transcoding = run(folder, {
      input,
      outputs: [{ preset: presetOf({ Video: slow }) }],
      options: {
        signal: controller.signal,
        onProgress: ({ stage, percent }) => {
          if (stage === "transcoding" && percent > 0) controller.abort(reason);
        },
      },
    });
    await assert.rejects(transcoding, reason);
  }));

test("limits on time and size fail the outputs", () =>
  withFolder(async (folder) => {
    const input = await countingClip(folder, "25", 60);
    const Video = { ...video, MaxWidth: "1920", MaxHeight: "1080", SizingPolicy: "Fit" };
    const outputs = [{ preset: presetOf({ Video }) }];
    const slow = await run(folder, { input, outputs, options: { limits: { maxSeconds: 0.5, maxOutputBytes: 1e9 } } });
    assert.match(failureOf(slow).sentence, /longer than the limit/);
    const large = await run(folder, {
      input,
      outputs: [{ preset: presetOf() }],
      options: { limits: { maxSeconds: 60, maxOutputBytes: 1000 } },
    });
    assert.match(failureOf(large).sentence, /above the limit/);
  }));

test("a hostile input reads neither local files nor the network", () =>
  withFolder(async (folder) => {
    const secret = await countingClip(folder, "25", 1, "secret.mkv");
    let visits = 0;
    const server = createServer((_, response) => {
      visits++;
      response.end();
    }).listen(0, "127.0.0.1");
    const url = await new Promise<string>((done) =>
      server.once("listening", () => done(`http://127.0.0.1:${(server.address() as AddressInfo).port}/x.ts`)),
    );
    const inputs: Record<string, string> = {
      "concat.txt": `ffconcat version 1.0\nfile '${secret}'\n`,
      "relative.txt": "ffconcat version 1.0\nfile secret.mkv\n",
      "local.m3u8": `#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://${secret}\n#EXT-X-ENDLIST\n`,
      "remote.m3u8": `#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n${url}\n#EXT-X-ENDLIST\n`,
      "session.sdp":
        "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5000 RTP/AVP 96\na=rtpmap:96 H264/90000\n",
      "manifest.mpd": `<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="x"><Period><AdaptationSet><Representation id="1"><BaseURL>${url}</BaseURL></Representation></AdaptationSet></Period></MPD>`,
    };
    for (const [name, content] of Object.entries(inputs)) {
      await writeFile(join(folder, name), content);
      const result = await run(folder, { input: join(folder, name), outputs: [{ preset: presetOf() }] });
      assert.ok([4000, 4006].includes(failureOf(result).code), `${name}: ${failureOf(result).code}`);
    }
    server.close();
    assert.equal(visits, 0);
  }));

test("what lies in the scratch folder is named by numbers, whatever the key", () =>
  withFolder(async (folder) => {
    const input = await countingClip(folder, "25", 1);
    const outputs = [{ preset: presetOf(), key: "../../etc/%d;$(x)'\"[v].mp4" }];
    const result = await run(folder, { input, outputs, outputKeyPrefix: "../" });
    assert.equal(finished(result).files[0]!.key, "../../../etc/%d;$(x)'\"[v].mp4");
    assert.deepEqual(await readdir(result.request.scratchFolder), ["output-1"]);
  }));

test("makes the same bytes again", () =>
  withFolder(async (folder) => {
    const input = await countingClip(folder, "25", 1);
    const webm = presetOf({
      Container: "webm",
      Video: { ...video, Codec: "vp9", CodecOptions: {} },
      Audio: { Codec: "vorbis", BitRate: "64", Channels: "2" },
    });
    const mxf = { ...presetNamed("Full HD 1080i50 - XDCAM422") };
    const outputs = [
      { preset: presetOf() },
      { preset: webm },
      { preset: presetOf({ Container: "ogg", Video: null, Audio: { Codec: "flac" } }) },
      { preset: mxf },
    ];
    const [first, second] = [await run(folder, { input, outputs }), await run(folder, { input, outputs })];
    for (const index of outputs.keys()) {
      const [a, b] = await Promise.all(
        [first, second].map((result) => readFile(finished(result, index).files[0]!.path)),
      );
      assert.ok(a!.equals(b!), `output ${index + 1} differs`);
    }
  }));
