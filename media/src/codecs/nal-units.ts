/**
 * NAL units as H.264 and H.265 share them: after a length, as in Matroska and MP4, or after a start code (Annex B).
 *
 * @see ISO/IEC 14496-15, 5.3; ISO/IEC 14496-10, Annex B
 */
import { CodecError } from "./errors.ts";

/** Views of the units after start codes; without the zeros that may trail them. */
export function* annexBUnits(bytes: Uint8Array): Generator<Uint8Array> {
  let from = startCodeEnd(bytes, 0);
  while (from < bytes.length) {
    const next = startCodeEnd(bytes, from);
    let to = next <= bytes.length ? next - 3 : bytes.length;
    while (from < to && bytes[to - 1] === 0) to--;
    if (from < to) yield bytes.subarray(from, to);
    from = next;
  }
}

/** Where the unit begins after the next `00 00 01`; past the end where there is none. */
function startCodeEnd(bytes: Uint8Array, from: number): number {
  for (let at = from + 2; at < bytes.length; ) {
    const byte = bytes[at]!;
    if (1 < byte) at += 3;
    else if (byte === 1 && bytes[at - 1] === 0 && bytes[at - 2] === 0) return at + 1;
    else at += 1;
  }
  return bytes.length + 1;
}

/** Views of the units after lengths of `lengthSize` bytes; those of no bytes are passed over. */
export function* lengthPrefixedUnits(bytes: Uint8Array, lengthSize: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; ) {
    const from = at + lengthSize;
    const to = from + unitLength(bytes, at, lengthSize);
    if (!(to <= bytes.length)) throw new CodecError("invalid-frame", `A NAL unit at byte ${at} runs past its frame.`);
    if (from < to) yield bytes.subarray(from, to);
    at = to;
  }
}

/** NaN where the bytes end inside the length. */
function unitLength(bytes: Uint8Array, at: number, lengthSize: number): number {
  let length = 0;
  for (let i = at; i < at + lengthSize; i++) length = 256 * length + (bytes[i] ?? Number.NaN);
  return length;
}

/** Whether lengths lead exactly to the end. Start codes hardly ever pass: `00 00 00 01` is a unit of one byte. */
export function isLengthPrefixed(bytes: Uint8Array, lengthSize: number): boolean {
  let at = 0;
  while (at < bytes.length) at += lengthSize + unitLength(bytes, at, lengthSize);
  return at === bytes.length;
}

export function beginsWithStartCode(bytes: Uint8Array): boolean {
  return bytes[0] === 0 && bytes[1] === 0 && (bytes[2] === 1 || (bytes[2] === 0 && bytes[3] === 1));
}

/** The units of a frame, whichever way they lie in it. @throws CodecError "invalid-frame" */
export function frameUnits(frame: Uint8Array, lengthSize: number): Iterable<Uint8Array> {
  const annexB = beginsWithStartCode(frame) && !isLengthPrefixed(frame, lengthSize);
  return annexB ? annexBUnits(frame) : lengthPrefixedUnits(frame, lengthSize);
}

/**
 * A frame as MP4 holds it, in parts to be written one after another: the frame itself where it has lengths already,
 * else lengths of `lengthSize` bytes and views of its units.
 *
 * @throws CodecError "invalid-frame" where it is neither
 */
export function lengthPrefixedParts(frame: Uint8Array, lengthSize: number): Uint8Array[] {
  if (isLengthPrefixed(frame, lengthSize)) return [frame];
  if (!beginsWithStartCode(frame)) throw new CodecError("invalid-frame", "A frame is not made of whole NAL units.");
  const parts: Uint8Array[] = [];
  for (const unit of annexBUnits(frame)) {
    if (256 ** lengthSize <= unit.length) throw new CodecError("invalid-frame", "A NAL unit is too long.");
    const length = new Uint8Array(lengthSize);
    for (let i = 0; i < lengthSize; i++) length[i] = Math.floor(unit.length / 256 ** (lengthSize - 1 - i));
    parts.push(length, unit);
  }
  return parts;
}

/** A unit's payload without emulation prevention bytes: `00 00 03` becomes `00 00`. */
export function unescapeUnit(unit: Uint8Array): Uint8Array {
  const payload = new Uint8Array(unit.length);
  let length = 0;
  let zeros = 0;
  for (const byte of unit) {
    if (2 <= zeros && byte === 3) {
      zeros = 0;
      continue;
    }
    payload[length++] = byte;
    zeros = byte === 0 ? zeros + 1 : 0;
  }
  return payload.subarray(0, length);
}
