/**
 * What every blob store keeps to (blob-store.ts says it), written once.
 */
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { BlobStore, ByteRange } from "../../src/storage/blobs/blob-store.ts";

export type OpenedStore = { store: BlobStore; close(): Promise<void> };

/** `cannot`: clauses that a server behind an adapter breaks; whoever names one says why. */
export function blobStoreContract(
  name: string,
  open: () => Promise<OpenedStore>,
  cannot: { listInOrder?: true; readTheFirstByteAlone?: true } = {},
): void {
  describe(`blob store: ${name}`, () => {
    let opened: OpenedStore;
    let store: BlobStore;
    before(async () => {
      opened = await open();
      store = opened.store;
    });
    after(() => opened.close());

    const sizes = [0, 1, 1000, 1 << 20, (1 << 20) + 1, 20 << 20];
    for (const size of sizes) {
      test(`gives back ${size} bytes that came whole or in pieces`, async () => {
        const bytes = randomBytes(size);
        assert.deepEqual(await store.put("whole/blob", bytes), { sizeBytes: size });
        assert.deepEqual(await store.put("in/pieces", pieces(bytes, 70_001)), { sizeBytes: size });
        for (const key of ["whole/blob", "in/pieces"]) {
          assert.equal(await store.size(key), size);
          assert.equal(sumOf(await read(store, key)), sumOf(bytes));
        }
      });
    }

    test("gives ranges, clipped at the end", async () => {
      const bytes = randomBytes(3 << 20);
      await store.put("ranges", bytes);
      const cases: [ByteRange, number, number][] = [
        ...(cannot.readTheFirstByteAlone ? [] : [[{ from: 0, to: 1 }, 0, 1] as [ByteRange, number, number]]),
        [{ from: 5, to: 5 }, 5, 5],
        [{ from: 100, to: 2_000_000 }, 100, 2_000_000],
        [{ from: (3 << 20) - 1, to: 3 << 20 }, (3 << 20) - 1, 3 << 20],
        [{ from: 3_000_000, to: 99_000_000 }, 3_000_000, 3 << 20],
        [{ from: 99_000_000, to: 99_000_001 }, 0, 0],
      ];
      for (const [range, from, to] of cases) {
        assert.equal(sumOf(await read(store, "ranges", range)), sumOf(bytes.subarray(from, to)), JSON.stringify(range));
      }
    });

    test("lends memory for a chunk at a time to many readers at once", async () => {
      const blobs = Array.from({ length: 8 }, (_, at) => randomBytes(2_500_000 + at));
      for (const [at, bytes] of blobs.entries()) await store.put(`lent/${at}`, bytes);
      const sums = await Promise.all(
        blobs.map(async (_, at) => {
          const hash = createHash("sha256");
          for await (const chunk of (await store.get(`lent/${at}`, undefined, { lend: true }))!) {
            await nextTurn();
            hash.update(chunk);
          }
          return hash.digest("hex");
        }),
      );
      assert.deepEqual(sums, blobs.map(sumOf));
    });

    test("looks at a chunk no more once it has asked for the next", async () => {
      const bytes = randomBytes(3_000_000);
      async function* reused() {
        yield* reusedAtOnce();
      }
      function* reusedAtOnce() {
        const memory = Buffer.alloc(70_000);
        for (let at = 0; at < bytes.length; at += memory.length) {
          yield memory.subarray(0, bytes.copy(memory, 0, at, at + memory.length));
        }
      }
      for (const signal of [undefined, new AbortController().signal]) {
        await store.put("reused", reused(), { signal });
        assert.equal(sumOf(await read(store, "reused")), sumOf(bytes));
        await store.put("reused-at-once", reusedAtOnce(), { signal });
        assert.equal(sumOf(await read(store, "reused-at-once")), sumOf(bytes));
      }
    });

    test("says undefined of what is not there, and deletes it all the same", async () => {
      assert.equal(await store.get("no/such"), undefined);
      assert.equal(await store.get("no/such", { from: 0, to: 1 }), undefined);
      assert.equal(await store.get("no/such", { from: 1, to: 1 }), undefined);
      assert.equal(await store.size("no/such"), undefined);
      await store.delete("no/such");
    });

    test("replaces what was there", async () => {
      await store.put("twice", Buffer.from("the first, longer one"));
      await store.put("twice", Buffer.from("second"));
      assert.equal((await read(store, "twice")).toString(), "second");
      await store.delete("twice");
      assert.equal(await store.get("twice"), undefined);
    });

    test("stores nothing of a body that breaks off, and throws its cause", async () => {
      for (const size of [10, 30 << 20]) {
        const broken = async function* () {
          yield randomBytes(size);
          throw new Error("the client is gone");
        };
        await assert.rejects(store.put("broken", broken()), /the client is gone/);
        assert.equal(await store.size("broken"), undefined);
      }
    });

    test("stores nothing after an abort, and throws its reason", async () => {
      const abort = new AbortController();
      const endless = async function* () {
        for (let chunk = 0; ; chunk += 1) {
          if (chunk === 20) abort.abort(new Error("no more"));
          yield randomBytes(1 << 20);
        }
      };
      await assert.rejects(store.put("aborted", endless(), { signal: abort.signal }), /no more/);
      assert.equal(await store.size("aborted"), undefined);
    });

    test("an abort ends a body that has stalled", async () => {
      const abort = new AbortController();
      const stalled = async function* () {
        yield randomBytes(1000);
        setImmediate(() => abort.abort(new Error("no more")));
        await new Promise(() => {});
      };
      await assert.rejects(store.put("stalled", stalled(), { signal: abort.signal }), /no more/);
      assert.equal(await store.size("stalled"), undefined);
    });

    test("a reader may leave early", async () => {
      await store.put("left", randomBytes(8 << 20));
      for await (const chunk of (await store.get("left"))!) {
        assert.ok(0 < chunk.length);
        break;
      }
      assert.equal(await store.size("left"), 8 << 20);
    });

    test("lists by prefix in byte order, a key that begins another one among them", async () => {
      const keys = ["list/a", "list/a-b", "list/a.b/c", "list/a/b", "list/a/b/c", "list/a0", "list/z", "lisu"];
      for (const key of [...keys].reverse()) await store.put(key, Buffer.from(key));
      const listed = async (prefix: string) => {
        const found = (await Array.fromAsync(store.list(prefix))).map(({ key }) => key);
        return cannot.listInOrder ? found.sort() : found;
      };
      assert.deepEqual(await listed("lis"), keys);
      assert.deepEqual(await listed("list/a"), keys.slice(0, 6));
      assert.deepEqual(await listed("list/a/"), ["list/a/b", "list/a/b/c"]);
      assert.deepEqual(await listed("nothing/here"), []);
      const infos = await Array.fromAsync(store.list("list/z"));
      assert.deepEqual(infos, [{ key: "list/z", sizeBytes: 6 }]);
    });

    for (const key of [
      "",
      "/a",
      "a/",
      "a//b",
      "../a",
      "a/../b",
      "a/.",
      "a b",
      "ä",
      "a\0",
      "~growing/a",
      "x".repeat(513),
    ]) {
      test(`refuses the key ${JSON.stringify(key.slice(0, 20))}`, async () => {
        await assert.rejects(async () => store.put(key, Buffer.from("x")), /not a blob key/);
        await assert.rejects(async () => store.get(key), /not a blob key/);
        await assert.rejects(async () => store.delete(key), /not a blob key/);
      });
    }

    test("many at once do not disturb each other", async () => {
      const bodies = Array.from({ length: 24 }, (_, number) => randomBytes(50_000 + number));
      await Promise.all(bodies.map((body, number) => store.put(`many/${number}`, pieces(body, 7_000))));
      await Promise.all(
        bodies.map(async (body, number) => assert.equal(sumOf(await read(store, `many/${number}`)), sumOf(body))),
      );
    });
  });
}

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function read(store: BlobStore, key: string, range?: ByteRange): Promise<Buffer> {
  const body = await store.get(key, range);
  assert.ok(body !== undefined, `${key} is there`);
  return Buffer.concat(await Array.fromAsync(body));
}

function sumOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
