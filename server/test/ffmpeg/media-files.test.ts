/**
 * Real files of every kind, when they are there: what can be read completes, what is broken ends in a documented way.
 */
import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Failure } from "../../src/engine/ffmpeg/transcode.types.ts";
import { ffprobe, finished, presetNamed, run, withFolder } from "./running.ts";

const media = fileURLToPath(new URL("../../../../shared/media", import.meta.url));
const skip = existsSync(media) ? false : `no clips at ${media}`;

function filesOf(folder: string): string[] {
  return skip ? [] : readdirSync(join(media, folder)).map((name) => join(folder, name));
}

/** Files whose pictures or sound begin late or end early, and by how much the output may differ. */
const tolerances: Record<string, number> = {
  "video/pal_mpeg1_mp2_anamorphic.mpg": 1,
  "broadcast/dvb_1080i25_h264_3xeac3_dvbsub.ts": 1,
  "video/earth_480x270_h264_aac.avi": 0.6,
};

test("real clips are tried where they are", { skip }, () => {
  assert.ok(filesOf("video").length > 0);
});

for (const file of ["video", "phone", "broadcast", "hdr"].flatMap(filesOf)) {
  test(`${file} completes`, async () => {
    await withFolder(async (folder) => {
      const result = await run(folder, {
        input: join(media, file),
        outputs: [{ preset: presetNamed("Generic 320x240"), thumbnailPattern: "thumbnail-{count}" }],
      });
      const input = result.detected!.DurationMillis! / 1000;
      const shape = finished(result);
      assert.ok(
        Math.abs(shape.durationMillis / 1000 - input) <= (tolerances[file] ?? 0.4),
        `${shape.durationMillis} of ${input} s`,
      );
      assert.ok(shape.width! > 0 && shape.height! > 0 && shape.width! <= 320);
      const { streams } = await ffprobe(shape.files[0]!.path);
      const source = await ffprobe(join(media, file));
      const picture = streams.find((stream: { codec_type: string }) => stream.codec_type === "video");
      assert.equal(picture.pix_fmt, "yuv420p");
      assert.equal(picture.color_range, "tv");
      assert.ok(["bt709", "smpte170m", "bt470bg"].includes(picture.color_space), picture.color_space);
      assert.equal(picture.sample_aspect_ratio, "1:1");
      assert.equal(picture.field_order, "progressive");
      assert.equal(
        picture.side_data_list?.find((data: { rotation?: number }) => data.rotation),
        undefined,
      );
      const hasSound = source.streams.some((stream: { codec_type: string }) => stream.codec_type === "audio");
      assert.equal(
        streams.some((stream: { codec_type: string }) => stream.codec_type === "audio"),
        hasSound,
      );
      assert.equal(shape.files.filter((produced) => produced.kind === "thumbnail").length, Math.ceil(input / 60));
    });
  });
}

for (const file of filesOf("audio")) {
  test(`${file} completes as MP3, AAC and FLAC`, async () => {
    await withFolder(async (folder) => {
      const result = await run(folder, {
        input: join(media, file),
        outputs: ["Audio MP3 - 128k", "HLS Audio - 64k", "Audio FLAC - CD"].map((name) => ({
          preset: presetNamed(name),
        })),
      });
      const input = result.detected!.DurationMillis! / 1000;
      for (const index of [0, 1, 2]) {
        const output = finished(result, index);
        assert.ok(Math.abs(output.durationMillis / 1000 - input) < 0.2, `${output.durationMillis} of ${input} s`);
        assert.equal(output.width, undefined);
      }
    });
  });
  test(`${file} has no video for a video preset`, async () => {
    await withFolder(async (folder) => {
      const result = await run(folder, { input: join(media, file), outputs: [{ preset: presetNamed("Web") }] });
      assert.equal((result.outputs[0] as { failure: Failure }).failure.code, 4008);
    });
  });
}

const broken: Record<string, number | "completes"> = {
  "broken/corrupted_frames.mp4": "completes",
  "broken/failing_audio.mp4": "completes",
  "broken/moov_garbage.mp4": 4000,
  "broken/no_duration.webm": "completes",
  "broken/no_valid_keyframes.mp4": "completes",
  "broken/starts_mid_gop.ts": "completes",
  "broken/text_named.mp4": 4000,
};

for (const file of filesOf("broken")) {
  test(`${file} ends: ${broken[file]}`, async () => {
    await withFolder(async (folder) => {
      const result = await run(folder, {
        input: join(media, file),
        outputs: [{ preset: presetNamed("Generic 320x240") }],
      });
      const output = result.outputs[0]!;
      assert.equal("failure" in output ? output.failure.code : "completes", broken[file], result.log.join("\n"));
    });
  });
}
