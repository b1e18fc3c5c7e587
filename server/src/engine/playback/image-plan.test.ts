import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import type { Frame } from "@millrace/media/track";
import { frameAt, imageArguments, planImages, splitImages } from "./image-plan.ts";

/** I B P B P …, and a key frame again: presentation times in decoding order. */
const times = [0, 80, 40, 160, 120, 200, 280, 240];
const frames: Frame[] = times.map((timestamp, i) => ({
  track: 1,
  timestamp,
  keyframe: i === 0 || i === 5,
  data: Uint8Array.of(i),
}));

test("finds the frame that is seen at a moment, whatever the decoding order", () => {
  const cases = [
    [0, 0],
    [39, 0],
    [40, 2],
    [79, 2],
    [80, 1],
    [199, 3],
    [1000, 6],
    [-5, 0],
  ] as const;
  for (const [at, index] of cases) assert.equal(frameAt(frames, at), index, `at ${at}`);
});

test("decodes from the key frame before each wanted frame, and nothing else", () => {
  const track = { number: 7, kind: "video" as const, codecId: "V_MPEG4/ISO/AVC" };
  const cases = [
    { wanted: [2], bytes: [0, 1, 2], ranks: [1] },
    { wanted: [6], bytes: [5, 6], ranks: [1] },
    { wanted: [0, 7, 0], bytes: [0, 5, 6, 7], ranks: [0, 2] },
  ];
  for (const { wanted, bytes, ranks } of cases) {
    const { document, ranks: planned } = planImages(track, frames, wanted);
    assert.deepEqual(planned, ranks);
    // Each frame here is its index, and ends its block.
    const cluster = Buffer.from(document[1]!);
    assert.equal(cluster.at(-1), bytes.at(-1));
    const blocks = cluster.toString("latin1").split("\xa3").length - 1;
    assert.equal(blocks, bytes.length);
  }
});

test("cuts images apart where one ends, and keeps none that is cut short", () => {
  for (const [format, codec] of [
    ["JPEG", ["-c:v", "mjpeg", "-qmin", "1", "-q:v", "31"]],
    ["PNG", ["-c:v", "png"]],
  ] as const) {
    const source = ["-v", "error", "-f", "lavfi", "-i", "testsrc2=s=64x48:d=1:r=5", ...codec, "-f", "image2pipe", "-"];
    const bytes = execFileSync(process.env.MILLRACE_FFMPEG ?? "ffmpeg", source);
    const images = splitImages(bytes, format);
    assert.equal(images.length, 5, format);
    assert.deepEqual(Buffer.concat(images), bytes);
    for (let cut = 0; cut < bytes.length; cut += 97) {
      const some = splitImages(bytes.subarray(0, cut), format);
      assert.deepEqual(some, images.slice(0, some.length), `${format} cut at ${cut}`);
      const ends = images.map((_, i) => images.slice(0, i + 1).reduce((sum, { length }) => sum + length, 0));
      assert.equal(some.length, ends.filter((end) => end <= cut).length, `${format} cut at ${cut}`);
    }
  }
});

test("never takes longer than its input is long over hostile images", () => {
  const hostile = [
    [0xff, 0xd8, 0xff, 0xd9, 0xff],
    [0xff, 0xd8, 0xff, 0xe0, 0, 0, 0xff],
    [0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0xff, 0xff, 0xff, 0xff, 0x49, 0x45, 0x4e, 0x44, 0, 0, 0, 0, 0],
  ];
  for (const bytes of hostile) {
    for (const format of ["JPEG", "PNG"] as const) {
      for (let length = 0; length <= bytes.length; length++)
        splitImages(Uint8Array.from(bytes.slice(0, length)), format);
    }
  }
});

test("asks FFmpeg for the wanted frames in the size and quality that are asked for", () => {
  const quality = (of: number) => {
    const args = imageArguments([0], { format: "JPEG", quality: of });
    return args[args.indexOf("-q:v") + 1];
  };
  assert.deepEqual([1, 50, 80, 100].map(quality), ["31", "8", "3", "1"]);
  const filter = (size: { width?: number; height?: number }) => {
    const args = imageArguments([1, 4], { format: "PNG", quality: 80, ...size });
    return args[args.indexOf("-vf") + 1];
  };
  assert.equal(filter({}), "select='eq(pts\\,1)+eq(pts\\,4)',settb=1,setpts=N");
  assert.match(filter({ width: 320 })!, /,scale=320:-1$/);
  assert.match(filter({ height: 90 })!, /,scale=-1:90$/);
  assert.match(filter({ width: 320, height: 90 })!, /,scale=320:90$/);
});
