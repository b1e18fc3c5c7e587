/**
 * Some lives of a process that stores fragments, reads them, deletes old ones and whole streams, as a seed decides it.
 *
 * After each crash: what was acknowledged reads back to the bit, what was not may be absent but is never wrong, and each
 * pack is named by as many rows as it counts. At the end no blob is left that nobody names. Engine, keys, rows and
 * retention are the real ones.
 */
import assert from "node:assert/strict";
import { silentLog } from "../../src/base/log.ts";
import { Committer } from "../../src/engine/ingest/committer.ts";
import { type FragmentNumbers, openFragmentNumbers } from "../../src/engine/ingest/fragment-numbers.ts";
import { sweepBlobs } from "../../src/engine/retention/blob-sweeper.ts";
import { sweepFragments } from "../../src/engine/retention/fragment-retention.ts";
import type { Fragment, StoredFragment } from "../../src/storage/fragments/fragment.ts";
import { type FragmentBytes, KeyMissing, openFragmentReader } from "../../src/storage/fragments/fragment-reader.ts";
import { type KeyWrapper, masterKeyWrapper } from "../../src/storage/keys/key-wrapper.ts";
import { KeyDestroyed, openKeyring } from "../../src/storage/keys/keyring.ts";
import { openKmsStore } from "../../src/storage/keys/kms-store.ts";
import { findFragments, listFragmentsAfter } from "../../src/storage/records/fragments.ts";
import { packKey } from "../../src/storage/records/packs.ts";
import type { Records } from "../../src/storage/records/records.ts";
import { insertTestStream } from "../support/stream-rows.ts";
import { World } from "./world.ts";

const tables = [
  "fragments",
  "packs",
  "media_headers",
  "stream_keys",
  "loose_blobs",
  "streams",
  "kms_aliases",
  "kms_materials",
  "kms_keys",
] as const;
const hour = 3_600_000;
/** So that stories see several data keys. */
export const period = { ms: 500, bytes: 20_000 };
const streams = [
  { id: "short", retentionHours: 1 },
  { id: "long", retentionHours: 24 },
  { id: "doomed", retentionHours: 24 },
] as const;

type Ledger = {
  submitted: Map<string, Fragment>;
  acknowledged: Map<string, Fragment>;
  isDoomed: boolean;
};

export type Told = { crashes: ReadonlyMap<string, number>; submitted: number; acknowledged: number };

/** `rows` is emptied first, so that stories can be told one after the other. @throws when a promise was broken */
export async function tellFragmentStory(seed: number, rows: Records): Promise<Told> {
  await clearRows(rows);
  for (const { id, retentionHours } of streams) await insertTestStream(rows, id, retentionHours);
  const world = new World(seed);
  const wrapper = masterKeyWrapper(world.random(32), world.random);
  const ledger: Ledger = { submitted: new Map(), acknowledged: new Map(), isDoomed: false };

  const lives = world.between(4, 7);
  for (let life = 0; life < lives; life++) {
    world.crashChance = 1 / world.between(4, 45);
    world.failureChance = world.happens(0.5) ? 0 : 0.05;
    await world.run(live(world, openProcess(world, rows, wrapper), ledger));
    world.crashChance = 0;
    world.failureChance = 0;
    await world.run(verify(world, openProcess(world, rows, wrapper), ledger));
    world.jump(world.happens(0.3) ? world.between(-hour, 3 * hour) : world.between(0, 1000));
  }
  await world.run(cleanUp(world, openProcess(world, rows, wrapper), ledger));
  return { crashes: world.crashes, submitted: ledger.submitted.size, acknowledged: ledger.acknowledged.size };
}

export async function clearRows(rows: Records): Promise<void> {
  for (const table of tables) await rows.db.deleteFrom(table).execute();
}

type Process = ReturnType<typeof openProcess>;

