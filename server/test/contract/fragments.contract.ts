/**
 * Fragments from a producer's hands to the disk and back, the same over every pair of stores.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { systemSleep } from "../../src/base/clock.ts";
import { silentLog } from "../../src/base/log.ts";
import { systemRandom } from "../../src/base/random.ts";
import { Committer, FragmentExists } from "../../src/engine/ingest/committer.ts";
import { openFragmentNumbers } from "../../src/engine/ingest/fragment-numbers.ts";
import { sweepBlobs } from "../../src/engine/retention/blob-sweeper.ts";
import { sweepFragments } from "../../src/engine/retention/fragment-retention.ts";
import type { BlobStore } from "../../src/storage/blobs/blob-store.ts";
import type { Fragment, StoredFragment } from "../../src/storage/fragments/fragment.ts";
import { FragmentDamaged, openFragmentReader } from "../../src/storage/fragments/fragment-reader.ts";
import { masterKeyWrapper } from "../../src/storage/keys/key-wrapper.ts";
import { defaultPeriod, KeyDestroyed, openKeyring } from "../../src/storage/keys/keyring.ts";
import {
  countFragments,
  findFragmentAt,
  findFragments,
  findNewestFragment,
  listFragmentsAfter,
  listFragmentsByTime,
  positionOf,
} from "../../src/storage/records/fragments.ts";
import { packKey } from "../../src/storage/records/packs.ts";
import type { Records } from "../../src/storage/records/records.ts";
import { openTestKeys } from "../support/keys.ts";
import { insertTestStream } from "../support/stream-rows.ts";

export type FragmentStores = { openRecords(): Promise<Records>; blobs: BlobStore; close(): Promise<void> };

const lasting = "bits secret heard-a heard-b listed moment flipped twice shared bystander big rotated".split(" ");
const hour = 3_600_000;
const start = 1_800_000_000_000;

export function fragmentsContract(name: string, prepare: () => Promise<FragmentStores>, skip: string | false = false) {
  describe(`fragments: ${name}`, { skip }, () => {
    let stores: FragmentStores;
    let records: Records;
    let now = start;
    const clock = () => now;
    const wrapper = masterKeyWrapper(systemRandom(32), systemRandom);
    const opened: { close(): Promise<void> }[] = [];

    before(async () => {
      stores = await prepare();
      records = await stores.openRecords();
      for (const id of lasting) await insertTestStream(records, id, 87_600);
    });
    after(async () => {
      for (const one of opened) await one.close();
      await records?.close();
      await stores?.close();
    });

    /** What a process has of its own. */
    function startProcess(own = records, period = defaultPeriod) {
      const { blobs } = stores;
      const kms = openTestKeys({ records: own, clock });
      const keys = openKeyring({ records: own, kms, wrapper, clock, period });
      const parts = { records: own, blobs, keys, clock, random: systemRandom, log: silentLog };
      const committer = new Committer({ ...parts, sleep: systemSleep, tickMs: 5 });
      opened.push(committer);
      return { ...parts, committer, numbers: openFragmentNumbers(parts), reader: openFragmentReader(parts) };
    }

    /** `count` fragments of a second each, as one session sends them. */
    async function store({ committer, numbers }: ReturnType<typeof startProcess>, streamId: string, count: number) {
      const header = systemRandom(500);
      const sent = Array.from({ length: count }, (_, at) =>
        fragmentOf(streamId, numbers.next(streamId), start + at * 1000, header),
      );
      return { sent, stored: await Promise.all(sent.map((fragment) => committer.submit(fragment))) };
    }

    test("gives back what was stored, to the bit, also to a process that opens anew", async () => {
      const one = startProcess();
      const { sent, stored } = await store(one, "bits", 6);
      const anew = startProcess();
      for (const [at, fragment] of sent.entries()) {
        const [found] = await findFragments(records.db, "bits", [fragment.number]);
        assert.deepEqual(found, stored[at]);
        const { header, body, tags, ...described } = fragment;
        for (const [property, value] of Object.entries(described)) {
          assert.equal(found![property as keyof StoredFragment], value, property);
        }
        const read = await anew.reader.read(found!);
        assert.ok(Buffer.concat(body).equals(read.body));
        assert.deepEqual(read.tags, tags);
        assert.ok(Buffer.from(header).equals(await anew.reader.readHeader(found!)));
      }
      assert.equal(new Set(stored.map(({ headerId }) => headerId)).size, 1);
    });

    test("reads what several data keys have sealed, and keeps a header once for each", async () => {
      const one = startProcess(records, { ms: hour, bytes: 1000 });
      const header = systemRandom(500);
      const sent: Fragment[] = [];
      for (let at = 0; at < 8; at++) {
        const number = one.numbers.next("rotated");
        sent.push({ ...fragmentOf("rotated", number, start + at * 1000, header), body: [systemRandom(500)] });
        await one.committer.submit(sent.at(-1)!);
      }
      const stored = await listFragmentsAfter(records.db, "rotated", undefined, 10);
      assert.deepEqual(
        stored.map(({ dataKey }) => dataKey),
        [0, 0, 1, 1, 2, 2, 3, 3],
      );
      assert.equal(new Set(stored.map(({ headerId }) => headerId)).size, 4);
      const { reader } = startProcess();
      const read = await Array.fromAsync(reader.readAll(stored));
      for (const [at, bytes] of read.entries()) {
        assert.ok("body" in bytes && Buffer.concat(sent[at]!.body).equals(bytes.body), `fragment ${at}`);
        assert.ok(Buffer.from(header).equals(await reader.readHeader(stored[at]!)), `header ${at}`);
      }
      const moved = { ...stored[0]!, dataKey: 1 };
      await assert.rejects(reader.read(moved), { damage: "its bytes have changed" });
      await assert.rejects(reader.read({ ...moved, dataKey: 9 }), { name: "KeyMissing" });
    });

    test("keeps nothing in the clear", async () => {
      const one = startProcess();
      const secret = Buffer.from("a sentence that nobody else may read");
      const number = one.numbers.next("secret");
      const fragment = { ...fragmentOf("secret", number, start, secret), body: [secret, secret] };
      await one.committer.submit({ ...fragment, tags: [{ name: secret.toString(), value: secret.toString() }] });
      for await (const { key } of stores.blobs.list("packs/")) {
        const bytes = Buffer.concat(await Array.fromAsync((await stores.blobs.get(key))!));
        assert.equal(bytes.indexOf(secret), -1, key);
      }
      const { sealed } = await records.db
        .selectFrom("media_headers")
        .selectAll()
        .where("stream_id", "=", "secret")
        .executeTakeFirstOrThrow();
      assert.equal(Buffer.from(sealed).indexOf(secret), -1);
    });

    test("says what it has stored in order, before it resolves, and of every stream", async () => {
      const one = startProcess();
      const heard = new Map<string, string[]>();
      one.committer.onCommitted((streamId, fragments) => {
        heard.set(streamId, [...(heard.get(streamId) ?? []), ...fragments.map(({ number }) => number)]);
      });
      const [a, b] = await Promise.all([store(one, "heard-a", 20), store(one, "heard-b", 20)]);
      for (const { sent } of [a, b]) {
        assert.deepEqual(
          heard.get(sent[0]!.streamId),
          sent.map(({ number }) => number),
        );
      }
    });

    test("lists by either time, in pages, from both ends, and counts", async () => {
      const one = startProcess();
      const { stored } = await store(one, "listed", 25);
      for (const timeline of ["server", "producer"] as const) {
        const timeOf = (fragment: StoredFragment) => positionOf(fragment, timeline).at;
        const ordered = stored.toSorted((a, b) => timeOf(a) - timeOf(b) || (a.number < b.number ? -1 : 1));
        const range = { from: timeOf(ordered[3]!), to: timeOf(ordered[20]!) };
        const inside = ordered.filter((fragment) => range.from <= timeOf(fragment) && timeOf(fragment) < range.to);
        for (const newestFirst of [false, true]) {
          const pages: StoredFragment[] = [];
          for (let after = undefined as ReturnType<typeof positionOf> | undefined; ; ) {
            const page = await listFragmentsByTime(records.db, "listed", timeline, range, {
              after,
              limit: 4,
              newestFirst,
            });
            if (page.length === 0) break;
            pages.push(...page);
            after = positionOf(page.at(-1)!, timeline);
          }
          assert.deepEqual(pages, newestFirst ? inside.toReversed() : inside);
        }
        assert.equal(await countFragments(records.db, "listed", timeline, range, 1000), inside.length);
        assert.equal(await countFragments(records.db, "listed", timeline, {}, 7), 7);
      }
      assert.deepEqual(await findNewestFragment(records.db, "listed"), stored.at(-1));
      assert.deepEqual(await listFragmentsAfter(records.db, "listed", undefined, 2), stored.slice(0, 2));
      assert.deepEqual(await listFragmentsAfter(records.db, "listed", stored[9]!.number, 3), stored.slice(10, 13));
      assert.deepEqual(await findFragments(records.db, "listed", [stored[3]!.number, "9", stored[1]!.number]), [
        stored[3],
        undefined,
        stored[1],
      ]);
    });

    test("finds the fragment that holds a moment, or the first after it", async () => {
      const one = startProcess();
      const at = (number: string, serverTimestamp: number) => ({
        ...fragmentOf("moment", number, serverTimestamp, new Uint8Array(1)),
        serverTimestamp,
      });
      const numbers = [1, 2, 3].map(() => one.numbers.next("moment")) as [string, string, string];
      const [first, second, third] = await Promise.all([
        one.committer.submit(at(numbers[0], start)),
        one.committer.submit(at(numbers[1], start + 1000)),
        one.committer.submit(at(numbers[2], start + 10_000)),
      ]);
      const cases = [
        [-5, first],
        [0, first],
        [999, first],
        [1000, second],
        [1999, second],
        [2000, third],
        [10_999, third],
        [11_000, undefined],
      ] as const;
      for (const [ms, expected] of cases) {
        const found = await findFragmentAt(records.db, "moment", "server", start + ms);
        assert.equal(found?.number, expected?.number, `${ms}`);
      }
    });

    test("reports a flipped bit by name while neighbours read on", async () => {
      const one = startProcess();
      const { sent, stored } = await store(one, "flipped", 5);
      assert.equal(new Set(stored.map(({ place }) => place.pack)).size, 1, "they share a pack");
      const key = packKey(stored[0]!.place.pack);
      const whole = Buffer.concat(await Array.fromAsync((await stores.blobs.get(key))!));
      for (const [hit, { place }] of stored.entries()) {
        for (const at of [place.from, place.from + 24 + hit, place.from + place.sizeBytes - 1]) {
          const damaged = Buffer.from(whole);
          damaged[at]! ^= 1 << (at % 8);
          await stores.blobs.put(key, damaged);
          const read = await Array.fromAsync(one.reader.readAll(stored));
          for (const [index, result] of read.entries()) {
            if (index === hit) {
              assert.ok("damaged" in result && result.damaged.number === sent[hit]!.number, `byte ${at}`);
            } else assert.ok("body" in result && Buffer.concat(sent[index]!.body).equals(result.body));
          }
        }
      }
      await stores.blobs.put(key, whole.subarray(0, -1));
      await assert.rejects(one.reader.read(stored[4]!), { name: "FragmentDamaged", damage: "its bytes have changed" });
      await stores.blobs.delete(key);
      await assert.rejects(one.reader.read(stored[0]!), (error) => {
        return error instanceof FragmentDamaged && error.damage === "its pack is missing";
      });
    });

    test("refuses a number that the stream has, and that one alone", async () => {
      const one = startProcess();
      const { sent } = await store(one, "twice", 1);
      const other = fragmentOf("twice", one.numbers.next("twice"), start, systemRandom(9));
      const [again, stored] = await Promise.allSettled([
        one.committer.submit({ ...sent[0]!, body: [systemRandom(50)] }),
        one.committer.submit(other),
      ]);
      assert.ok(again.status === "rejected" && again.reason instanceof FragmentExists);
      assert.ok(stored.status === "fulfilled");
      const [first] = await findFragments(records.db, "twice", [sent[0]!.number]);
      assert.ok(Buffer.concat(sent[0]!.body).equals((await one.reader.read(first!)).body), "the first one stays");
    });

    test("two processes at once store one stream and read each other's fragments at once", async () => {
      const other = await stores.openRecords();
      opened.push({ close: () => other.close() });
      const [one, two] = [startProcess(), startProcess(other)];
      const [a, b] = await Promise.all([store(one, "shared", 15), store(two, "shared", 15)]);
      for (const fragment of a.stored) await two.reader.read(fragment);
      for (const fragment of b.stored) await one.reader.read(fragment);
      const numbers = [...a.sent, ...b.sent].map(({ number }) => number);
      assert.deepEqual(
        (await listFragmentsAfter(records.db, "shared", undefined, 100)).map(({ number }) => number),
        numbers.toSorted(),
      );
    });

    test("deletes what is older than the retention, and packs that nobody names", async () => {
      await insertTestStream(records, "day", 24);
      const one = startProcess();
      const { stored } = await store(one, "day", 3);
      const key = packKey(stored[0]!.place.pack);
      now = start + 24 * hour + 1500;
      await sweepFragments(one);
      assert.deepEqual(await listFragmentsAfter(records.db, "day", undefined, 10), [stored[2]]);
      now += 999;
      await sweepBlobs(one);
      await one.reader.read(stored[2]!);

      now = start + 24 * hour + 2001;
      await sweepFragments(one);
      assert.deepEqual(await listFragmentsAfter(records.db, "day", undefined, 10), []);
      await sweepBlobs(one);
      assert.ok(await stores.blobs.size(key), "who has seen the row may still be reading");
      now += hour;
      await sweepBlobs(one);
      assert.equal(await stores.blobs.size(key), undefined);
      const headers = () => records.db.selectFrom("media_headers").where("stream_id", "=", "day").selectAll().execute();
      assert.equal((await headers()).length, 1);
      now += 2 * hour;
      await sweepFragments(one);
      assert.deepEqual(await headers(), []);
      now = start;
    });

    test("a destroyed stream is noise at once, takes no fragment more, and goes with all it had", async () => {
      await insertTestStream(records, "doomed", 24);
      const one = startProcess();
      const two = startProcess();
      const { stored } = await store(one, "doomed", 3);
      await one.reader.read(stored[0]!);
      await two.reader.read(stored[0]!);
      await records.db.updateTable("streams").set({ status: "DELETING" }).where("id", "=", "doomed").execute();
      await one.keys.destroy("doomed");
      await assert.rejects(one.reader.read(stored[0]!), { name: "KeyMissing" });
      const bystander = fragmentOf("bystander", two.numbers.next("bystander"), start, systemRandom(9));
      const late = fragmentOf("doomed", two.numbers.next("doomed"), start + 5000, systemRandom(9));
      const [refused, kept] = await Promise.allSettled([two.committer.submit(late), two.committer.submit(bystander)]);
      assert.ok(refused.status === "rejected" && refused.reason instanceof KeyDestroyed, "the other process, too");
      assert.equal(kept.status, "fulfilled");
      now += 61_000;
      await assert.rejects(two.reader.read(stored[0]!), { name: "KeyMissing" });
      await sweepFragments(two);
      assert.deepEqual(await listFragmentsAfter(records.db, "doomed", undefined, 10), []);
      await sweepBlobs(two);
      assert.equal(await stores.blobs.size(packKey(stored[0]!.place.pack)), undefined);
      now += 2 * hour;
      await sweepFragments(two);
      for (const table of ["stream_keys", "media_headers"] as const) {
        assert.deepEqual(
          await records.db.selectFrom(table).where("stream_id", "=", "doomed").selectAll().execute(),
          [],
        );
      }
      assert.deepEqual(await records.db.selectFrom("streams").where("id", "=", "doomed").selectAll().execute(), []);
      now = start;
    });

    test("lets nobody in while too much waits, and everybody when it is done", async () => {
      const { blobs, keys } = startProcess();
      const parts = { records, blobs, keys, clock, sleep: systemSleep, random: systemRandom, log: silentLog };
      const committer = new Committer({ ...parts, tickMs: 20, roomBytes: 1000 });
      const numbers = openFragmentNumbers({ records, clock, random: systemRandom });
      await committer.room();
      const big = fragmentOf("big", numbers.next("big"), start, systemRandom(9));
      let durable = false;
      const stored = committer.submit({ ...big, body: [systemRandom(1000)] }).then(() => {
        durable = true;
      });
      await committer.room();
      assert.ok(durable, "there is room only when it is durable");
      await stored;
      const last = committer.submit(fragmentOf("big", numbers.next("big"), start, systemRandom(9)));
      await committer.close();
      await last;
      await assert.rejects(committer.submit(big), /closed/);
    });
  });
}

function fragmentOf(streamId: string, number: string, at: number, header: Uint8Array): Fragment {
  const before = systemRandom(30);
  const cluster = systemRandom(2000 + (at % 1000));
  return {
    streamId,
    number,
    serverTimestamp: at,
    // Out of order, and the same for two in a row: number order is not time order.
    producerTimestamp: start + ((Math.floor((at - start) / 2000) * 7919) % 90_000),
    durationMs: 1000,
    header,
    body: [before, cluster.subarray(0, 700), cluster.subarray(700)],
    clusterFrom: before.length,
    clusterTo: before.length + cluster.length,
    tags: at % 2000 === 0 ? [{ name: "ü", value: "😀" }] : [],
  };
}
