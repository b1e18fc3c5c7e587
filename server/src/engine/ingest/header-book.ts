/**
 * Which headers are stored already, so that a fragment costs a row for its header only when it is new, or when the last
 * word of its being in use is an hour old: retention goes by that.
 */
import type { Clock } from "../../base/clock.ts";
import type { Random } from "../../base/random.ts";
import { headerIdOf, sealHeader } from "../../storage/fragments/seal-fragment.ts";
import type { StreamKey } from "../../storage/keys/keyring.ts";
import type { MediaHeaderRow } from "../../storage/records/tables.ts";

/** How old the last word may be. */
export const headerUseMs = 3_600_000;
const mostRemembered = 50_000;

export class HeaderBook {
  readonly #clock: Clock;
  readonly #random: Random;
  /** Until when what is stored holds good. */
  readonly #stored = new Map<string, number>();
  readonly #ids = new WeakMap<Uint8Array, { key: StreamKey; id: string }>();

  constructor({ clock, random }: { clock: Clock; random: Random }) {
    this.#clock = clock;
    this.#random = random;
  }

  /** With the row that is to be kept beside the fragment's, if any. */
  enter(key: StreamKey, streamId: string, header: Uint8Array): { headerId: string; headerRow?: MediaHeaderRow } {
    const known = this.#ids.get(header);
    const headerId = known?.key === key ? known.id : headerIdOf(key, header);
    this.#ids.set(header, { key, id: headerId });
    const now = this.#clock();
    if (now < (this.#stored.get(`${streamId}/${headerId}`) ?? 0)) return { headerId };
    const sealed = sealHeader(key, streamId, headerId, header, this.#random);
    const row = { stream_id: streamId, id: headerId, data_key: key.number, sealed, used_at: now };
    return { headerId, headerRow: row };
  }

  /** These are durable. */
  kept(rows: readonly MediaHeaderRow[]): void {
    for (const { stream_id, id, used_at } of rows) {
      if (mostRemembered <= this.#stored.size) this.#stored.delete(this.#stored.keys().next().value!);
      this.#stored.set(`${stream_id}/${id}`, used_at + headerUseMs);
    }
  }
}