function openProcess(world: World, rows: Records, wrapper: KeyWrapper) {
  const { clock, random } = world;
  const records = world.openRecords(rows);
  const kms = openKmsStore({ records, wrapper, clock, random });
  const keys = openKeyring({ records, kms, wrapper, clock, period });
  const own = { records, blobs: world.openBlobs(), keys, clock, random, log: silentLog };
  return { ...own, reader: openFragmentReader(own) };
}

/** Ends when everything that was begun has ended, if it is not cut short. */
async function live(world: World, own: Process, ledger: Ledger): Promise<void> {
  const size = { packBytes: 20_000, roomBytes: 60_000, overlap: world.between(1, 4) };
  const committer = new Committer({ ...own, ...size, sleep: world.sleep, tickMs: 10 });
  const numbers = openFragmentNumbers(own);
  const sessions = streams.map(({ id }) => produce(world, id, committer, numbers, ledger));
  await Promise.all([...sessions, keepUp(world, own), read(world, own, ledger), destroy(world, own, ledger)]);
  await committer.close();
}

async function produce(
  world: World,
  streamId: string,
  committer: Committer,
  numbers: FragmentNumbers,
  ledger: Ledger,
): Promise<void> {
  const { life } = world;
  const header = world.random(world.between(1, 60));
  const pending: Promise<void>[] = [];
  let last = "";
  await numbers.prepare(streamId);
  for (let left = world.between(2, 9); left > 0; left--) {
    await world.sleep(world.between(0, 30));
    if (world.happens(0.02)) world.jump(-5000);
    await committer.room();
    const fragment = fragmentOf(world, streamId, numbers.next(streamId), header);
    ledger.submitted.set(fragment.number, fragment);
    const acknowledge = () => {
      if (life !== world.life) return;
      assert.ok(last < fragment.number, `${streamId} is acknowledged in order`);
      last = fragment.number;
      ledger.acknowledged.set(fragment.number, fragment);
    };
    const refuse = (error: unknown) => {
      if (life !== world.life || isSimulated(error)) return;
      const isDestroyed = error instanceof KeyDestroyed && isDoomed(streamId, ledger);
      const isSwept = /was swept/.test(String(error)) && 0 < world.stalled.size;
      if (!isDestroyed && !isSwept) throw error;
    };
    pending.push(committer.submit(fragment).then(acknowledge, refuse));
  }
  await Promise.all(pending);
}

function fragmentOf(world: World, streamId: string, number: string, header: Uint8Array): Fragment {
  const body = Array.from({ length: world.between(0, 4) }, () => world.random(world.between(0, 200)));
  if (world.happens(0.1)) body.push(new Uint8Array(world.between(10_000, 30_000)).fill(world.between(0, 256)));
  return {
    streamId,
    number,
    serverTimestamp: world.clock(),
    producerTimestamp: world.clock() - world.between(0, 5000),
    durationMs: world.between(0, 3000),
    header,
    body,
    clusterFrom: 0,
    clusterTo: body.reduce((sum, chunk) => sum + chunk.length, 0),
    tags: world.happens(0.2) ? [{ name: "n", value: `${world.between(0, 99)}` }] : [],
  };
}

async function keepUp(world: World, own: Process): Promise<void> {
  for (let left = world.between(0, 6); left > 0; left--) {
    await world.sleep(world.between(10, 70));
    await sweepFragments(own).catch(unlessSimulated);
    await sweepBlobs(own).catch(unlessSimulated);
  }
}

async function read(world: World, own: Process, ledger: Ledger): Promise<void> {
  for (let left = world.between(0, 3); left > 0; left--) {
    await world.sleep(world.between(10, 100));
    for (const { id } of streams) await checkAll(world, own, ledger, id).catch(unlessSimulated);
  }
}

