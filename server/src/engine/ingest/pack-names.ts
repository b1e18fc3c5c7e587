/**
 * Names for packs, entered as loose blobs before anything is written under them, so that a crash leaves nothing that the
 * sweeper does not know of. They are entered some ahead, together with the rows of an earlier pack.
 */
import type { Kysely } from "kysely";
import type { Clock } from "../../base/clock.ts";
import { sortableId } from "../../base/ids.ts";
import type { Random } from "../../base/random.ts";
import { reservePacks } from "../../storage/records/packs.ts";
import type { Records } from "../../storage/records/records.ts";
import type { Tables } from "../../storage/records/tables.ts";

const ahead = 8;
/** A name that was not used within the first half of its time is left to the sweeper: writing under it takes time, too. */
const sweptAfterMs = 3_600_000;

export type Reservation = {
  /** In the transaction that also does something else. */
  reserve(db: Kysely<Tables>): Promise<void>;
  /** When that transaction is committed. */
  keep(): void;
};

export class PackNames {
  readonly #records: Records;
  readonly #clock: Clock;
  readonly #random: Random;
  #ready: { pack: string; enteredAt: number }[] = [];

  constructor({ records, clock, random }: { records: Records; clock: Clock; random: Random }) {
    this.#records = records;
    this.#clock = clock;
    this.#random = random;
  }

  async take(): Promise<string> {
    for (;;) {
      const now = this.#clock();
      this.#ready = this.#ready.filter(({ enteredAt }) => now < enteredAt + sweptAfterMs / 2);
      const name = this.#ready.shift();
      if (name !== undefined) return name.pack;
      const next = this.fresh();
      await this.#records.transaction((db) => next.reserve(db));
      next.keep();
    }
  }

  /** As many as are missing; none while there are enough. */
  fresh(): Reservation {
    const enteredAt = this.#clock();
    const missing = this.#ready.length <= ahead / 2 ? ahead - this.#ready.length : 0;
    const names = Array.from({ length: missing }, () => ({ pack: sortableId(this.#clock, this.#random), enteredAt }));
    return {
      reserve: (db) =>
        reservePacks(
          db,
          names.map(({ pack }) => pack),
          enteredAt + sweptAfterMs,
        ),
      keep: () => void this.#ready.push(...names),
    };
  }
}
