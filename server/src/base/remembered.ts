/**
 * What was looked up lately and may be believed for a while, within a bound.
 */
import type { Clock } from "./clock.ts";

export type RememberedOptions = {
  clock: Clock;
  /** How old an answer may be, counted from before it was asked for. */
  forMs: number;
  /** How many are kept; the one that was asked for first goes first. */
  most: number;
};

/** What several ask for at once is asked for once; what fails is not kept. */
export class Remembered<Value> {
  readonly #options: RememberedOptions;
  readonly #kept = new Map<string, { value: Promise<Value>; until: number }>();

  constructor(options: RememberedOptions) {
    this.#options = options;
  }

  get(key: string, ask: () => Promise<Value>): Promise<Value> {
    const { clock, forMs, most } = this.#options;
    const known = this.#kept.get(key);
    const now = clock();
    // A clock that has stepped back makes nothing last longer.
    if (known !== undefined && now < known.until && known.until <= now + forMs) return known.value;
    const value = ask();
    this.#kept.delete(key);
    if (most <= this.#kept.size) this.#kept.delete(this.#kept.keys().next().value!);
    this.#kept.set(key, { value, until: now + forMs });
    value.catch(() => this.#kept.get(key)?.value === value && this.#kept.delete(key));
    return value;
  }

  forget(key: string): void {
    this.#kept.delete(key);
  }

  /** All whose key begins so. */
  forgetAll(prefix: string): void {
    for (const key of this.#kept.keys()) if (key.startsWith(prefix)) this.#kept.delete(key);
  }
}
