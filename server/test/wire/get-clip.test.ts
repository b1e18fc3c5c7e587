import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { decode, play } from "../support/players.ts";
import { damage, pictures, type Recording, record, recordEvery, sound, store } from "../support/stored-media.ts";
import { type MediaServer, startMedia } from "./stored-media-server.ts";

const start = Date.parse("2026-01-02T03:04:05Z");
const at = (seconds: number) => new Date(start + seconds * 1000);
const recording = record(...pictures(6));

async function clip({ archive, folder }: MediaServer, from: number, to: number, type = "PRODUCER_TIMESTAMP") {
  const { ContentType, Payload } = await archive.getClip({
    StreamName: "cam",
    ClipFragmentSelector: {
      FragmentSelectorType: type as "SERVER_TIMESTAMP",
      TimestampRange: { StartTimestamp: at(from), EndTimestamp: at(to) },
    },
  });
  assert.equal(ContentType, "video/mp4");
  const bytes = Buffer.from(await Payload!.transformToByteArray());
  assert.ok(bytes.indexOf("moov") < bytes.indexOf("mdat"), "plays while it loads");
  const path = join(folder, "clip.mp4");
  await writeFile(path, bytes);
  return path;
}

const millis = (pts: readonly number[]) => pts.map((time) => Math.round((time - pts[0]!) * 1000));

test("cuts a clip with every frame at its time, by either clock", async (t) => {
  const server = await startMedia(t);
  await store(server.engine, server.streamId, recording, { producerStart: start, serverStart: start + 1500 });
  const cases = [
    [1, 3, "PRODUCER_TIMESTAMP", 75],
    [1, 3.6, "SERVER_TIMESTAMP", 75],
    [0, 60, "PRODUCER_TIMESTAMP", 150],
  ] as const;
  for (const [from, to, type, count] of cases) {
    const path = await clip(server, from, to, type);
    const [video] = await play(path);
    assert.deepEqual(
      millis(video!.pts),
      Array.from({ length: count }, (_, i) => i * 40),
    );
    assert.deepEqual(await decode(path), { frames: count, complaints: "" });
  }
});

test("keeps a gap, sound beside pictures, and leaves a damaged fragment out", async (t) => {
  const server = await startMedia(t);
  const both = record(...sound(5), ...pictures(5), "-c:a", "aac", "-shortest");
  const stored = await store(server.engine, server.streamId, both, { producerStart: start, to: 2 });
  const later = await store(server.engine, server.streamId, both, { producerStart: start + 10_000, from: 2 });
  await damage(server.records, later[1]!);
  const [video, audio] = await play(await clip(server, 0, 60));
  assert.equal(stored.length + later.length, 5);
  assert.equal(video!.pts.length, 100);
  assert.ok(180 < audio!.pts.length, `${audio!.pts.length} frames of sound`);
  const seconds = video!.pts.map((time) => time - video!.pts[0]!);
  assert.deepEqual(
    [seconds[49], seconds[50], seconds[74], seconds[75]].map((time) => Math.round(time! * 10) / 10),
    [2, 12, 13, 14],
  );
});

test("takes the first 200 fragments, and of two that start at the same time the one that came last", async (t) => {
  const server = await startMedia(t);
  const tiny = recordEvery(40, ...pictures(9, { rate: 25, gop: 1, size: "32x32" }));
  assert.equal(tiny.clusters.length, 225);
  await store(server.engine, server.streamId, tiny, { producerStart: start });
  const [video] = await play(await clip(server, 0, 60));
  assert.equal(video!.pts.length, 200);
  const other = recordEvery(40, ...pictures(1, { rate: 25, gop: 1, size: "32x32" }), "-vf", "negate");
  await store(server.engine, server.streamId, other, { producerStart: start });
  const [again] = await play(await clip(server, 0, 0.96));
  assert.equal(again!.pts.length, 25);
  assert.notDeepEqual(again!.sizes, video!.sizes.slice(0, 25));
});

