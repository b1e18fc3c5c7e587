/**
 * EBML in a whole buffer: variable-size integers, elements side by side, and values.
 *
 * Offsets of errors count from the start of the buffer. Not here: streams (reader.ts), building (writer.ts).
 *
 * @see RFC 8794, sections 4 to 7
 */
import { decodeUtf8 } from "../utf8.ts";
import { MatroskaError } from "./matroska-error.ts";

/** The size of an element that ends where it must, as live muxers write it. */
export const unknownSize = -1;

/** Bytes of the integer that begins with `first`; 9 where none can begin so. */
export function vintLength(first: number): number {
  return Math.clz32(first) - 23;
}

/** The integer in `bytes[at, at + length)`, `unknownSize` where all its bits are set. Past 2^53 it is not exact. */
export function vintValue(bytes: Uint8Array, at: number, length: number): number {
  if (length === 1) return bytes[at] === 0xff ? unknownSize : bytes[at]! & 0x7f;
  let value = bytes[at]! & (0xff >> length);
  let ones = value === 0xff >> length;
  for (let i = at + 1; i < at + length; i++) {
    value = value * 256 + bytes[i]!;
    ones &&= bytes[i] === 0xff;
  }
  return ones ? unknownSize : value;
}

/** An element as it lies in a buffer: `bytes[dataStart, dataEnd)` is its data, after which the next one begins. */
export type Element = { id: number; start: number; dataStart: number; dataEnd: number };

/**
 * Walks the elements side by side in `bytes[from, to)`; to enter a master, walk its data.
 *
 * @throws MatroskaError where an element is cut short, has no size, or its ID or size cannot begin so
 */
export function* elements(bytes: Uint8Array, from = 0, to = bytes.length): Generator<Element> {
  for (let start = from; start < to; ) {
    const idLength = vintLength(bytes[start]!);
    if (4 < idLength) throw new MatroskaError("invalid", start, "no element ID can begin here");
    const sizeAt = start + idLength;
    const sizeLength = sizeAt < to ? vintLength(bytes[sizeAt]!) : 0;
    if (8 < sizeLength) throw new MatroskaError("invalid", sizeAt, "no size can begin here");
    const dataStart = sizeAt + sizeLength;
    if (to <= sizeAt || to < dataStart)
      throw new MatroskaError("invalid", start, "an element is cut off by its parent");
    const size = vintValue(bytes, sizeAt, sizeLength);
    if (size === unknownSize) throw new MatroskaError("invalid", start, "only Segment and Cluster may have no size");
    const dataEnd = dataStart + size;
    if (to < dataEnd) throw new MatroskaError("invalid", start, "an element is longer than its parent");
    yield { id: elementId(bytes, start, idLength), start, dataStart, dataEnd };
    start = dataEnd;
  }
}

/** The ID in `bytes[at, at + length)` with its marker, as IDs are written. */
export function elementId(bytes: Uint8Array, at: number, length: number): number {
  let id = bytes[at]!;
  for (let i = at + 1; i < at + length; i++) id = (id << 8) | bytes[i]!;
  return id;
}

/** Whether an ID is one that EBML allows: in its shortest form, neither all zeros nor all ones. */
export function isElementId(id: number): boolean {
  const length = Math.ceil((32 - Math.clz32(id)) / 8);
  const bits = 7 * length;
  const value = id & (2 ** bits - 1);
  return value !== 0 && value !== 2 ** bits - 1 && 2 ** (bits - 7) - 1 <= value;
}

type Data = Pick<Element, "dataStart" | "dataEnd">;

/** @throws MatroskaError past 2^53 */
export function uintOf(bytes: Uint8Array, { dataStart, dataEnd }: Data): number {
  if (8 < dataEnd - dataStart) throw new MatroskaError("invalid", dataStart, "an integer of more than 8 bytes");
  let value = 0;
  for (let at = dataStart; at < dataEnd; at++) value = value * 256 + bytes[at]!;
  if (Number.MAX_SAFE_INTEGER < value) throw new MatroskaError("too-large", dataStart, "a number past 2^53");
  return value;
}

/** For identifiers, which use all 64 bits. */
export function bigUintOf(bytes: Uint8Array, { dataStart, dataEnd }: Data): bigint {
  if (8 < dataEnd - dataStart) throw new MatroskaError("invalid", dataStart, "an integer of more than 8 bytes");
  let value = 0n;
  for (let at = dataStart; at < dataEnd; at++) value = (value << 8n) | BigInt(bytes[at]!);
  return value;
}

export function floatOf(bytes: Uint8Array, { dataStart, dataEnd }: Data): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset + dataStart, dataEnd - dataStart);
  if (view.byteLength === 0) return 0;
  if (view.byteLength === 4) return view.getFloat32(0);
  if (view.byteLength === 8) return view.getFloat64(0);
  throw new MatroskaError("invalid", dataStart, "a float of neither 4 nor 8 bytes");
}

/** Up to the first zero byte; what is not UTF-8 becomes U+FFFD. */
export function stringOf(bytes: Uint8Array, { dataStart, dataEnd }: Data): string {
  const zero = bytes.subarray(dataStart, dataEnd).indexOf(0);
  return decodeUtf8(bytes.subarray(dataStart, zero < 0 ? dataEnd : dataStart + zero));
}

/** A copy, so that it outlives the buffer (whose `slice` makes none if it is one of Node's). */
export function binaryOf(bytes: Uint8Array, { dataStart, dataEnd }: Data): Uint8Array {
  return new Uint8Array(bytes.subarray(dataStart, dataEnd));
}

/** Which children fill which properties of a `T`, by ID: the name, and how its value is read. */
export type Fields<T> = Readonly<
  Record<number, { [K in keyof T]-?: readonly [K, (bytes: Uint8Array, data: Element) => T[K]] }[keyof T]>
>;

/** `into` with what the elements in `bytes[from, to)` say; the last one wins, unknown ones are left out. */
export function readFields<T extends object>(
  into: T,
  fields: Fields<NoInfer<T>>,
  bytes: Uint8Array,
  from = 0,
  to?: number,
): T {
  for (const element of elements(bytes, from, to)) {
    const field = fields[element.id];
    if (field) into[field[0]] = field[1](bytes, element);
  }
  return into;
}
