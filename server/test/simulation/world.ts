/**
 * A machine whose time, chance and failures follow from a seed: a clock that stands still while anything runs, a blob store
 * that fails, tears and loses answers, and rows (real ones, in SQLite) whose transactions do the same.
 *
 * A crash ends a life: whatever belongs to it never goes on, and the next life finds what was durable, plus whatever the
 * store likes of what was not.
 */
import { setImmediate } from "node:timers/promises";
import type { Random } from "../../src/base/random.ts";
import type { BlobStore } from "../../src/storage/blobs/blob-store.ts";
import type { Records } from "../../src/storage/records/records.ts";

export class World {
  readonly #draw: () => number;
  readonly #timers: { at: number; order: number; resolve(): void }[] = [];
  #orders = 0;
  #elapsedMs = 0;
  /** May step back; timers do not care. */
  #clockAheadMs = 1_800_000_000_000;
  #latest = 0;
  readonly blobs = new Map<string, Uint8Array>();
  /** Those under which something may have been written after the sweeper had already been there. */
  readonly stalled = new Set<string>();
  readonly crashes = new Map<string, number>();
  life = 0;
  /** How likely a crash is at each point, and a failure of each call. */
  crashChance = 0;
  failureChance = 0;

  constructor(seed: number) {
    this.#draw = generator(seed);
  }

  readonly clock = () => this.#clockAheadMs + this.#elapsedMs;

  readonly random: Random = (sizeBytes) => {
    const bytes = new Uint8Array(sizeBytes);
    for (let at = 0; at < sizeBytes; at++) bytes[at] = Math.floor(this.#draw() * 256);
    return bytes;
  };

  /** A whole number, half-open. */
  between(from: number, to: number): number {
    return from + Math.floor(this.#draw() * (to - from));
  }

  happens(chance: number): boolean {
    return this.#draw() < chance;
  }

  jump(ms: number): void {
    this.#latest = this.latest;
    this.#clockAheadMs += ms;
  }

  /** As far as the clock has ever been. */
  get latest(): number {
    return Math.max(this.#latest, this.clock());
  }

  readonly sleep = (ms: number) =>
    new Promise<void>((resolve) => {
      this.#timers.push({ at: this.#elapsedMs + ms, order: this.#orders++, resolve });
    });

  /** Lets time pass until the work is done, or the life has ended. */
  async run(work: Promise<unknown>): Promise<"done" | "crashed"> {
    const { life } = this;
    let end: { error?: unknown } | undefined;
    work.then(
      () => {
        end = {};
      },
      (error) => {
        end = { error };
      },
    );
    for (let steps = 0; ; steps++) {
      await setImmediate();
      if (life !== this.life) break;
      const ended = end as { error?: unknown } | undefined;
      if (ended !== undefined && "error" in ended) throw ended.error;
      if (ended !== undefined) return "done";
      if (100_000 < steps) throw new Error("the work does not come to an end");
      this.#timers.sort((one, other) => one.at - other.at || one.order - other.order);
      const next = this.#timers.shift();
      if (next === undefined) continue;
      this.#elapsedMs = next.at;
      next.resolve();
    }
    this.#timers.length = 0;
    return "crashed";
  }

  /** Goes on, unless the life has ended, or ends here. */
  async point(place: string, life: number): Promise<void> {
    if (life === this.life && this.happens(this.crashChance)) {
      this.crashes.set(place, (this.crashes.get(place) ?? 0) + 1);
      this.life++;
    }
    if (life !== this.life) await never;
  }

  fail(what: string): void {
    if (this.happens(this.failureChance)) throw new Error(`simulated: ${what}`);
  }

  /** As a process of this life sees them. */
  openBlobs(): BlobStore {
    const { life } = this;
    const keepSome = (key: string, bytes: Uint8Array) => {
      const how = this.between(0, 4);
      if (how === 0) return;
      const kept = bytes.slice(0, how === 1 ? bytes.length : this.between(0, bytes.length + 1));
      if (how === 3) kept.fill(0, this.between(0, kept.length + 1));
      this.blobs.set(key, kept);
    };
    return {
      put: async (key, body) => {
        const chunks: Uint8Array[] = [];
        // Until it is said to be durable, a crash leaves any of it.
        const written = () => Buffer.concat(chunks);
        const point = async (place: string) => {
          const isAlive = life === this.life;
          const going = this.point(place, life);
          if (isAlive && life !== this.life) keepSome(key, written());
          await going;
        };
        await point("before the pack is written");
        this.fail("no space left");
        for await (const chunk of body instanceof Uint8Array ? [body] : body) {
          // Lent: its memory is used again.
          chunks.push(Uint8Array.from(chunk));
          if (this.happens(0.1)) await point("while the pack is written");
        }
        if (this.happens(0.02)) {
          this.stalled.add(key);
          this.jump(2 * 3_600_000);
          await this.sleep(100);
        }
        await this.sleep(this.between(0, 25));
        await point("before the pack is durable");
        if (this.happens(this.failureChance)) {
          keepSome(key, written());
          throw new Error("simulated: the pack was not acknowledged");
        }
        this.blobs.set(key, written());
        await this.point("after the pack is durable", life);
        return { sizeBytes: written().length };
      },
      get: async (key, { from, to } = { from: 0, to: Number.POSITIVE_INFINITY }) => {
        await this.sleep(this.between(0, 3));
        const bytes = this.blobs.get(key);
        return bytes && one(bytes.slice(from, to));
      },
      size: async (key) => this.blobs.get(key)?.length,
      list: async function* () {},
      delete: async (key) => {
        await this.sleep(this.between(0, 60));
        await this.point("before a pack is deleted", life);
        this.fail("not deleted");
        this.blobs.delete(key);
        await this.point("after a pack is deleted", life);
      },
      async close() {},
    };
  }

  openRecords(real: Records): Records {
    const { life } = this;
    const world = this;
    return {
      ...real,
      get db() {
        if (life !== world.life) throw new LifeEnded();
        return real.db;
      },
      async transaction(work) {
        await world.point("before the rows", life);
        world.fail("no connection");
        await world.sleep(world.between(0, 5));
        const done = real.transaction(async (db) => {
          const value = await work(db);
          const going = world.point("before the rows are committed", life);
          if (life !== world.life) throw new LifeEnded();
          await going;
          world.fail("not committed");
          return value;
        });
        const value = await done.catch((error) => (error instanceof LifeEnded ? never : Promise.reject(error)));
        await world.point("after the rows are committed", life);
        world.fail("the answer is lost");
        return value;
      },
    };
  }
}

class LifeEnded extends Error {}

const never = new Promise<never>(() => {});

async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** Mulberry32: numbers in [0, 1). */
function generator(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