test("plays on where the size of the pictures changes", async (t) => {
  const server = await startMedia(t);
  await store(server.engine, server.streamId, recording, { producerStart: start, to: 2 });
  const large = record(...pictures(2, { size: "320x240" }));
  await store(server.engine, server.streamId, large, { producerStart: start + 2000 });
  assert.equal((await decode(await clip(server, 0, 60))).frames, 100);
});

const h264 = recording;
const vp8 = record("-f", "lavfi", "-i", "testsrc2=s=64x48:r=25:d=1", "-c:v", "libvpx");
const bare: Recording = { ...recording, header: withoutPrivateData(recording.header) };

/** CodecPrivate becomes an EBML Void: the same length, another ID of one byte and a longer size. */
function withoutPrivateData(header: Uint8Array): Uint8Array {
  const copy = Buffer.from(header);
  const from = copy.indexOf(Buffer.from([0x63, 0xa2]));
  const size = copy[from + 2]! & 0x7f;
  copy.set([0xec, 0x40, size], from);
  return copy;
}

test("says in the words of the API why there is no clip", async (t) => {
  const server = await startMedia(t);
  const { archive, client, call } = server;
  const selector = (from: number, to: number, type = "PRODUCER_TIMESTAMP") => ({
    StreamName: "cam",
    ClipFragmentSelector: {
      FragmentSelectorType: type,
      TimestampRange: { StartTimestamp: at(from).getTime() / 1000, EndTimestamp: at(to).getTime() / 1000 },
    },
  });
  const ask = async (body: object) => {
    const answer = await call("/getClip", JSON.stringify(body));
    return [answer.status, answer.headers.get("x-amzn-errortype"), answer.body.Message];
  };
  const far = (Date.now() - start) / 1000 + 3600;
  const cases: [object, number, string, RegExp][] = [
    [{ StreamName: "cam" }, 400, "InvalidArgumentException", /clipFragmentSelector/],
    [selector(3, 1), 400, "InvalidArgumentException", /after StartTimestamp/],
    [selector(1, 1), 400, "InvalidArgumentException", /after StartTimestamp/],
    [selector(0, 86_401), 400, "InvalidArgumentException", /24 hours/],
    [selector(far - 7200, far, "SERVER_TIMESTAMP"), 400, "InvalidArgumentException", /in the past/],
    [selector(0, 10), 404, "ResourceNotFoundException", /No fragments/],
    [{ ...selector(0, 10), StreamName: "none" }, 404, "ResourceNotFoundException", /none/],
  ];
  for (const [body, status, code, message] of cases) {
    const [gotStatus, gotCode, gotMessage] = await ask(body);
    assert.deepEqual([gotStatus, gotCode], [status, code], `${JSON.stringify(body)}: ${gotMessage}`);
    assert.match(gotMessage, message);
  }
  await client.createStream({ StreamName: "keeps-nothing" });
  assert.equal((await ask({ ...selector(0, 10), StreamName: "keeps-nothing" }))[1], "NoDataRetentionException");

  await store(server.engine, server.streamId, vp8, { producerStart: start });
  assert.equal((await ask(selector(0, 0.5)))[1], "UnsupportedStreamMediaTypeException");
  await store(server.engine, server.streamId, bare, { producerStart: start + 10_000, to: 1 });
  assert.equal((await ask(selector(10, 10.5)))[1], "MissingCodecPrivateDataException");
  await store(server.engine, server.streamId, h264, { producerStart: start + 20_000, to: 1 });
  const hevc = record(
    ...pictures(1).slice(0, 4),
    "-c:v",
    "libx265",
    "-preset",
    "ultrafast",
    "-x265-params",
    "log-level=none",
  );
  await store(server.engine, server.streamId, hevc, { producerStart: start + 21_000 });
  assert.match((await ask(selector(20, 22)))[2], /from h264 to h265/);
  await assert.rejects(archive.getClip(selector(20, 22) as never), Error);
});