async function destroy(world: World, { records, keys }: Process, ledger: Ledger): Promise<void> {
  if (!world.happens(0.2)) return;
  await world.sleep(world.between(0, 150));
  ledger.isDoomed = true;
  const mark = records.transaction((db) =>
    db.updateTable("streams").set({ status: "DELETING" }).where("id", "=", "doomed").execute(),
  );
  await mark.catch(unlessSimulated);
  await keys.destroy("doomed").catch(unlessSimulated);
}

async function verify(world: World, own: Process, ledger: Ledger): Promise<void> {
  for (const { id } of streams) await checkAll(world, own, ledger, id);
  for (const fragment of ledger.acknowledged.values()) {
    const { streamId, number } = fragment;
    if (mayBeGone(world, ledger, fragment)) continue;
    const [stored] = await findFragments(own.records.db, streamId, [number]);
    assert.ok(stored, `${number} of ${streamId}, which was acknowledged, is there`);
    checkOne(ledger, stored, await own.reader.read(stored));
    assert.ok(Buffer.from(fragment.header).equals(await own.reader.readHeader(stored)), `the header of ${number}`);
  }
  const { db } = own.records;
  const packs = await db.selectFrom("packs").select(["id", "fragments"]).orderBy("id").execute();
  const counted = await db
    .selectFrom("fragments")
    .select(["pack as id", (eb) => eb.fn.countAll<number>().as("fragments")])
    .groupBy("pack")
    .orderBy("pack")
    .execute();
  const plain = (rows: readonly object[]) => rows.map((row) => ({ ...row }));
  assert.deepEqual(plain(packs), plain(counted), "each pack counts its fragments");
}

/** What is listed is what was submitted, and reads as it was. */
async function checkAll(world: World, own: Process, ledger: Ledger, streamId: string): Promise<void> {
  const listed = await listFragmentsAfter(own.records.db, streamId, undefined, 1000);
  try {
    for await (const { stored, ...bytes } of own.reader.readAll(listed)) {
      if ("body" in bytes) checkOne(ledger, stored, bytes);
      else if (bytes.damaged.damage !== "its pack is missing" || !mayBeGone(world, ledger, stored)) throw bytes.damaged;
    }
  } catch (error) {
    if (!(error instanceof KeyMissing && isDoomed(streamId, ledger))) throw error;
  }
}

function checkOne({ submitted }: Ledger, stored: StoredFragment, { body, tags }: FragmentBytes): void {
  const fragment = submitted.get(stored.number);
  assert.ok(fragment !== undefined && fragment.streamId === stored.streamId, `${stored.number} was submitted`);
  assert.ok(Buffer.concat(fragment.body).equals(body), `${stored.number} is as it was`);
  assert.deepEqual(tags, fragment.tags);
  assert.equal(stored.serverTimestamp, fragment.serverTimestamp);
}

function mayBeGone(world: World, ledger: Ledger, { streamId, serverTimestamp }: Fragment | StoredFragment): boolean {
  const { retentionHours } = streams.find(({ id }) => id === streamId)!;
  return isDoomed(streamId, ledger) || serverTimestamp < world.latest - retentionHours * hour;
}

function isDoomed(streamId: string, ledger: Ledger): boolean {
  return streamId === "doomed" && ledger.isDoomed;
}

/** A blob that nobody names is left only where one was written long after its time. */
async function cleanUp(world: World, own: Process, ledger: Ledger): Promise<void> {
  world.jump(3 * hour);
  await sweepFragments(own);
  world.jump(hour);
  await sweepBlobs(own);
  await verify(world, own, ledger);
  const packs = await own.records.db.selectFrom("packs").select("id").orderBy("id").execute();
  const left = [...world.blobs.keys()].filter((key) => !world.stalled.has(key)).sort();
  const named = packs.map(({ id }) => packKey(id)).filter((key) => !world.stalled.has(key));
  assert.deepEqual(left, named, "no blob is left that nobody names");
}

export function isSimulated(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith("simulated:");
}

function unlessSimulated(error: unknown): void {
  if (!isSimulated(error)) throw error;
}
