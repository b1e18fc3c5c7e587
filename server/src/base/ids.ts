/**
 * Identifiers in the forms that AWS's clients expect, and one of our own for stored bytes.
 */
import type { Clock } from "./clock.ts";
import type { Random } from "./random.ts";

const base36 = "0123456789abcdefghijklmnopqrstuvwxyz";
const base32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** `count` characters of `0-9a-z`. */
export function randomText(random: Random, count: number): string {
  let text = "";
  while (text.length < count) {
    // 252 is the largest multiple of 36 in a byte: higher bytes would favour the first characters.
    for (const byte of random(count - text.length)) if (byte < 252) text += base36[byte % 36];
  }
  return text;
}

/** A UUID of version 4, for request ids and traces. */
export function uuid(random: Random): string {
  const bytes = random(16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = Buffer.from(bytes.buffer, bytes.byteOffset, 16).toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** Sorts by creation time: 9 characters of base-36 milliseconds, then chance. */
export function sortableId(clock: Clock, random: Random): string {
  return clock().toString(36).padStart(9, "0") + randomText(random, 15);
}

/** IAM's: a prefix that says of what (`AIDA`: a user), and chance, 17 characters of it unless told. */
export function iamId(prefix: string, random: Random, count = 17): string {
  return prefix + Array.from(random(count), (byte) => base32[byte % 32]).join("");
}
