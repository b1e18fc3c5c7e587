import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import type { GetImagesCommandInput } from "@aws-sdk/client-kinesis-video-archived-media";
import { damage, pictures, record, recordEvery, sound, store } from "../support/stored-media.ts";
import { type MediaServer, startMedia } from "./stored-media-server.ts";

const start = Date.parse("2026-01-02T03:04:05Z");
const at = (seconds: number) => new Date(start + seconds * 1000);
const ffmpeg = process.env.MILLRACE_FFMPEG ?? "ffmpeg";

/** Grey pictures that are as bright as they are late: 20 in the first half second, 40 in the next. */
const grey = ["-f", "lavfi", "-i", "color=s=64x48:r=10:d=6", "-vf", "geq=lum='20*(1+floor(2*T))':cb=128:cr=128"];
const stairs = recordEvery(
  2000,
  ...grey,
  "-c:v",
  "libx264",
  "-bf",
  "2",
  "-g",
  "20",
  "-sc_threshold",
  "0",
  "-pix_fmt",
  "yuv420p",
);

function ask(server: MediaServer, from: number, to: number, more: Partial<GetImagesCommandInput> = {}) {
  return server.archive.getImages({
    StreamName: "cam",
    ImageSelectorType: "PRODUCER_TIMESTAMP",
    StartTimestamp: at(from),
    EndTimestamp: at(to),
    Format: "PNG",
    ...more,
  });
}

function look(content: string): { width: number; height: number; brightness: number } {
  const bytes = Buffer.from(content, "base64");
  const args = ["-v", "info", "-f", "image2pipe", "-i", "-", "-pix_fmt", "gray", "-f", "rawvideo", "-"];
  const probe = ["-v", "error", "-show_entries", "stream=width,height", "-of", "json", "-f", "image2pipe", "-"];
  const { width, height } = JSON.parse(execFileSync("ffprobe", probe, { input: bytes, encoding: "utf8" })).streams[0];
  const pixels = execFileSync(ffmpeg, ["-loglevel", "error", ...args.slice(2)], { input: bytes });
  return { width, height, brightness: pixels.reduce((sum, pixel) => sum + pixel, 0) / pixels.length };
}

test("shows what is seen at each moment, with an element for those of which nothing is kept", async (t) => {
  const server = await startMedia(t);
  const stored = await store(server.engine, server.streamId, stairs, { producerStart: start });
  assert.equal(stored.length, 3);
  const { Images, NextToken } = await ask(server, 0.25, 7, { SamplingInterval: 500 });
  assert.equal(NextToken, undefined);
  assert.deepEqual(
    Images!.map(({ TimeStamp }) => TimeStamp!.getTime() - start),
    Array.from({ length: 14 }, (_, i) => 250 + i * 500),
  );
  for (const [i, { ImageContent, Error: error }] of Images!.entries()) {
    if (11 < i) {
      assert.deepEqual([ImageContent, error], [undefined, "NO_MEDIA"]);
      continue;
    }
    const { brightness, ...size } = look(ImageContent!);
    // Video's 16 to 235 are a screen's 0 to 255.
    const expected = Math.min(255, Math.max(0, ((20 * (i + 1) - 16) * 255) / 219));
    assert.ok(Math.abs(brightness - expected) < 6, `image ${i}: ${brightness}, not ${expected}`);
    assert.deepEqual(size, { width: 64, height: 48 });
  }
});

test("gives 25 to a page, in the size and the format asked for", async (t) => {
  const server = await startMedia(t);
  await store(server.engine, server.streamId, stairs, { producerStart: start });
  const more = { SamplingInterval: 200, Format: "JPEG" as const, HeightPixels: 24 };
  const first = await ask(server, 0, 6, { ...more, MaxResults: 100 });
  assert.equal(first.Images!.length, 25);
  const second = await ask(server, 0, 6, { ...more, NextToken: first.NextToken });
  assert.deepEqual([second.Images!.length, second.NextToken], [5, undefined]);
  assert.equal(second.Images![0]!.TimeStamp!.getTime(), start + 5000);
  const all = [...first.Images!, ...second.Images!];
  for (const { ImageContent } of all) assert.equal(ImageContent!.slice(0, 4), "/9j/");
  const sizes = async (size: Partial<GetImagesCommandInput>) => {
    const { Images } = await ask(server, 0, 0, { ...size, Format: "JPEG" });
    assert.equal(Images!.length, 1);
    const { width, height } = look(Images![0]!.ImageContent!);
    return [width, height, Images![0]!.ImageContent!.length] as const;
  };
  assert.deepEqual((await sizes({ HeightPixels: 24 })).slice(0, 2), [32, 24]);
  assert.deepEqual((await sizes({ WidthPixels: 128 })).slice(0, 2), [128, 96]);
  assert.deepEqual((await sizes({ WidthPixels: 100, HeightPixels: 20 })).slice(0, 2), [100, 20]);
});

