/**
 * Some lives of a process that takes in PutMedia, as a seed decides it: where the chunks end, where connections break, when the
 * process crashes and what the store fails.
 *
 * Producers send what was not PERSISTED again, as the real ones do, until all of it was. After each crash what was PERSISTED
 * reads back to the bit, and whatever is listed is a whole fragment that was sent. Sessions, committer, keys and rows are real.
 */
import assert from "node:assert/strict";
import { silentLog } from "../../src/base/log.ts";
import { Committer } from "../../src/engine/ingest/committer.ts";
import { type FragmentNumbers, openFragmentNumbers } from "../../src/engine/ingest/fragment-numbers.ts";
import { Ingest } from "../../src/engine/ingest/ingest.ts";
import { KeyWatch } from "../../src/engine/live/key-watch.ts";
import { LiveStreams } from "../../src/engine/live/live-streams.ts";
import { openFragmentReader } from "../../src/storage/fragments/fragment-reader.ts";
import { type KeyWrapper, masterKeyWrapper } from "../../src/storage/keys/key-wrapper.ts";
import { openKeyring } from "../../src/storage/keys/keyring.ts";
import { openKmsStore } from "../../src/storage/keys/kms-store.ts";
import { listFragmentsAfter } from "../../src/storage/records/fragments.ts";
import type { Records } from "../../src/storage/records/records.ts";
import { cluster, endOfFragment, header, tags } from "../support/sent-media.ts";
import { insertTestStream } from "../support/stream-rows.ts";
import { clearRows, period, type Told } from "./fragment-story.ts";
import { World } from "./world.ts";

type Camera = {
  streamId: string;
  header: Buffer;
  /** By their timecodes, in order: all that is to be sent. */
  bodies: Map<number, Buffer>;
  /** Numbers that were PERSISTED, and the timecodes that they stand for. */
  persisted: Map<string, number>;
  submitted: number;
};

const longestMs = 5000;

/** `rows` is emptied first. @throws when a promise was broken */
export async function tellPutMediaStory(seed: number, rows: Records): Promise<Told> {
  await clearRows(rows);
  const world = new World(seed);
  const wrapper = masterKeyWrapper(world.random(32), world.random);
  const cameras = Array.from({ length: world.between(1, 4) }, (_, at) => cameraOf(world, `camera-${at}`));
  for (const { streamId } of cameras) await insertTestStream(rows, streamId, 24);
  for (let life = world.between(2, 6); 0 <= life; life--) {
    // The last one goes well.
    world.crashChance = life === 0 ? 0 : 1 / world.between(4, 30);
    world.failureChance = life === 0 || world.happens(0.5) ? 0 : 0.05;
    await world.run(live(world, openProcess(world, rows, wrapper), cameras));
    world.crashChance = 0;
    world.failureChance = 0;
    await world.run(verify(openProcess(world, rows, wrapper), cameras));
    world.jump(world.between(-longestMs, longestMs));
  }
  for (const { bodies, persisted } of cameras) assert.equal(new Set(persisted.values()).size, bodies.size);
  const sum = (of: (camera: Camera) => number) => cameras.reduce((all, camera) => all + of(camera), 0);
  return {
    crashes: world.crashes,
    submitted: sum(({ submitted }) => submitted),
    acknowledged: sum(({ persisted }) => persisted.size),
  };
}

function cameraOf(world: World, streamId: string): Camera {
  const bodies = new Map<number, Buffer>();
  for (let at = 1; at <= world.between(3, 9); at++) {
    const before = world.happens(0.3) ? [tags({ room: String(at) })] : [];
    const size = { frames: world.between(1, 4), sizeBytes: world.between(1, 3000) };
    bodies.set(at * 1000, Buffer.concat([...before, cluster(at * 1000, size)]));
  }
  return { streamId, header: header(), bodies, persisted: new Map(), submitted: 0 };
}

type Process = ReturnType<typeof openProcess>;

