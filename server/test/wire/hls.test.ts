import assert from "node:assert/strict";
import { test } from "node:test";
import type { GetHLSStreamingSessionURLCommandInput } from "@aws-sdk/client-kinesis-video-archived-media";
import { systemClock } from "../../src/base/clock.ts";
import { silentLog } from "../../src/base/log.ts";
import { systemRandom } from "../../src/base/random.ts";
import { openPlayback } from "../../src/engine/playback/playback.ts";
import { decode, play } from "../support/players.ts";
import { damage, pictures, type Recording, record, sound, store } from "../support/stored-media.ts";
import { type MediaServer, startMedia } from "./stored-media-server.ts";

const start = Date.parse("2026-01-02T03:04:05Z");
const at = (seconds: number) => new Date(start + seconds * 1000);
const silent = record(...pictures(6));
const withSound = record(...sound(6), ...pictures(6), "-c:a", "aac", "-shortest");

type Asked = Partial<GetHLSStreamingSessionURLCommandInput>;

/** ON_DEMAND by the producer's clock, unless asked for something else. */
async function open({ archive }: MediaServer, from: number, to: number, asked: Asked = {}): Promise<string> {
  const TimestampRange = { StartTimestamp: at(from), EndTimestamp: at(to) };
  const { HLSStreamingSessionURL } = await archive.getHLSStreamingSessionURL({
    StreamName: "cam",
    PlaybackMode: "ON_DEMAND",
    HLSFragmentSelector: { FragmentSelectorType: "PRODUCER_TIMESTAMP", TimestampRange },
    ...asked,
  });
  return HLSStreamingSessionURL!;
}

async function text(url: string): Promise<string> {
  const answer = await fetch(url);
  assert.equal(answer.status, 200, url);
  assert.equal(answer.headers.get("access-control-allow-origin"), "*");
  return answer.text();
}

/** The media playlist of the pictures, its URLs cut down to what matters. */
async function playlist(master: string, track = 1): Promise<string[]> {
  const lines = (await text(playlistUrl(master, track))).trimEnd().split("\n");
  return lines.map((line) => line.replace(/SessionToken=[\w~-]+/, "T"));
}

function playlistUrl(master: string, track = 1): string {
  return `${master.replace("getHLSMasterPlaylist", "getHLSMediaPlaylist")}&TrackNumber=${track}`;
}

const numbersIn = (lines: readonly string[]) => lines.flatMap((line) => /FragmentNumber=(\d+)/.exec(line)?.[1] ?? []);
const millis = (pts: readonly number[]) => pts.map((time) => Math.round((time - pts[0]!) * 1000));
const evenly = (count: number) => Array.from({ length: count }, (_, i) => i * 40);

test("plays a range on demand in fragmented MP4, every frame at its time", async (t) => {
  const server = await startMedia(t);
  await store(server.engine, server.streamId, withSound, { producerStart: start });
  const url = await open(server, 1, 4.5);
  const codecs = /CODECS="avc1\.[0-9a-f]{6},mp4a\.40\.2",RESOLUTION=160x120,FRAME-RATE=25,BANDWIDTH=\d+,AUDIO="audio"/;
  assert.match(await text(url), codecs);
  const [video, audio] = await play(url);
  assert.deepEqual([video!.codec, audio!.codec], ["h264", "aac"]);
  assert.deepEqual(millis(video!.pts), evenly(100));
  assert.ok(185 < audio!.pts.length && audio!.pts.length <= 189, `${audio!.pts.length} frames of sound`);
  assert.deepEqual(await decode(url), { frames: 100, complaints: "" });
});

