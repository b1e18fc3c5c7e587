/** Bits of headers, the most significant first. */

export class BitReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get left(): number {
    return 8 * this.#bytes.length - this.#at;
  }

  skip(count: number): void {
    if (this.left < count) throw new RangeError("it ends early");
    this.#at += count;
  }

  /** Up to 48 bits as an unsigned number. @throws RangeError past the end */
  bits(count: number): number {
    const from = this.#at;
    this.skip(count);
    let value = 0;
    for (let at = from; at < this.#at; at++) value = 2 * value + ((this.#bytes[at >> 3]! >> (7 - (at & 7))) & 1);
    return value;
  }

  flag(): boolean {
    return this.bits(1) === 1;
  }

  /** Exp-Golomb, unsigned: `ue(v)`, with at most 32 leading zeros. @see ISO/IEC 14496-10, 9.1 */
  ue(): number {
    let zeros = 0;
    while (!this.flag()) if (32 < ++zeros) throw new RangeError("an exp-Golomb code is too long");
    return 2 ** zeros - 1 + this.bits(zeros);
  }

  /** As `ue`. @throws RangeError also above `limit` */
  ueUpTo(limit: number): number {
    const value = this.ue();
    if (limit < value) throw new RangeError(`${value} stands where ${limit} is the most`);
    return value;
  }

  /** Exp-Golomb, signed: `se(v)`. */
  se(): number {
    const code = this.ue();
    return code % 2 === 1 ? (code + 1) / 2 : -code / 2;
  }
}
