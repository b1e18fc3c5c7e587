/**
 * Finds bytes that must not lie somewhere: all windows of a length that were ever added, at every offset.
 */
import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";

/** Of one file and one thing in it. */
export type Finding = { file: string; what: string; at: number; count: number };

const base = 0x01000193;
const filterBits = 24;

export class WindowSearch {
  readonly #size: number;
  readonly #leastDistinct: number;
  readonly #known = new Map<string, string>();
  /** Which hashes are known: one look for nearly every offset. */
  readonly #filter = new Uint8Array(2 ** (filterBits - 3));
  /** By which a byte has been multiplied when it leaves the window. */
  readonly #leaving: number;

  /** `leastDistinct`: windows with fewer different bytes, which are everywhere, are left out. */
  constructor(size: number, leastDistinct = 1) {
    this.#size = size;
    this.#leastDistinct = leastDistinct;
    let leaving = 1;
    for (let i = 0; i < size; i++) leaving = Math.imul(leaving, base);
    this.#leaving = leaving;
  }

  get count(): number {
    return this.#known.size;
  }

  /** The windows that begin every `step` bytes. */
  add(what: string, bytes: Uint8Array, step = this.#size): void {
    for (let at = 0; at + this.#size <= bytes.length; at += step) {
      const window = bytes.subarray(at, at + this.#size);
      if (new Set(window).size < this.#leastDistinct) continue;
      let hash = 0;
      for (const byte of window) hash = (Math.imul(hash, base) + byte) | 0;
      const bit = hash >>> (32 - filterBits);
      this.#filter[bit >>> 3]! |= 1 << (bit & 7);
      this.#known.set(textOf(window), what);
    }
  }

  *find(bytes: Uint8Array): Generator<{ what: string; at: number }> {
    const size = this.#size;
    const filter = this.#filter;
    let hash = 0;
    for (let end = 0; end < bytes.length; end++) {
      hash = (Math.imul(hash, base) + bytes[end]!) | 0;
      const at = end + 1 - size;
      if (at < 0) continue;
      if (0 < at) hash = (hash - Math.imul(bytes[at - 1]!, this.#leaving)) | 0;
      const bit = hash >>> (32 - filterBits);
      if ((filter[bit >>> 3]! & (1 << (bit & 7))) === 0) continue;
      const what = this.#known.get(textOf(bytes.subarray(at, end + 1)));
      if (what !== undefined) yield { what, at };
    }
  }

  /** In all files below the folder. */
  async findBelow(folder: string): Promise<{ findings: Finding[]; files: number; bytes: number }> {
    const findings: Finding[] = [];
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    let total = 0;
    for (const path of paths) {
      const bytes = await readFile(path);
      total += bytes.length;
      const file = relative(folder, path);
      const counts = new Map<string, Finding>();
      for (const { what, at } of this.find(bytes)) {
        const known = counts.get(what);
        if (known === undefined) counts.set(what, { file, what, at, count: 1 });
        else known.count += 1;
      }
      findings.push(...counts.values());
    }
    return { findings, files: paths.length, bytes: total };
  }
}

/** The forms in which a secret may lie: its bytes, hexadecimal digits, and base64 wherever its groups of three begin. */
export function formsOf(secret: Uint8Array): Buffer[] {
  const bytes = Buffer.from(secret);
  const hex = bytes.toString("hex");
  const base64 = [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes]).toString("base64");
    // Without the digits that also hold bits of what stands before and after.
    return text.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
  });
  const urls = base64.map((text) => text.replaceAll("+", "-").replaceAll("/", "_"));
  return [bytes, ...[hex, hex.toUpperCase(), ...base64, ...urls].map((text) => Buffer.from(text))];
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
}
