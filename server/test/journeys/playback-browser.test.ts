/**
 * What viewers do: hls.js and Shaka in a real browser, and FFmpeg, play what producers have put in.
 */
import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { type TestContext, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { KinesisVideoArchivedMedia } from "@aws-sdk/client-kinesis-video-archived-media";
import { matroskaSource, openProducer, paceSource, pump } from "@millrace/producer/node";
import type { StoredFragment } from "../../src/storage/fragments/fragment.ts";
import { listFragmentsAfter } from "../../src/storage/records/fragments.ts";
import { findStream } from "../../src/storage/records/streams.ts";
import { noBrowser, openPlayers, type Play, type Players, type Seen } from "../support/browser-players.ts";
import { play } from "../support/players.ts";
import { PutMediaConnection } from "../support/put-media.ts";
import { pictures, type Recording, record, sound } from "../support/stored-media.ts";
import { account, keys, region, type StreamsServer, startStreams } from "../wire/streams-server.ts";

type Cinema = StreamsServer & { archive: KinesisVideoArchivedMedia; players: Players };

test("viewers in a browser", { skip: noBrowser }, async (t) => {
  const server = await startStreams(t);
  const archive = new KinesisVideoArchivedMedia({ endpoint: server.url, region, credentials: keys, maxAttempts: 1 });
  t.after(() => archive.destroy());
  const cinema: Cinema = { ...server, archive, players: await openPlayers(t) };

  await t.test("see and hear a recording to its end, every picture of it", (t) => seeRecording(t, cinema));
  await t.test("see twenty changes of resolution", (t) => seeChangesOfSize(t, cinema));
  await t.test("hear the sound that a silent stream begins to have", (t) => hearSoundBegin(t, cinema));
  await t.test("see what is live, and replay what just was", (t) => seeLive(t, cinema));
});

async function seeRecording(t: TestContext, cinema: Cinema): Promise<void> {
  const recording = film(6, { bFrames: 2 });
  await putRecordings(cinema, "recorded", [recording]);
  const expected = { pictures: 150, sounds: framesIn([recording], 2), seconds: 6 };
  const plays = await onDemand(cinema, "recorded", expected.seconds);
  const seen = await seeAll(t, cinema, plays, expected);
  for (const { sizes } of seen) assert.deepEqual(sizes, ["160x120"]);
  await readByFfmpeg(plays, expected);
}

/** Half a second each, of the same film in four sizes: first as documents in one connection, then in one each. */
async function seeChangesOfSize(t: TestContext, cinema: Cinema): Promise<void> {
  const sizes = ["160x120", "320x240", "240x136", "176x144"];
  const films = sizes.map((size) => film(10.5, { size, gop: 10, rate: 20 }));
  const sections = Array.from({ length: 21 }, (_, i) => {
    const { header, clusters } = films[i % films.length]!;
    return { header, clusters: clusters.slice(i, i + 1) };
  });
  await putRecordings(cinema, "resized", sections.slice(0, 10));
  for (const section of sections.slice(10)) await putRecordings(cinema, "resized", [section]);
  const expected = { pictures: 210, sounds: framesIn(sections, 2), seconds: 10.5 };
  const plays = await onDemand(cinema, "resized", expected.seconds);
  const seen = await seeAll(t, cinema, plays, expected);
  // On a busy machine the event may come when the size is the next one already, and one may stand for two changes: that
  // no picture was left out is known by their number.
  for (const each of seen) {
    const events = each.sizes.length;
    assert.ok(0.8 * sections.length <= events && events <= sections.length, each.sizes.join());
    assert.deepEqual([...new Set(each.sizes)], sizes);
  }
  await readByFfmpeg(plays.filter(followedByFfmpeg), expected);
}

async function hearSoundBegin(t: TestContext, cinema: Cinema): Promise<void> {
  const loud = film(4, { from: 4 });
  await putRecordings(cinema, "heard", [film(4, { withSound: false }), loud]);
  const silentFrames = Math.round((4 * 48_000) / 1024);
  const expected = { pictures: 200, sounds: framesIn([loud], 2) + silentFrames, seconds: 8 };
  const plays = await onDemand(cinema, "heard", expected.seconds);
  for (const { samples, audioBytes } of await seeAll(t, cinema, plays, expected)) {
    const loudest = (from: number, to: number) =>
      Math.max(...samples.filter(({ time }) => from < time && time < to).map(({ loudness }) => loudness));
    assert.ok(0 < audioBytes);
    assert.equal(loudest(0, 3.5), 0);
    assert.ok(0.05 < loudest(4.5, 8), `${loudest(4.5, 8)}`);
  }
  await readByFfmpeg(plays.filter(followedByFfmpeg), expected);
}

async function seeLive(t: TestContext, cinema: Cinema): Promise<void> {
  const camera = await startCamera(t, cinema, "live");
  while (camera.producer.metrics.fragments.persisted < 3) await setTimeout(50);
  const live = await openAll(cinema, await urlsOf(cinema, "live", { PlaybackMode: "LIVE" }));
  const TimestampRange = { StartTimestamp: new Date(Date.now() - 5000) };
  const replay = await openAll(cinema, await urlsOf(cinema, "live", { PlaybackMode: "LIVE_REPLAY", TimestampRange }));
  const viewers = [...live, ...replay];
  const early = await Promise.all(viewers.map((viewer) => viewer.until(({ frames }) => 0 < frames)));
  const later = await Promise.all(viewers.map((viewer, i) => viewer.until(({ time }) => early[i]!.time + 4 < time)));
  await camera.stop();

  const { records } = cinema;
  const stream = await findStream(records.db, { account, region }, { name: "live" });
  const stored = await listFragmentsAfter(records.db, stream!.id, undefined, 1000);
  assert.equal(stored.length, camera.producer.metrics.fragments.persisted);
  const replayed = stored.findIndex(
    ({ producerTimestamp }) => TimestampRange.StartTimestamp.getTime() <= producerTimestamp,
  );
  for (const [i, viewer] of viewers.entries()) {
    const first = stored[live.includes(viewer) ? 0 : replayed]!;
    const hasAll = ({ asked }: Seen) => whatWasAsked(asked, stored, first).at(-1) === stored.length - 1;
    // More may come for all that Chromium knows: it keeps the last half second until then.
    const isAtEnd = ({ time, buffered }: Seen) => (buffered.at(-1)?.[1] ?? Number.POSITIVE_INFINITY) - 0.6 < time;
    const seen = await viewer.until((each) => hasAll(each) && isAtEnd(each));
    const { samples: _, warnings: __, asked, ...rest } = seen;
    t.diagnostic(`${viewer.name} ${later[i]!.latency} ${JSON.stringify(rest)}`);
    // Each of them, without a jump.
    const indexes = whatWasAsked(asked, stored, first);
    assert.deepEqual(
      indexes,
      indexes.map((_, n) => stored.length - indexes.length + n),
    );
    assert.equal(seen.seeks, 0);
    assert.ok(0 < seen.audioBytes);
    await viewer.close();
  }
  for (const { latency } of later.slice(0, live.length)) assert.ok(latency! < 20, `${latency} s behind`);
}

async function startCamera(t: TestContext, { url: endpoint }: Cinema, stream: string) {
  const recording = film(45, { rate: 12 });
  const document = Buffer.concat([recording.header, ...recording.clusters.map(({ bytes }) => bytes)]);
  const create = { retentionHours: 1 };
  const producer = await openProducer({ stream, region, credentials: keys, endpoint, create });
  const stop = new AbortController();
  const { signal } = stop;
  const source = paceSource(matroskaSource(Readable.from([document])), { signal });
  const streaming = pump(source, producer, { startAtMs: Date.now() }).catch((error) => {
    if (!signal.aborted) throw error;
  });
  const end = async () => {
    stop.abort();
    await streaming;
    await producer.close();
  };
  t.after(end);
  return { producer, stop: end };
}

/** The places among those stored of the fragments that were asked for. DASH asks by their distance from the first. */
function whatWasAsked(asked: readonly string[], stored: readonly StoredFragment[], first: StoredFragment): number[] {
  const indexes = asked.flatMap((url) => {
    const query = new URL(url).searchParams;
    const [asksFor, time] = [query.get("FragmentNumber"), query.get("FragmentTime")];
    if (asksFor === null && time === null) return [];
    return stored.findIndex(({ number, producerTimestamp }) =>
      asksFor === null ? producerTimestamp === first.producerTimestamp + Number(time) : number === asksFor,
    );
  });
  return [...new Set(indexes)].sort((a, b) => a - b);
}

type FilmOptions = {
  from?: number;
  size?: string;
  rate?: number;
  gop?: number;
  bFrames?: number;
  withSound?: boolean;
};

/** Pictures, and sound in step with them, from `from` seconds on; a cluster for each key frame. */
function film(seconds: number, { from = 0, bFrames = 0, withSound = true, ...options }: FilmOptions = {}): Recording {
  // The encoder's first frame begins that much before the sound.
  const soundFrom = from + 1024 / 48_000;
  return record(
    ...(withSound ? ["-itsoffset", `${soundFrom}`, ...sound(seconds)] : []),
    ...["-itsoffset", `${from}`, ...pictures(seconds, options), "-bf", `${bFrames}`],
    ...["-c:a", "aac", "-shortest", "-avoid_negative_ts", "disabled"],
  );
}

function framesIn(recordings: readonly Recording[], track: number): number {
  const clusters = recordings.flatMap(({ clusters }) => clusters);
  return clusters.reduce((sum, { frames }) => sum + (frames.get(track)?.length ?? 0), 0);
}

const start = Date.parse("2026-01-02T03:04:05Z");

/** One connection, in which each has its header. */
async function putRecordings({ url, client }: Cinema, stream: string, recordings: readonly Recording[]): Promise<void> {
  await client.createStream({ StreamName: stream, DataRetentionInHours: 1 }).catch((error) => {
    if (error.name !== "ResourceInUseException") throw error;
  });
  const options = { timecodes: "RELATIVE", start: `${start / 1000}` } as const;
  const connection = new PutMediaConnection({ url, region, credentials: keys, stream, ...options });
  for (const { header, clusters } of recordings) {
    await connection.write(header);
    for (const { bytes } of clusters) await connection.write(bytes);
  }
  connection.end();
  const acknowledgements = await connection.all();
  const persisted = acknowledgements.filter(({ EventType }) => EventType === "PERSISTED");
  assert.equal(
    persisted.length,
    recordings.flatMap(({ clusters }) => clusters).length,
    JSON.stringify(acknowledgements),
  );
}

type Expected = { pictures: number; sounds: number; seconds: number };

function onDemand(cinema: Cinema, stream: string, seconds: number): Promise<Play[]> {
  const TimestampRange = { StartTimestamp: new Date(start), EndTimestamp: new Date(start + seconds * 1000) };
  return urlsOf(cinema, stream, { PlaybackMode: "ON_DEMAND", TimestampRange });
}

/** All at once, to the end. */
async function seeAll(
  t: TestContext,
  { players }: Cinema,
  plays: readonly Play[],
  { pictures, seconds }: Expected,
): Promise<Seen[]> {
  return Promise.all(
    plays.map(async (each) => {
      const player = await players.open({ ...each, rate: 2 });
      const seen = await player.until(({ ended }) => ended, 60);
      await player.close();
      const { samples: _, asked: __, sizes: ___, warnings: ____, ...rest } = seen;
      t.diagnostic(`${each.name} ${JSON.stringify(rest)}`);
      assert.equal(seen.buffered.length, 1, "there are no holes");
      // Where this machine was too slow for the player, it jumps by itself, and decodes pictures again.
      if (seen.seeks === 0) assert.equal(seen.frames, pictures);
      else assert.ok(pictures <= seen.frames && seen.seeks <= seen.waits, JSON.stringify(rest));
      // A change of the tracks may add what the sound is ahead of the pictures there.
      assert.ok(Math.abs(seen.duration - seconds) < 0.3, `${seen.duration} s`);
      return seen;
    }),
  );
}

/** FFmpeg 5.1 reads one init segment of a playlist, and one period of a manifest. */
function followedByFfmpeg({ name }: Play): boolean {
  return name === "HLS MPEG_TS";
}

async function readByFfmpeg(plays: readonly Play[], { pictures, sounds }: Expected): Promise<void> {
  for (const { name, url } of plays) {
    const [video, audio] = await play(url);
    assert.deepEqual([name, video!.pts.length], [name, pictures]);
    // FFmpeg's reader of DASH ends with the first of the tracks: sound that begins with the last picture is not read.
    const least = name === "DASH" ? sounds - 2 : sounds;
    const count = audio!.pts.length;
    assert.ok(least <= count && count <= sounds, `${name}: ${count} frames of sound, not ${sounds}`);
  }
}

/** With the five of default, a machine that is busy for five seconds makes players jump. */
const mostFragments = 100;

type Asked = {
  PlaybackMode: "LIVE" | "LIVE_REPLAY" | "ON_DEMAND";
  TimestampRange?: { StartTimestamp: Date; EndTimestamp?: Date };
};

/**
 * In fragmented MP4 and MPEG-TS by HLS, and by DASH; by the producer's clock. By the server's, which is the default, busy machines
 * make the times uneven, and there is a discontinuity between any two fragments: hls.js begins pictures and sound each near
 * the end of the list that it has just read of them, and where these differ by a fragment, each waits for the other.
 */
async function urlsOf({ archive }: Cinema, StreamName: string, asked: Asked): Promise<Play[]> {
  const { PlaybackMode, TimestampRange } = asked;
  const selector = { FragmentSelectorType: "PRODUCER_TIMESTAMP", TimestampRange } as const;
  const common = { StreamName, PlaybackMode, DisplayFragmentTimestamp: "ALWAYS" } as const;
  const hls = async (ContainerFormat: "FRAGMENTED_MP4" | "MPEG_TS") => {
    const input = {
      ...common,
      ContainerFormat,
      HLSFragmentSelector: selector,
      MaxMediaPlaylistFragmentResults: mostFragments,
    };
    const { HLSStreamingSessionURL } = await archive.getHLSStreamingSessionURL(input);
    return { name: `HLS ${ContainerFormat}`, protocol: "hls", url: HLSStreamingSessionURL! } as const;
  };
  const dash = await archive.getDASHStreamingSessionURL({
    ...common,
    DASHFragmentSelector: selector,
    MaxManifestFragmentResults: mostFragments,
  });
  return [
    await hls("FRAGMENTED_MP4"),
    await hls("MPEG_TS"),
    { name: "DASH", protocol: "dash", url: dash.DASHStreamingSessionURL! },
  ];
}

function openAll({ players }: Cinema, plays: readonly Play[]) {
  return Promise.all(plays.map((each) => players.open(each)));
}
