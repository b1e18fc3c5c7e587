/**
 * Inputs that are nearly right: good ones, with a few random changes each.
 *
 * Not here: what the bytes mean. A target says which sequences of bytes matter to it.
 */
import type { Chance } from "./chance.ts";

export type Corpus = {
  /** Good inputs, small ones: time goes by the byte. */
  seeds: readonly Uint8Array[];
  /** What a change may put in or look for: element IDs, sizes of every kind. */
  tokens: readonly Uint8Array[];
};

const maxInputBytes = 4096;

/** The input that `chance` makes of a corpus, as a view that the next call overwrites. */
export function openMutator(corpus: Corpus): (chance: Chance) => Uint8Array {
  const input = new Input();
  return (chance) => {
    input.replace(0, input.length, corpus.seeds[chance(corpus.seeds.length)]!);
    // One change gets far; several meet.
    const count = chance(2) === 0 ? 1 : 1 + chance(6);
    for (let i = 0; i < count; i++) changes[chance(changes.length)]!(input, corpus, chance);
    return input.bytes;
  };
}

class Input {
  readonly #room = new Uint8Array(maxInputBytes);
  length = 0;

  get bytes(): Uint8Array {
    return this.#room.subarray(0, this.length);
  }

  /** Makes `[at, at + removed)` into `put`, as far as there is room. */
  replace(at: number, removed: number, put: Uint8Array): void {
    const fits = put.subarray(0, maxInputBytes - at);
    const tailAt = Math.min(this.length, at + removed);
    const tailLength = Math.min(this.length - tailAt, maxInputBytes - at - fits.length);
    this.#room.copyWithin(at + fits.length, tailAt, tailAt + tailLength);
    this.#room.set(fits, at);
    this.length = at + fits.length + tailLength;
  }

  /** Below 0: not there. */
  find(token: Uint8Array, from: number): number {
    return Buffer.from(this.#room.buffer, 0, this.length).indexOf(token, from);
  }
}

type Change = (input: Input, corpus: Corpus, chance: Chance) => void;

const flipBit: Change = (input, _corpus, chance) => {
  if (input.length === 0) return;
  const at = chance(input.length);
  input.bytes[at]! ^= 1 << chance(8);
};

const setByte: Change = (input, _corpus, chance) => {
  if (0 < input.length) input.bytes[chance(input.length)] = chance(256);
};

const insertToken: Change = (input, { tokens }, chance) => {
  input.replace(chance(input.length + 1), 0, tokens[chance(tokens.length)]!);
};

const overwriteWithToken: Change = (input, { tokens }, chance) => {
  const token = tokens[chance(tokens.length)]!;
  input.replace(chance(input.length + 1), token.length, token);
};

/** What follows an ID is a size. */
const changeAfterToken: Change = (input, { tokens }, chance) => {
  const token = tokens[chance(tokens.length)]!;
  const found = input.find(token, chance(input.length + 1));
  if (0 <= found) input.replace(found + token.length, 1, tokens[chance(tokens.length)]!);
};

const remove: Change = (input, _corpus, chance) => {
  input.replace(chance(input.length + 1), someBytes(chance), new Uint8Array());
};

const repeat: Change = (input, _corpus, chance) => {
  const from = chance(input.length + 1);
  const copy = Uint8Array.from(input.bytes.subarray(from, from + someBytes(chance)));
  input.replace(chance(input.length + 1), 0, copy);
};

const splice: Change = (input, { seeds }, chance) => {
  const other = seeds[chance(seeds.length)]!;
  const removed = chance(2) === 0 ? input.length : someBytes(chance);
  input.replace(chance(input.length + 1), removed, other.subarray(chance(other.length + 1)));
};

const truncate: Change = (input, _corpus, chance) => {
  input.length = chance(input.length + 1);
};

const changes: readonly Change[] = [
  ...[flipBit, flipBit, setByte, setByte, overwriteWithToken, insertToken, changeAfterToken, changeAfterToken],
  ...[remove, repeat, splice, truncate],
];

function someBytes(chance: Chance): number {
  return 1 + chance(chance(4) === 0 ? 256 : 8);
}
