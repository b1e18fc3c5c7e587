import assert from "node:assert/strict";
import { test } from "node:test";
import type { GetDASHStreamingSessionURLCommandInput } from "@aws-sdk/client-kinesis-video-archived-media";
import { XMLParser } from "fast-xml-parser";
import { decode, play } from "../support/players.ts";
import { damage, pictures, record, sound, store } from "../support/stored-media.ts";
import { type MediaServer, startMedia } from "./stored-media-server.ts";

const start = Date.parse("2026-01-02T03:04:05Z");
const at = (seconds: number) => new Date(start + seconds * 1000);
const silent = record(...pictures(6));
const withSound = record(...sound(6), ...pictures(6), "-c:a", "aac", "-shortest");

async function open(
  { archive }: MediaServer,
  from: number,
  to: number,
  asked: Partial<GetDASHStreamingSessionURLCommandInput> = {},
): Promise<string> {
  const TimestampRange = { StartTimestamp: at(from), EndTimestamp: at(to) };
  const { DASHStreamingSessionURL } = await archive.getDASHStreamingSessionURL({
    StreamName: "cam",
    PlaybackMode: "ON_DEMAND",
    DASHFragmentSelector: { FragmentSelectorType: "PRODUCER_TIMESTAMP", TimestampRange },
    ...asked,
  });
  return DASHStreamingSessionURL!;
}

const lists = ["Period", "AdaptationSet", "S"];
const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: "",
  isArray: (name) => lists.includes(name),
});

// biome-ignore lint/suspicious/noExplicitAny: a parsed document.
async function manifest(url: string): Promise<any> {
  const answer = await fetch(url);
  assert.equal(answer.headers.get("content-type"), "application/dash+xml");
  assert.equal(answer.headers.get("access-control-allow-origin"), "*");
  return parser.parse(await answer.text()).MPD;
}

// biome-ignore lint/suspicious/noExplicitAny: as above.
const timelineOf = (period: any) => period.AdaptationSet[0].Representation.SegmentTemplate.SegmentTimeline.S;

test("plays a range on demand, every frame at its time", async (t) => {
  const server = await startMedia(t);
  await store(server.engine, server.streamId, withSound, { producerStart: start });
  const url = await open(server, 1, 4.5);
  assert.match(url, /^http:\/\/127\.0\.0\.1:\d+\/dash\/v1\/getDASHManifest\.mpd\?SessionToken=[\w~-]+$/);
  const { type, Period } = await manifest(url);
  assert.equal(type, "static");
  assert.equal(Period.length, 1);
  const [video, audio] = await play(url);
  assert.deepEqual([video!.codec, audio!.codec], ["h264", "aac"]);
  assert.deepEqual(
    video!.pts.map((pts) => Math.round((pts - video!.pts[0]!) * 1000)),
    Array.from({ length: 100 }, (_, i) => i * 40),
  );
  assert.ok(185 < audio!.pts.length && audio!.pts.length <= 189, `${audio!.pts.length} frames of sound`);
  assert.equal((await decode(url)).frames, 100);
});

test("carries G.711, which HLS does not", async (t) => {
  const server = await startMedia(t);
  const g711 = record(...sound(3), ...pictures(3), "-ar", "8000", "-ac", "1", "-c:a", "pcm_alaw", "-shortest");
  await store(server.engine, server.streamId, g711, { producerStart: start });
  const [video, audio] = await play(await open(server, -1, 60));
  assert.deepEqual([video!.pts.length, audio!.codec], [75, "pcm_alaw"]);
});

test("shows times and numbers of fragments when asked to", async (t) => {
  const server = await startMedia(t);
  const stored = await store(server.engine, server.streamId, silent, { producerStart: start, to: 2 });
  const plain = await manifest(await open(server, 0, 60));
  assert.deepEqual(timelineOf(plain.Period[0]), [{ t: "0", d: "1000", r: "1" }]);
  const asked = { DisplayFragmentNumber: "ALWAYS", DisplayFragmentTimestamp: "ALWAYS" } as const;
  const shown = await manifest(await open(server, 0, 60, asked));
  assert.ok(shown["xmlns:kvs"]);
  assert.deepEqual(timelineOf(shown.Period[0]), [
    { t: "0", d: "1000", "kvs:ts": "2026-01-02T03:04:05.000Z", "kvs:fn": stored[0]!.number },
    { t: "1000", d: "1000", "kvs:ts": "2026-01-02T03:04:06.000Z", "kvs:fn": stored[1]!.number },
  ]);
});

