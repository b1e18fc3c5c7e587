/**
 * What every store of users' buckets keeps to (bucket-store.ts says it), written once.
 */
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { BucketError, type BucketStore } from "../../src/storage/buckets/bucket-store.ts";

/** `bucket` is there and empty; `none` is not there. */
export type OpenedBuckets = { store: BucketStore; close(): Promise<void> };

export const bucket = "contract-bucket";
const none = "no-such-bucket";

/** `cannot`: clauses that a server behind an adapter breaks; whoever names one says why. */
export function bucketStoreContract(
  name: string,
  open: () => Promise<OpenedBuckets>,
  cannot: { listInOrder?: true; listPastAPage?: true; readTheFirstByteAlone?: true; moveOddKeys?: true } = {},
): void {
  describe(`bucket store: ${name}`, () => {
    let opened: OpenedBuckets;
    let store: BucketStore;
    before(async () => {
      opened = await open();
      store = opened.store;
    });
    after(() => opened?.close());

    const at = (key: string) => ({ bucket, key });
    const options = { contentType: "video/mp4" };
    const list = async (prefix: string) => {
      const keys = await Array.fromAsync(store.list(bucket, prefix));
      return cannot.listInOrder ? keys.sort() : keys;
    };

    test("knows which buckets there are", async () => {
      assert.equal(await store.bucketExists(bucket), true);
      assert.equal(await store.bucketExists(none), false);
    });

    for (const size of [0, 1, 100_000, 17 << 20]) {
      test(`gives back an object of ${size} bytes and what goes with it`, async () => {
        const bytes = randomBytes(size);
        const written = await store.write(at(`whole/${size}`), pieces(bytes), options);
        assert.deepEqual([written.sizeBytes, written.contentType], [size, "video/mp4"]);
        assert.match(written.etag, /^[0-9a-f]{32}(-\d+)?$/);
        assert.ok(Math.abs(written.modifiedAt - Date.now()) < 60_000);
        assert.deepEqual(await store.head(at(`whole/${size}`)), written);
        assert.equal(sumOf(await read(`whole/${size}`)), sumOf(bytes));
      });
    }

    test("reads ranges, clipped at the end", async () => {
      const bytes = randomBytes(300_000);
      await store.write(at("ranges"), pieces(bytes), options);
      for (const [from, to] of [
        ...(cannot.readTheFirstByteAlone ? [] : [[0, 1]]),
        [1, 200_000],
        [299_999, 300_000],
        [299_999, 400_000],
        [7, 7],
        [300_000, 300_001],
        [900_000, 900_001],
      ] as [number, number][]) {
        assert.equal(sumOf(await read("ranges", { from, to })), sumOf(bytes.subarray(from, to)), `[${from}, ${to})`);
      }
    });

    test("keeps keys as they are", async () => {
      const keys = ["keys/a b+c%20&d=e", "keys/ü/😀.mp4", "keys/quote'\"<>.ts", "keys/(1)*!~$,;:@"];
      for (const key of keys) await store.write(at(key), pieces(Buffer.from(key)), options);
      assert.deepEqual((await list("keys/")).sort(), [...keys].sort());
      for (const key of keys) {
        assert.equal((await read(key)).toString(), key);
        if (cannot.moveOddKeys) continue;
        assert.equal(await store.move(at(key), `moved-${key}`), "moved", key);
        assert.equal((await read(`moved-${key}`)).toString(), key);
      }
    });

    test("says undefined of an object that is not there, and deletes it all the same", async () => {
      assert.equal(await store.head(at("nothing")), undefined);
      assert.equal(await store.read(at("nothing")), undefined);
      assert.equal(await store.read(at("nothing"), { from: 0, to: 10 }), undefined);
      assert.equal(await store.read(at("nothing"), { from: 5, to: 5 }), undefined);
      await store.delete(at("nothing"));
    });

    test("replaces, deletes", async () => {
      await store.write(at("twice"), pieces(Buffer.from("the first, longer one")), options);
      await store.write(at("twice"), pieces(Buffer.from("second")), { contentType: "text/plain" });
      assert.equal((await read("twice")).toString(), "second");
      assert.equal((await store.head(at("twice")))!.contentType, "text/plain");
      await store.delete(at("twice"));
      assert.equal(await store.head(at("twice")), undefined);
    });

    test("moves an object to its final key, and a second run finds it done", async () => {
      const bytes = randomBytes(17 << 20);
      await store.write(at("temporary"), pieces(bytes), options);
      await store.write(at("final"), pieces(Buffer.from("the one before")), options);
      assert.equal(await store.move(at("temporary"), "final"), "moved");
      assert.equal(await store.head(at("temporary")), undefined);
      assert.equal((await store.head(at("final")))!.contentType, "video/mp4");
      assert.equal(sumOf(await read("final")), sumOf(bytes));
      assert.equal(await store.move(at("temporary"), "final"), "missing");
      assert.equal(await store.move(at("final"), "final"), "moved");
      assert.equal(sumOf(await read("final")), sumOf(bytes));
    });

    test("lists by prefix in byte order, past a page", async () => {
      const keys = Array.from(
        { length: cannot.listPastAPage ? 20 : 1003 },
        (_, at) => `many/${String(at).padStart(4, "0")}`,
      );
      for (let from = 0; from < keys.length; from += 50)
        await Promise.all(
          keys.slice(from, from + 50).map((key) => store.write(at(key), pieces(Buffer.of(1)), options)),
        );
      assert.deepEqual(await list("many/"), keys);
      assert.deepEqual(await list("many/000"), keys.slice(0, 10));
      assert.deepEqual(await list("other/"), []);
    });

    test("stores nothing of a body that breaks off or is aborted", async () => {
      for (const size of [10, 40 << 20]) {
        const broken = async function* () {
          yield randomBytes(size);
          throw new Error("the disk is gone");
        };
        await assert.rejects(store.write(at("broken"), broken(), options), (error) => {
          assert.ok(error instanceof BucketError);
          assert.equal(error.kind, "failed");
          assert.match(String(error.cause), /the disk is gone/);
          return true;
        });
        const abort = new AbortController();
        const stalled = async function* () {
          yield randomBytes(size);
          abort.abort(new Error("no more"));
          await new Promise(() => {});
        };
        await assert.rejects(store.write(at("broken"), stalled(), { ...options, signal: abort.signal }), /no more/);
        await assert.rejects(
          store.write(at("broken"), pieces(Buffer.of(1)), { ...options, signal: abort.signal }),
          /no more/,
        );
        assert.equal(await store.head(at("broken")), undefined);
      }
    });

    test("names a missing bucket, whatever is asked", async () => {
      const object = { bucket: none, key: "a" };
      const calls: Record<string, () => Promise<unknown>> = {
        head: () => store.head(object),
        read: () => store.read(object),
        "read nothing": () => store.read(object, { from: 0, to: 0 }),
        write: () => store.write(object, pieces(Buffer.of(1)), options),
        move: () => store.move(object, "b"),
        list: () => Array.fromAsync(store.list(none, "")),
        delete: () => store.delete(object),
      };
      for (const [what, call] of Object.entries(calls)) {
        await assert.rejects(call, (error) => error instanceof BucketError && error.kind === "no-bucket", what);
      }
    });

    async function read(key: string, range?: { from: number; to: number }): Promise<Buffer> {
      const body = await store.read(at(key), range);
      assert.ok(body !== undefined, `${key} is there`);
      return Buffer.concat(await Array.fromAsync(body));
    }
  });
}

async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 70_001) yield bytes.subarray(at, at + 70_001);
}

function sumOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
