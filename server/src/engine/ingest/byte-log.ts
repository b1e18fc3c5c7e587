/**
 * The last bytes of a stream, by offsets from its beginning.
 *
 * It keeps the chunks that they came in and cuts views out of them. Tiny ones are gathered: a hostile producer that sends
 * single bytes would otherwise cost a hundred times what it sends.
 */
export class ByteLog {
  readonly #chunks: { at: number; bytes: Uint8Array }[] = [];
  #end = 0;
  /** Where tiny chunks are gathered, and how much of it is taken. */
  #block = new Uint8Array();
  #taken = 0;

  /** Offset of the next byte to come. */
  get end(): number {
    return this.#end;
  }

  append(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    if (bytes.length < tinyBytes) this.#gather(bytes);
    else this.#chunks.push({ at: this.#end, bytes });
    this.#end += bytes.length;
  }

  /** `[from, to)`, in pieces. @throws RangeError for bytes that are forgotten or have not come */
  slice(from: number, to: number): Uint8Array[] {
    const pieces: Uint8Array[] = [];
    for (let at = from; at < to; at += pieces.at(-1)!.length) pieces.push(this.piece(at, to));
    return pieces;
  }

  /** The beginning of `[from, to)`, as far as it lies in one piece. @throws RangeError as `slice` does */
  piece(from: number, to: number): Uint8Array {
    const first = this.#chunks[0]?.at ?? this.#end;
    if (from < first || this.#end < to) throw new RangeError(`bytes ${from} to ${to} are not among those kept`);
    const { at, bytes } = this.#chunks[this.#indexOf(from)]!;
    return bytes.subarray(from - at, to - at);
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

  /** Views of what a block has already stay as they are. */
  #gather(bytes: Uint8Array): void {
    if (this.#block.length - this.#taken < bytes.length) {
      // From what is needed to what is useful: most logs of few bytes get no more.
      const grown = Math.min(2 * this.#block.length, blockBytes);
      this.#block = new Uint8Array(Math.max(grown, bytes.length));
      this.#taken = 0;
    }
    const from = this.#taken;
    this.#taken += bytes.length;
    this.#block.set(bytes, from);
    const last = this.#chunks.at(-1);
    if (last?.bytes.buffer === this.#block.buffer)
      last.bytes = this.#block.subarray(last.bytes.byteOffset, this.#taken);
    else this.#chunks.push({ at: this.#end, bytes: this.#block.subarray(from, this.#taken) });
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

/** Less than a network packet has. */
const tinyBytes = 1024;
const blockBytes = 16 << 10;
