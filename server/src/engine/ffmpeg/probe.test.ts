import assert from "node:assert/strict";
import { test } from "node:test";
import { type FfprobeDocument, parseProbe } from "./probe.ts";

const picture = {
  ...{ index: 0, codec_type: "video", codec_name: "h264", width: 1280, height: 720, pix_fmt: "yuv420p" },
  ...{ r_frame_rate: "30/1", avg_frame_rate: "30/1", duration: "10" },
};
const sound = { index: 1, codec_type: "audio", codec_name: "aac", channels: 2, sample_rate: "48000", duration: "9.9" };
const format = { format_name: "mp4", duration: "12" };

type Streams = NonNullable<FfprobeDocument["streams"]>;

// streams → failure
const failures: [string, Streams, number][] = [
  ["nothing", [], 4000],
  ["data alone", [{ codec_type: "data" }], 4000],
  ["a picture that nothing decodes", [{ ...picture, codec_name: "none" }, sound], 4006],
  ["a picture without a size", [{ ...picture, width: 0 }], 4006],
  ["sound that nothing decodes", [{ ...sound, codec_name: "unknown" }], 4006],
  ["an enormous picture", [{ ...picture, width: 16_384, height: 16_384 }], 4001],
];
for (const [name, streams, code] of failures) {
  test(`${name} fails with ${code}`, () => {
    const probe = parseProbe({ format, streams });
    assert.equal("failure" in probe && probe.failure.code, code);
  });
}

function videoOf(more: Streams[number]) {
  const probe = parseProbe({ format, streams: [{ ...picture, ...more }] });
  assert.ok(!("failure" in probe) && probe.video);
  return probe.video;
}

const rotations: [Streams[number], number][] = [
  [{}, 0],
  [{ side_data_list: [{ side_data_type: "Display Matrix", rotation: -90 }] }, 90],
  [{ side_data_list: [{ side_data_type: "Display Matrix", rotation: 90 }] }, 270],
  [{ side_data_list: [{ side_data_type: "Display Matrix", rotation: -180 }] }, 180],
  [{ tags: { rotate: "270" } }, 270],
  [{ tags: { rotate: "nonsense" } }, 0],
];
for (const [more, rotation] of rotations) {
  test(`${JSON.stringify(more)} turns by ${rotation}`, () => assert.equal(videoOf(more).rotation, rotation));
}

const rates: [string, string | undefined, [number, number], boolean][] = [
  ["30/1", "30/1", [30, 1], false],
  ["30000/1001", "19001/634", [30_000, 1001], false],
  ["90000/1", "10505/1000", [2101, 200], true],
  ["50/1", "25/1", [25, 1], true],
  ["0/0", undefined, [25, 1], true],
  ["90000/1", "0/0", [25, 1], true],
];
for (const [r_frame_rate, avg_frame_rate, [num, den], isVariable] of rates) {
  test(`${r_frame_rate} on ${avg_frame_rate} average is ${num}/${den}${isVariable ? ", varying" : ""}`, () => {
    const { frameRate, isVariableRate } = videoOf({ r_frame_rate, avg_frame_rate });
    assert.deepEqual([frameRate, isVariableRate], [{ num, den }, isVariable]);
  });
}

test("takes no cover for the picture, and the default sound first", () => {
  const cover = { ...picture, codec_name: "mjpeg", disposition: { attached_pic: 1 } };
  const main = { ...sound, index: 2, channels: 6, disposition: { default: 1 } };
  const probe = parseProbe({ format, streams: [cover, sound, main] });
  assert.ok(!("failure" in probe));
  assert.equal(probe.video, undefined);
  assert.deepEqual(
    probe.audio.map((stream) => stream.index),
    [2, 1],
  );
});

test("lasts as long as picture and sound do, whatever other tracks do", () => {
  const subtitles = { codec_type: "subtitle", duration: "12" };
  const lengthOf = (streams: Streams) => {
    const probe = parseProbe({ format, streams });
    return "failure" in probe ? undefined : probe.durationSeconds;
  };
  assert.equal(lengthOf([picture, sound, subtitles]), 10);
  assert.equal(lengthOf([{ ...picture, duration: undefined }, sound]), 12);
});

test("survives documents of other shapes", () => {
  for (const document of [{}, { streams: [{}] }, { streams: "x" }, { format: 5 }] as unknown as FfprobeDocument[]) {
    assert.ok("failure" in parseProbe(document));
  }
  assert.equal(videoOf({ sample_aspect_ratio: "1:5000" }).sampleAspect.num, 1);
  assert.equal(videoOf({ field_order: "__proto__" }).fieldOrder, "unknown");
});
