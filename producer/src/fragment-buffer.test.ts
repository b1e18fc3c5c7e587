import assert from "node:assert/strict";
import { test } from "node:test";
import { parseFragment } from "@millrace/media/matroska/fragment";
import { buildHeader } from "@millrace/media/matroska/writer";
import { type BufferLimits, type Fragment, FragmentBuffer } from "./fragment-buffer.ts";

const rules = { timestampScale: 1_000_000, audioFragmentMs: 2000, minFragmentMs: 500, maxFragmentMs: 19_000 };
const roomy = { maxBytes: 1e9, maxMs: 1e9, dropOldest: false };
const video = { number: 1, kind: "video", codecId: "V_VP8", video: { width: 2, height: 2 } } as const;
const audio = { number: 2, kind: "audio", codecId: "A_OPUS", audio: { sampleRate: 48_000, channels: 2 } } as const;

function bufferOf(limits: Partial<BufferLimits> = {}, isVideo = true) {
  const dropped: [number, string][] = [];
  const buffer = new FragmentBuffer(rules, { ...roomy, ...limits }, ({ timecode }, reason) =>
    dropped.push([timecode, reason]),
  );
  const header = new Uint8Array(buildHeader({ tracks: [video, audio] }));
  buffer.setDocument(header, { number: isVideo ? 1 : 2, isVideo });
  const add = (track: number, timestamp: number, keyframe = false, size = 10) =>
    buffer.add({ track, timestamp, keyframe, parts: [new Uint8Array(size)] });
  return { buffer, add, dropped, starts: () => buffer.fragments.map(({ timecode }) => timecode) };
}

function read(fragment: Fragment) {
  return parseFragment(fragment.header, Buffer.concat(fragment.parts));
}

/** Track, milliseconds, and whether it is a key frame; then where fragments begin. */
const cases: [what: string, isVideo: boolean, frames: [number, number, boolean?][], starts: number[]][] = [
  [
    "at key frames of the pictures",
    true,
    [
      [1, 0, true],
      [2, 0, true],
      [1, 500],
      [1, 1000, true],
      [2, 990],
    ],
    [0, 1000],
  ],
  [
    "not at key frames that follow too soon",
    true,
    [
      [1, 0, true],
      [1, 100, true],
      [1, 499, true],
      [1, 500, true],
    ],
    [0, 500],
  ],
  [
    "with the first key frame",
    true,
    [
      [2, 0, true],
      [1, 10],
      [1, 20, true],
      [1, 60],
    ],
    [20],
  ],
  [
    "before the service's limit without one",
    true,
    [
      [1, 0, true],
      [1, 18_999],
      [2, 19_000],
      [1, 19_001],
      [1, 38_000],
    ],
    [0, 19_001],
  ],
  [
    "every two seconds of sound alone",
    false,
    [
      [2, 5, true],
      [2, 2004, true],
      [2, 2005, true],
      [2, 4100, true],
    ],
    [5, 2005, 4100],
  ],
];

for (const [what, isVideo, frames, starts] of cases) {
  test(`begins fragments ${what}`, () => {
    const kept = bufferOf({}, isVideo);
    for (const frame of frames) kept.add(...frame);
    assert.deepEqual(kept.starts(), starts);
  });
}

test("writes frames with their absolute times, those before the key frame too", () => {
  const { buffer, add } = bufferOf();
  add(1, 1_700_000_000_000, true, 3);
  add(2, 1_699_999_999_979, true, 4);
  const { frames, timestamp } = read(buffer.fragments[0]!);
  assert.equal(timestamp, 1_700_000_000_000);
  assert.deepEqual(
    frames.map(({ track, timestamp, keyframe, data }) => [track, timestamp, keyframe, data.length]),
    [
      [1, 1_700_000_000_000, true, 3],
      [2, 1_699_999_999_979, true, 4],
    ],
  );
});

test("keeps sound from just before the first picture, in its fragment", () => {
  const { buffer, add } = bufferOf();
  assert.deepEqual([add(2, 100), add(1, 150), add(2, 2000), add(2, 2020)], [0, 1, 0, 0]);
  assert.equal(add(1, 2030, true), 1);
  assert.deepEqual(
    read(buffer.fragments[0]!).frames.map(({ track, timestamp }) => [track, timestamp]),
    [
      [2, 2000],
      [2, 2020],
      [1, 2030],
    ],
  );
});

test("refuses a fragment that does not come after the one before, and a frame far before its own", () => {
  const { buffer, add, starts } = bufferOf();
  add(1, 40_000, true);
  assert.throws(() => add(1, 7_000), RangeError);
  buffer.endFragment();
  assert.throws(() => add(1, 40_000, true), RangeError);
  add(1, 40_001, true);
  assert.deepEqual(starts(), [40_000, 40_001]);
});

test("puts tags before the cluster of the next fragment, and the last ones behind", () => {
  const { buffer, add } = bufferOf();
  buffer.setTags({ place: "door" }, true);
  buffer.setTags({ once: "1" }, false);
  add(1, 0, true);
  add(1, 1000, true);
  buffer.setTags({ last: "2" }, false);
  buffer.endWithTags();
  const tags = buffer.fragments.map((fragment) =>
    read(fragment).tags.flatMap(({ simpleTags }) => simpleTags.map(({ name, value }) => `${name}=${value}`)),
  );
  assert.deepEqual(tags, [
    ["place=door", "once=1"],
    ["place=door", "last=2"],
  ]);
});

test("drops the oldest fragment that waits, and frames until the next key frame where that was the open one", () => {
  const { buffer, add, dropped, starts } = bufferOf({ maxBytes: 4000, dropOldest: true });
  add(1, 0, true, 1500);
  add(1, 1000, true, 1500);
  add(1, 2000, true, 1500);
  assert.deepEqual(dropped, [[0, "buffer-full"]]);
  buffer.fragments[0]!.owner = {};
  buffer.fragments[1]!.owner = {};
  assert.equal(add(1, 3000, true, 1500), 0);
  assert.deepEqual(dropped.at(-1), [3000, "buffer-full"]);
  assert.equal(add(1, 3040, false, 10), 1);
  buffer.remove(buffer.fragments[0]!);
  assert.equal(add(1, 3080, false, 10), 1);
  assert.equal(add(1, 4000, true, 10), 0);
  assert.deepEqual(starts(), [2000, 4000]);
});

test("gives up the bytes of what was sent before it drops what was not; lost is that only with the connection", () => {
  const { buffer, add, dropped } = bufferOf({ maxBytes: 4000, dropOldest: true });
  for (const at of [0, 1000, 2000]) {
    add(1, at, true, 1500);
    const { fragments } = buffer;
    if (at === 0) Object.assign(fragments[0]!, { owner: {}, sent: true });
  }
  const [sent] = buffer.fragments;
  assert.deepEqual([dropped, sent!.released, buffer.sizeBytes < 4000], [[], true, true]);
  buffer.giveBack(sent!);
  assert.deepEqual(dropped, [[0, "connection-lost"]]);
});

test("splits a fragment that alone would fill the buffer", () => {
  const { add, starts } = bufferOf({ maxBytes: 4000 });
  for (let at = 0; at < 1000; at += 100) add(1, at, at === 0, 500);
  assert.equal(starts().length, 3);
});