test("plays the same in MPEG-TS, pictures and sound in one segment", async (t) => {
  const server = await startMedia(t);
  await store(server.engine, server.streamId, withSound, { producerStart: start });
  const url = await open(server, 1, 4.5, { ContainerFormat: "MPEG_TS" });
  assert.doesNotMatch(await text(url), /EXT-X-MEDIA:/);
  const lines = await playlist(url);
  assert.doesNotMatch(lines.join(), /EXT-X-MAP/);
  assert.match(lines.at(-2)!, /^getTSFragment\.ts\?/);
  const [video, audio] = await play(url);
  assert.deepEqual(millis(video!.pts), evenly(100));
  assert.ok(180 < audio!.pts.length && audio!.pts.length <= 189, `${audio!.pts.length} frames of sound`);
  assert.equal((await decode(url)).frames, 100);
  // A fragment that cannot be read is a segment of nothing but tables.
  const [damaged] = await store(server.engine, server.streamId, withSound, { producerStart: start + 60_000, to: 1 });
  await damage(server.records, damaged!);
  const [segment] = (await text(playlistUrl(await open(server, 60, 61, { ContainerFormat: "MPEG_TS" })))).match(
    /^getTS.*$/m,
  )!;
  const answer = await fetch(new URL(segment, url));
  assert.deepEqual([answer.status, answer.headers.get("content-type")], [200, "video/mp2t"]);
  assert.equal((await answer.arrayBuffer()).byteLength, 2 * 188);
});