test("a higher JPEGQuality makes a larger image", async (t) => {
  const server = await startMedia(t);
  await store(server.engine, server.streamId, record(...pictures(1, { size: "320x240" })), { producerStart: start });
  const lengths = [];
  for (const JPEGQuality of ["1", "50", "80", "100"]) {
    const { Images } = await ask(server, 0, 0, { Format: "JPEG", FormatConfig: { JPEGQuality } });
    lengths.push(Images![0]!.ImageContent!.length);
  }
  assert.deepEqual(
    lengths.toSorted((a, b) => a - b),
    lengths,
  );
  assert.ok(2 * lengths[0]! < lengths[3]!);
});

test("says MEDIA_ERROR where a fragment is damaged, does not decode or has no pictures, and shows the others", async (t) => {
  const server = await startMedia(t);
  const stored = await store(server.engine, server.streamId, stairs, { producerStart: start });
  await damage(server.records, stored[1]!);
  const tone = record(...sound(2), "-c:a", "aac");
  await store(server.engine, server.streamId, tone, { producerStart: start + 20_000 });
  const noise = {
    ...stairs,
    clusters: stairs.clusters.map((cluster) => ({ ...cluster, bytes: noisy(cluster.bytes) })),
  };
  await store(server.engine, server.streamId, noise, { producerStart: start + 30_000, to: 1 });
  const outcome = async (from: number, to: number) => {
    const { Images } = await ask(server, from, to, { SamplingInterval: 2000 });
    return Images!.map(({ ImageContent, Error: error }) => error ?? (ImageContent === undefined ? "nothing" : "image"));
  };
  assert.deepEqual(await outcome(0, 6), ["image", "MEDIA_ERROR", "image"]);
  assert.deepEqual(await outcome(20, 21), ["MEDIA_ERROR"]);
  assert.deepEqual(await outcome(30, 31), ["MEDIA_ERROR"]);
});

/** The lengths of the units stay, what is in them does not. */
function noisy(bytes: Uint8Array): Uint8Array {
  const copy = Buffer.from(bytes);
  for (let i = 60; i < copy.length; i++) copy[i] = (copy[i]! * 7 + i) & 0xff;
  return copy.fill(0, 60, 61);
}

test("refuses ranges, sizes and tokens that make no sense", async (t) => {
  const server = await startMedia(t);
  const cases: [number, number, Partial<GetImagesCommandInput>, RegExp][] = [
    [0, 301, {}, /300 seconds/],
    [2, 1, {}, /must not be before/],
    [0, 1, { SamplingInterval: 199 }, /samplingInterval/],
    [0, 1, { WidthPixels: 3841 }, /widthPixels/],
    [0, 1, { HeightPixels: 0 }, /heightPixels/],
    [0, 1, { MaxResults: 101 }, /maxResults/],
    [0, 1, { FormatConfig: { JPEGQuality: "101" } }, /JPEGQuality/],
    [0, 1, { NextToken: "AAAA" }, /NextToken/],
    [0, 1, { Format: "GIF" as "PNG" }, /format/],
  ];
  for (const [from, to, more, message] of cases) {
    await assert.rejects(ask(server, from, to, more), { name: "InvalidArgumentException", message }, `${message}`);
  }
  await assert.rejects(ask(server, 0, 1, { StreamName: "none" }), { name: "ResourceNotFoundException" });
  await server.client.createStream({ StreamName: "keeps-nothing" });
  await assert.rejects(ask(server, 0, 1, { StreamName: "keeps-nothing" }), { name: "NoDataRetentionException" });
});