function openProcess(world: World, rows: Records, wrapper: KeyWrapper) {
  const { clock, random, sleep } = world;
  const records = world.openRecords(rows);
  const kms = openKmsStore({ records, wrapper, clock, random });
  const keys = openKeyring({ records, kms, wrapper, clock, period });
  const keyWatch = new KeyWatch(keys);
  const own = { records, blobs: world.openBlobs(), keys, clock, sleep, random, log: silentLog };
  const committer = new Committer({ ...own, packBytes: 20_000, roomBytes: 60_000, overlap: 3, tickMs: 10 });
  const numbers = openFragmentNumbers(own);
  const closing = new AbortController();
  const streams = new LiveStreams(clock);
  const ingest = new Ingest({ ...own, committer, numbers, live: streams, keyWatch, closing: closing.signal });
  return { ...own, reader: openFragmentReader(own), committer, numbers, ingest, streams, closing };
}

async function live(world: World, own: Process, cameras: readonly Camera[]): Promise<void> {
  await Promise.all(cameras.map((camera) => produce(world, own, own.numbers, camera)));
  own.closing.abort(new Error("the server stops"));
  await own.ingest.close();
  await own.committer.close();
  for (const { streamId } of cameras) assert.deepEqual(own.streams.list(streamId), [], "nothing is held in the end");
}

/** Connects until all is PERSISTED, or gives up for this life. */
async function produce(world: World, { ingest }: Process, numbers: FragmentNumbers, camera: Camera): Promise<void> {
  const { streamId, persisted, bodies } = camera;
  for (let attempt = 0; attempt < 8; attempt++) {
    const done = new Set(persisted.values());
    const left = [...bodies.keys()].find((timecode) => !done.has(timecode));
    if (left === undefined) return;
    await numbers.prepare(streamId);
    // As if the last attempt of the last life could not break.
    const breaks = 0 < world.crashChance && world.happens(0.5);
    const gone = new AbortController();
    const acknowledgements = ingest.open(bodyOf(world, camera, left, breaks ? gone : undefined), {
      streamId,
      retentionHours: 24,
      key: { arn: "arn:aws:kms:us-east-1:123456789012:alias/aws/kinesisvideo" },
      relativeTo: undefined,
      acknowledges: true,
      signal: gone.signal,
    });
    const { life } = world;
    let hasFailed = false;
    for await (const acknowledgement of acknowledgements) {
      // What a process says after its end reaches nobody.
      if (life !== world.life) return;
      assert.ok(!hasFailed, "nothing follows an ERROR");
      if (acknowledgement.EventType === "ERROR") hasFailed = true;
      if (acknowledgement.EventType === "RECEIVED") camera.submitted++;
      if (acknowledgement.EventType !== "PERSISTED") continue;
      persisted.set(acknowledgement.FragmentNumber, acknowledgement.FragmentTimecode);
    }
    await world.sleep(world.between(0, 20));
  }
}

/** From that fragment on, in any chunks. Where it breaks, it breaks anywhere. */
async function* bodyOf(
  world: World,
  { header, bodies }: Camera,
  from: number,
  gone: AbortController | undefined,
): AsyncGenerator<Uint8Array> {
  const parts = [...bodies].flatMap(([timecode, bytes]) => {
    if (timecode < from) return [];
    return world.happens(0.3) ? [bytes, endOfFragment] : [bytes];
  });
  const whole = Buffer.concat([header, ...parts]);
  const end = gone === undefined ? whole.length : world.between(0, whole.length);
  const most = [3, 100, 1500, 60_000][world.between(0, 4)]!;
  for (let at = 0; at < end; ) {
    const next = Math.min(end, at + world.between(1, most + 1));
    yield Uint8Array.from(whole.subarray(at, next));
    at = next;
    if (world.happens(0.05)) await world.sleep(world.between(0, 30));
  }
  if (gone === undefined) return;
  gone.abort(new Error("the client went away"));
  await new Promise(() => {});
}

async function verify(own: Process, cameras: readonly Camera[]): Promise<void> {
  for (const { streamId, header, bodies, persisted } of cameras) {
    const found = new Set<string>();
    for (const stored of await listFragmentsAfter(own.records.db, streamId, undefined, 1000)) {
      const { body } = await own.reader.read(stored);
      const sent = bodies.get(stored.producerTimestamp);
      assert.ok(sent?.equals(body), `${stored.number} of ${streamId} is what was sent`);
      assert.ok(header.equals(await own.reader.readHeader(stored)));
      const timecode = persisted.get(stored.number) ?? stored.producerTimestamp;
      assert.equal(timecode, stored.producerTimestamp);
      found.add(stored.number);
    }
    for (const number of persisted.keys()) assert.ok(found.has(number), `${number}, which was PERSISTED, is there`);
  }
}