test("writes the playlists as the service does", async (t) => {
  const server = await startMedia(t);
  const [first, second] = await store(server.engine, server.streamId, silent, { producerStart: start, to: 2 });
  const [third] = await store(server.engine, server.streamId, silent, { producerStart: start + 60, from: 2, to: 3 });
  const url = await open(server, 0, 10, { DiscontinuityMode: "ALWAYS", DisplayFragmentTimestamp: "ALWAYS" });
  assert.match(url, /^http:\/\/127\.0\.0\.1:\d+\/hls\/v1\/getHLSMasterPlaylist\.m3u8\?SessionToken=[\w~-]+$/);
  const lines = await playlist(url);
  const map = lines.find((line) => line.startsWith("#EXT-X-MAP"))!;
  assert.match(map, /^#EXT-X-MAP:URI="getMP4InitFragment\.mp4\?T&TrackNumber=1&SequenceNumber=[\w-]+"$/);
  const segment = (number: string) => `getMP4MediaFragment.mp4?FragmentNumber=${number}&T&TrackNumber=1`;
  const shown = (time: string) => [`#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:${time}Z`, "#EXTINF:1,"];
  const discontinuity = "#EXT-X-DISCONTINUITY";
  assert.deepEqual(lines, [
    ...["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-PLAYLIST-TYPE:VOD", "#EXT-X-TARGETDURATION:1"],
    ...["#EXT-X-MEDIA-SEQUENCE:0", "#EXT-X-INDEPENDENT-SEGMENTS"],
    ...[discontinuity, map, ...shown("05.000"), segment(first!.number)],
    ...[discontinuity, ...shown("06.000"), segment(second!.number)],
    ...[discontinuity, ...shown("07.060"), segment(third!.number)],
    "#EXT-X-ENDLIST",
  ]);
  const discontinuities = async (asked: Asked) => {
    const found = await playlist(await open(server, 0, 10, asked));
    return found.filter((line) => line === discontinuity).length;
  };
  assert.equal(await discontinuities({}), 0);
  assert.equal(await discontinuities({ DiscontinuityMode: "ON_DISCONTINUITY" }), 1);
  const some = await playlist(await open(server, 0, 10, { MaxMediaPlaylistFragmentResults: 2 }));
  assert.deepEqual(numbersIn(some), [first!.number, second!.number]);
  const range = await playlist(await open(server, 1, 2));
  assert.deepEqual(numbersIn(range), [second!.number]);
});

test("plays on through changes of size and of tracks, and past a damaged fragment", async (t) => {
  const server = await startMedia(t);
  const put = (recording: Recording, second: number, to: number) =>
    store(server.engine, server.streamId, recording, { producerStart: start + second * 1000, to });
  const [, damaged] = await put(silent, 0, 3);
  await damage(server.records, damaged!);
  await put(record(...pictures(2, { size: "320x240" })), 3, 2);
  await put(withSound, 5, 2);
  const url = await open(server, 0, 60);
  for (const track of [1, 2]) {
    const lines = await playlist(url, track);
    assert.equal(lines.filter((line) => line === "#EXT-X-DISCONTINUITY").length, 2, `track ${track}`);
    assert.equal(numbersIn(lines).length, 7, `track ${track}`);
    assert.equal(lines.filter((line) => line.startsWith("#EXT-X-MAP")).length, track === 1 ? 3 : 1);
  }
  // Sound is there from the beginning on, silent where there was none.
  assert.equal((await playlist(url, 2)).filter((line) => line.includes("SilenceId=")).length, 5);
  const [video, audio] = await play(url);
  assert.equal(video!.pts.length, 150);
  assert.ok(320 < audio!.pts.length && audio!.pts.length < 335, `${audio!.pts.length} frames of sound`);
  const { frames } = await decode(url);
  assert.equal(frames, 150);
});

test("LIVE shows the newest fragments, goes on with new ones, and never with one that is older", async (t) => {
  const server = await startMedia(t);
  const { engine, streamId } = server;
  const serverStart = Date.now() - 6000;
  const put = (from: number, to: number, producerStart = start) =>
    store(engine, streamId, silent, { producerStart, serverStart, from, to });
  const stored = await put(0, 4);
  const url = await open(server, 0, 0, {
    PlaybackMode: "LIVE",
    HLSFragmentSelector: { FragmentSelectorType: "PRODUCER_TIMESTAMP" },
    MaxMediaPlaylistFragmentResults: 3,
  });
  const before = await playlist(url);
  assert.deepEqual(
    numbersIn(before),
    stored.slice(1).map(({ number }) => number),
  );
  assert.ok(before.includes("#EXT-X-MEDIA-SEQUENCE:0") && !before.includes("#EXT-X-ENDLIST"));
  await put(1, 2, start - 500);
  const [newest] = await put(4, 5);
  const after = await playlist(url);
  assert.deepEqual(numbersIn(after), [...stored.slice(2).map(({ number }) => number), newest!.number]);
  assert.ok(after.includes("#EXT-X-MEDIA-SEQUENCE:1"));
  // A process that has not seen the session before comes to the same list, sequence numbers and all.
  const other = { clock: systemClock, random: systemRandom, log: silentLog, ffmpegPath: "ffmpeg" };
  const playback = openPlayback({ ...engine, ...other, records: server.records });
  const reopened = await playback.open(/SessionToken=([\w~-]+)/.exec(url)![1]!);
  assert.equal(await reopened!.playlist("video"), await text(playlistUrl(url)));
  // What came before the session is nobody's business in it.
  const older = `${url.replace("getHLSMasterPlaylist.m3u8", "getMP4MediaFragment.mp4")}&TrackNumber=1&FragmentNumber=`;
  assert.equal((await fetch(older + stored[0]!.number)).status, 404);
  assert.equal((await fetch(older + newest!.number)).status, 200);
});

test("LIVE_REPLAY adds a fragment whenever the one before is over, and ends with its range", async (t) => {
  let now = Date.now();
  const server = await startMedia(t, { clock: () => now });
  const stored = await store(server.engine, server.streamId, silent, { producerStart: start });
  const url = await open(server, 1, 5, { PlaybackMode: "LIVE_REPLAY", MaxMediaPlaylistFragmentResults: 3 });
  const expected = (from: number, to: number) => stored.slice(from, to).map(({ number }) => number);
  const cases = [
    [0, expected(1, 2), 0, false],
    [999, expected(1, 2), 0, false],
    [1000, expected(1, 3), 0, false],
    [3500, expected(2, 5), 1, false],
    [4000, expected(3, 6), 2, true],
  ] as const;
  const created = now;
  for (const [elapsed, numbers, sequence, ended] of cases) {
    now = created + elapsed;
    const lines = await playlist(url);
    assert.deepEqual(numbersIn(lines), numbers, `after ${elapsed} ms`);
    assert.ok(lines.includes(`#EXT-X-MEDIA-SEQUENCE:${sequence}`), lines.join("\n"));
    assert.equal(lines.includes("#EXT-X-ENDLIST"), ended);
  }
});

test("by the producer's clock plays the first of two uploads, and the last of two fragments with one start", async (t) => {
  const server = await startMedia(t);
  const { engine, streamId } = server;
  const first = await store(engine, streamId, silent, { producerStart: start, to: 4 });
  const [again] = await store(engine, streamId, silent, { producerStart: start, from: 3, to: 4 });
  const dayLater = { producerStart: start, serverStart: start + 86_400_000 };
  await store(engine, streamId, silent, { ...dayLater, to: 2 });
  const lines = await playlist(await open(server, 0, 10));
  assert.deepEqual(
    numbersIn(lines),
    [...first.slice(0, 3), again!].map(({ number }) => number),
  );
});

test("a session is sealed, bound to its range, ends in time, with its stream, and not with its server", async (t) => {
  let now = Date.now();
  const server = await startMedia(t, { clock: () => now });
  const stored = await store(server.engine, server.streamId, silent, { producerStart: start });
  const url = await open(server, 1, 3, { Expires: 300 });
  const refused = async (asked: string, method = "GET") => {
    const answer = await fetch(asked, { method });
    assert.equal(answer.headers.get("access-control-allow-origin"), "*", asked);
    const { Message } = (await answer.json()) as { Message: string };
    return [answer.status, answer.headers.get("x-amzn-errortype"), Message];
  };
  const segment = (number: string) =>
    `${url.replace("getHLSMasterPlaylist.m3u8", "getMP4MediaFragment.mp4")}&TrackNumber=1&FragmentNumber=${number}`;
  const served = await fetch(segment(stored[1]!.number));
  assert.deepEqual([served.status, served.headers.get("content-type")], [200, "video/mp4"]);
  assert.match(served.headers.get("cache-control")!, /^private, max-age=\d+, immutable$/);
  assert.equal((await served.arrayBuffer()).byteLength, Number(served.headers.get("content-length")));
  assert.equal((await refused(segment(stored[0]!.number)))[0], 404);
  assert.equal((await refused(segment("1")))[0], 404);
  assert.equal((await refused(segment("x")))[0], 400);
  assert.equal((await refused(playlistUrl(url, 3)))[0], 400);
  assert.equal((await refused(url.replace("getHLSMaster", "getNothing")))[0], 404);
  assert.equal((await refused(url.replace("getHLSMasterPlaylist.m3u8", "getDASHManifest.mpd")))[0], 404);
  assert.equal((await refused(url, "POST"))[0], 405);

  const token = /SessionToken=([\w~-]+)/.exec(url)![1]!;
  const invalid = [403, "NotAuthorizedException", "Streaming session token is invalid."];
  const asDash = url.replace("/hls/v1/getHLSMasterPlaylist.m3u8", "/dash/v1/getDASHManifest.mpd");
  assert.deepEqual(await refused(asDash), invalid);
  for (let i = 0; i < token.length; i += 7) {
    const other = token[i] === "A" ? "B" : "A";
    const forged = token.slice(0, i) + other + token.slice(i + 1);
    assert.deepEqual(await refused(url.replace(token, forged)), invalid, `character ${i}`);
  }
  for (const forged of [
    "",
    "~",
    "A".repeat(200),
    token.slice(0, -8),
    `${token}AAAA`,
    "%00".repeat(50),
    "A".repeat(5000),
  ]) {
    assert.deepEqual(await refused(url.replace(token, forged)), invalid, forged.slice(0, 20));
  }

  const preflight = await fetch(url, { method: "OPTIONS", headers: { origin: "https://page.example" } });
  assert.equal(preflight.headers.get("access-control-allow-origin"), "*");
  const api = await fetch(`${server.url}/getHLSStreamingSessionURL`, {
    method: "OPTIONS",
    headers: { "access-control-request-headers": "authorization,x-amz-date", "access-control-request-method": "POST" },
  });
  assert.deepEqual([api.status, api.headers.get("access-control-allow-headers")], [200, "authorization,x-amz-date"]);

  now += 299_999;
  assert.equal((await fetch(url)).status, 200);
  now += 1;
  const expired = [403, "NotAuthorizedException", "Streaming session token is expired."];
  assert.deepEqual(await refused(url), expired);
  assert.deepEqual(await refused(segment(stored[1]!.number)), expired);
  now -= 300_000;
  await server.client.deleteStream({
    StreamARN: (await server.client.describeStream({ StreamName: "cam" })).StreamInfo!.StreamARN!,
  });
  assert.deepEqual(await refused(url), invalid);
});

test("says in the words of the API why there is no session", async (t) => {
  const server = await startMedia(t);
  const { archive } = server;
  const now = Date.now();
  const range = (from: number, to: number) => ({ StartTimestamp: at(from), EndTimestamp: at(to) });
  const selector = (TimestampRange: object, FragmentSelectorType = "PRODUCER_TIMESTAMP") => ({
    HLSFragmentSelector: { FragmentSelectorType, TimestampRange } as never,
  });
  const future = { StartTimestamp: new Date(now - 1000), EndTimestamp: new Date(now + 60_000) };
  const cases: [Asked, string, RegExp][] = [
    [{ PlaybackMode: "LIVE", ...selector(range(0, 1)) }, "InvalidArgumentException", /LIVE/],
    [{ HLSFragmentSelector: undefined }, "InvalidArgumentException", /FragmentSelectorType is required/],
    [
      { HLSFragmentSelector: { FragmentSelectorType: "SERVER_TIMESTAMP" } },
      "InvalidArgumentException",
      /StartTimestamp is/,
    ],
    [selector({ StartTimestamp: at(0) }), "InvalidArgumentException", /EndTimestamp is required/],
    [selector(range(1, 1)), "InvalidArgumentException", /after StartTimestamp/],
    [selector(range(0, 86_401)), "InvalidArgumentException", /24 hours/],
    [selector(future, "SERVER_TIMESTAMP"), "InvalidArgumentException", /in the past/],
    [{ Expires: 299 }, "InvalidArgumentException", /expires/],
    [{ Expires: 43_201 }, "InvalidArgumentException", /expires/],
    [{ MaxMediaPlaylistFragmentResults: 5001 }, "InvalidArgumentException", /maxMediaPlaylistFragmentResults/],
    [{ ContainerFormat: "WEBM" as "MPEG_TS" }, "InvalidArgumentException", /containerFormat/],
    [{}, "ResourceNotFoundException", /No fragments/],
    [{ PlaybackMode: "LIVE", HLSFragmentSelector: undefined }, "ResourceNotFoundException", /30 seconds/],
    [
      { PlaybackMode: "LIVE_REPLAY", ...selector({ StartTimestamp: at(0) }) },
      "ResourceNotFoundException",
      /No fragments/,
    ],
    [{ StreamName: "none" }, "ResourceNotFoundException", /none/],
  ];
  for (const [asked, name, message] of cases) {
    await assert.rejects(open(server, 0, 10, asked), { name, message }, JSON.stringify(asked));
  }
  await server.client.createStream({ StreamName: "keeps-nothing" });
  await assert.rejects(open(server, 0, 10, { StreamName: "keeps-nothing" }), { name: "NoDataRetentionException" });
  // Nothing for 30 s.
  await store(server.engine, server.streamId, silent, { producerStart: start, serverStart: now - 40_000 });
  await assert.rejects(archive.getHLSStreamingSessionURL({ StreamName: "cam" }), { name: "ResourceNotFoundException" });
  const opus = record(...sound(1), "-c:a", "libopus");
  await store(server.engine, server.streamId, opus, { producerStart: start + 60_000 });
  await assert.rejects(open(server, 60, 61), { name: "UnsupportedStreamMediaTypeException", message: /A_OPUS/ });
  const g711 = record(...sound(1), "-ar", "8000", "-c:a", "pcm_mulaw");
  await store(server.engine, server.streamId, g711, { producerStart: start + 70_000 });
  await assert.rejects(open(server, 70, 71), { name: "UnsupportedStreamMediaTypeException" });
});
