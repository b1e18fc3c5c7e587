/**
 * The last bytes of a stream, as the chunks that they came in: cut out by offsets from its beginning, never copied.
 */
export class ByteLog {
  readonly #chunks: { at: number; bytes: Uint8Array }[] = [];
  #end = 0;

  /** Offset of the next byte to come. */
  get end(): number {
    return this.#end;
  }

  append(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#chunks.push({ at: this.#end, bytes });
    this.#end += bytes.length;
  }

  /** `[from, to)`, in pieces. @throws RangeError for bytes that are forgotten or have not come */
  slice(from: number, to: number): Uint8Array[] {
    const first = this.#chunks[0]?.at ?? this.#end;
    if (from < first || this.#end < to) throw new RangeError(`bytes ${from} to ${to} are not among those kept`);
    const pieces: Uint8Array[] = [];
    for (let index = this.#indexOf(from); index < this.#chunks.length; index++) {
      const { at, bytes } = this.#chunks[index]!;
      if (to <= at) break;
      pieces.push(bytes.subarray(Math.max(0, from - at), to - at));
    }
    return pieces;
  }

  /** Lets go of what lies before the offset. */
  forget(before: number): void {
    let gone = 0;
    for (const { at, bytes } of this.#chunks) {
      if (before < at + bytes.length) break;
      gone++;
    }
    if (gone > 0) this.#chunks.splice(0, gone);
  }

  /** Of the chunk in which the byte lies. */
  #indexOf(offset: number): number {
    let low = 0;
    let high = this.#chunks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#chunks[middle]!.at <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
