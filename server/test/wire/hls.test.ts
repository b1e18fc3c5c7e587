import assert from "node:assert/strict";
import { test } from "node:test";
import { decode, play } from "../support/players.ts";
import { pictures, record, sound, store } from "../support/stored-media.ts";
import { startMedia } from "./stored-media-server.ts";

const start = Date.parse("2026-01-02T03:04:05Z");
const at = (seconds: number) => new Date(start + seconds * 1000);
const withSound = record(...sound(6), ...pictures(6), "-c:a", "aac", "-shortest");
const onDemand = (from: number, to: number, FragmentSelectorType: "SERVER_TIMESTAMP" | "PRODUCER_TIMESTAMP") => ({
  StreamName: "cam",
  PlaybackMode: "ON_DEMAND" as const,
  HLSFragmentSelector: { FragmentSelectorType, TimestampRange: { StartTimestamp: at(from), EndTimestamp: at(to) } },
});

const text = async (url: string) => (await fetch(url)).text();

test("plays a range on demand in fragmented MP4, every frame at its time", async (t) => {
  const { archive, engine, streamId } = await startMedia(t);
  await store(engine, streamId, withSound, { producerStart: start });
  const { HLSStreamingSessionURL: url } = await archive.getHLSStreamingSessionURL(
    onDemand(1, 4.5, "PRODUCER_TIMESTAMP"),
  );
  const master = await text(url!);
  assert.match(
    master,
    /CODECS="avc1\.[0-9a-f]{6},mp4a\.40\.2",RESOLUTION=160x120,FRAME-RATE=25,BANDWIDTH=\d+,AUDIO="audio"/,
  );
  const [video, audio] = await play(url!);
  assert.deepEqual([video!.codec, audio!.codec], ["h264", "aac"]);
  assert.deepEqual(
    video!.pts.map((pts) => Math.round((pts - video!.pts[0]!) * 1000)),
    Array.from({ length: 100 }, (_, i) => i * 40),
  );
  assert.ok(185 < audio!.pts.length && audio!.pts.length <= 189, `${audio!.pts.length} frames of sound`);
  const { frames, complaints } = await decode(url!);
  assert.deepEqual([frames, complaints], [100, ""]);
});
