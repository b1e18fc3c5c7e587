/**
 * Lacing: several frames in one block.
 *
 * @see RFC 9559, 10.3
 */
import { unknownSize, vintLength, vintValue } from "./ebml.ts";
import { MatroskaError } from "./matroska-error.ts";

/** The lacing bits of a block's flags. */
export const laced = { none: 0, xiph: 0x02, fixed: 0x04, ebml: 0x06 } as const;

/** Where the frames of a lace begin, and how long each is: at least one byte. */
export type Lace = { headLength: number; sizes: number[] };

/**
 * Reads the lace that begins at `bytes[at]`, of which `bytes[at, to)` has come and which is `length` bytes long in all.
 * `undefined`: more must come first.
 *
 * @throws MatroskaError where the sizes do not add up to `length`
 */
export function parseLace(bytes: Uint8Array, at: number, to: number, length: number, lacing: number): Lace | undefined {
  if (length === 0) throw new MatroskaError("invalid", at, "a lace without its count");
  if (to <= at) return undefined;
  const count = bytes[at]! + 1;
  if (lacing === laced.fixed) return fixedLace(at, length, count);
  const nextSize = lacing === laced.xiph ? xiphSize : ebmlSize;
  const sizes: number[] = [];
  let position = at + 1;
  let left = length - 1;
  while (sizes.length < count - 1) {
    const next = nextSize(bytes, position, to, sizes.at(-1), left);
    if (next === undefined && to - at < length) return undefined;
    if (next === undefined) throw unsound(at);
    sizes.push(next.size);
    position += next.length;
    left -= next.length + next.size;
    // Frames of no bytes would let a few bytes stand for any number of frames.
    if (next.size <= 0 || left <= 0) throw unsound(at);
  }
  if (left <= 0) throw unsound(at);
  sizes.push(left);
  return { headLength: position - at, sizes };
}

function fixedLace(at: number, length: number, count: number): Lace {
  const size = (length - 1) / count;
  if (size < 1 || !Number.isInteger(size)) throw unsound(at);
  return { headLength: 1, sizes: new Array(count).fill(size) };
}

type Size = { size: number; length: number } | undefined;

function unsound(at: number): MatroskaError {
  return new MatroskaError("invalid", at, "a lace whose sizes do not add up");
}

/** Stops early, as soon as the size is more than is `left`. */
function xiphSize(bytes: Uint8Array, at: number, to: number, _previous: number | undefined, left: number): Size {
  let size = 0;
  for (let position = at; position < to && size <= left; position++) {
    size += bytes[position]!;
    if (bytes[position] !== 0xff) return { size, length: position + 1 - at };
  }
  return size <= left ? undefined : { size, length: 0 };
}

/** The first size stands as it is, the others as the difference from the one before. */
function ebmlSize(bytes: Uint8Array, at: number, to: number, previous: number | undefined): Size {
  if (to <= at) return undefined;
  const length = vintLength(bytes[at]!);
  if (8 < length) throw new MatroskaError("invalid", at, "no size can begin here");
  if (to < at + length) return undefined;
  const value = vintValue(bytes, at, length);
  if (previous !== undefined) {
    const bias = 2 ** (7 * length - 1) - 1;
    return { size: previous + (value === unknownSize ? 2 ** (7 * length) - 1 : value) - bias, length };
  }
  if (value === unknownSize) throw new MatroskaError("invalid", at, "a lace whose first frame has no size");
  return { size: value, length };
}
