/**
 * What was made lately and may be asked for again, within a bound.
 */

/** Forgets first what was used longest ago. What several ask for at once is made once; what fails is not kept. */
export class Recent<Value> {
  readonly #most: number;
  readonly #kept = new Map<string, { value: Promise<Value>; size: number }>();
  #size = 0;

  /** `most`: the sum of the sizes, in whatever unit they are. What is larger alone is not kept. */
  constructor(most: number) {
    this.#most = most;
  }

  get(key: string, size: number, make: () => Promise<Value>): Promise<Value> {
    const known = this.#kept.get(key);
    if (known !== undefined) {
      this.#kept.delete(key);
      this.#kept.set(key, known);
      return known.value;
    }
    const value = make();
    this.#kept.set(key, { value, size });
    this.#size += size;
    for (const oldest of this.#kept.keys()) {
      if (this.#size <= this.#most) break;
      this.#forget(oldest);
    }
    value.catch(() => this.#kept.get(key)?.value === value && this.#forget(key));
    return value;
  }

  #forget(key: string): void {
    this.#size -= this.#kept.get(key)!.size;
    this.#kept.delete(key);
  }
}