test("begins a period at a gap and where the tracks change, and plays over a damaged fragment", async (t) => {
  const server = await startMedia(t);
  const put = (second: number, recording = silent, to = 2) =>
    store(server.engine, server.streamId, recording, { producerStart: start + second * 1000, to });
  await put(0);
  const [damaged] = await put(30);
  await put(32, record(...pictures(2, { size: "320x240" })));
  await damage(server.records, damaged!);
  const url = await open(server, 0, 60);
  const { Period, mediaPresentationDuration } = await manifest(url);
  assert.equal(mediaPresentationDuration, "PT6S");
  assert.deepEqual(
    Period.map(({ start, duration }: Record<string, string>) => [start, duration]),
    [
      ["PT0S", "PT2S"],
      ["PT2S", "PT2S"],
      ["PT4S", "PT2S"],
    ],
  );
  const offsets = Period.map((period: { AdaptationSet: { Representation: { SegmentTemplate: object } }[] }) =>
    Number(
      (period.AdaptationSet[0]!.Representation.SegmentTemplate as Record<string, string>).presentationTimeOffset ?? 0,
    ),
  );
  assert.deepEqual(offsets, [0, 30_000, 32_000]);
  // Every segment of every period is there, also of fragments with the same start in another upload.
  const base = url.slice(0, url.lastIndexOf("/") + 1);
  const sizes: number[] = [];
  for (const period of Period) {
    const { media, initialization } = period.AdaptationSet[0].Representation.SegmentTemplate;
    assert.equal((await fetch(base + initialization.replaceAll("&amp;", "&"))).status, 200);
    for (const { t: first, d, r = "0" } of timelineOf(period)) {
      for (let i = 0; i <= Number(r); i++) {
        const time = Number(first) + i * Number(d);
        const answer = await fetch(base + media.replaceAll("&amp;", "&").replace("$Time$", String(time)));
        assert.equal(answer.status, 200, `at ${time}`);
        sizes.push((await answer.arrayBuffer()).byteLength);
      }
    }
  }
  assert.equal(sizes.length, 6);
  assert.deepEqual(
    sizes.map((size) => size < 200),
    [false, false, true, false, false, false],
  );
});

test("a manifest that is LIVE grows, and stays the same where it was", async (t) => {
  const server = await startMedia(t);
  const serverStart = Date.now() - 6000;
  const put = (from: number, to: number) =>
    store(server.engine, server.streamId, silent, { producerStart: start, serverStart, from, to });
  await put(0, 3);
  const url = await open(server, 0, 0, {
    PlaybackMode: "LIVE",
    DASHFragmentSelector: undefined,
    MaxManifestFragmentResults: 3,
  });
  const before = await manifest(url);
  await put(3, 5);
  const after = await manifest(url);
  assert.deepEqual([before.type, after.type], ["dynamic", "dynamic"]);
  assert.equal(before.availabilityStartTime, new Date(serverStart).toISOString());
  assert.equal(after.availabilityStartTime, before.availabilityStartTime);
  assert.equal(after.Period[0].id, before.Period[0].id);
  assert.equal(after.Period[0].start, "PT0S");
  assert.deepEqual(timelineOf(before.Period[0]), [{ t: "0", d: "1000", r: "2" }]);
  assert.deepEqual(timelineOf(after.Period[0]), [{ t: "2000", d: "1000", r: "2" }]);
});

test("says in the words of the API why there is no session", async (t) => {
  const server = await startMedia(t);
  const { client } = server;
  const range = { StartTimestamp: at(0), EndTimestamp: at(1) };
  const cases: [Partial<GetDASHStreamingSessionURLCommandInput>, string, RegExp][] = [
    [{ PlaybackMode: "LIVE" }, "InvalidArgumentException", /LIVE/],
    [
      { DASHFragmentSelector: { TimestampRange: range } },
      "InvalidArgumentException",
      /FragmentSelectorType is required/,
    ],
    [{ MaxManifestFragmentResults: 0 }, "InvalidArgumentException", /maxManifestFragmentResults/],
    [{ Expires: 1 }, "InvalidArgumentException", /expires/],
    [{ DisplayFragmentNumber: "SOMETIMES" as "NEVER" }, "InvalidArgumentException", /displayFragmentNumber/],
    [{}, "ResourceNotFoundException", /No fragments/],
  ];
  for (const [asked, name, message] of cases) {
    await assert.rejects(open(server, 0, 10, asked), { name, message }, JSON.stringify(asked));
  }
  await client.createStream({ StreamName: "keeps-nothing" });
  await assert.rejects(open(server, 0, 10, { StreamName: "keeps-nothing" }), { name: "NoDataRetentionException" });
});
