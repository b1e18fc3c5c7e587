/**
 * A fragment's bytes under a data key of its stream. What is sealed is bound to the stream and the number, so that bytes which
 * have changed places do not open.
 */
import { createHmac } from "node:crypto";
import { crc32 } from "node:zlib";
import type { Random } from "../../base/random.ts";
import { type SealingKey, sealBytes, sealChunks } from "../keys/xaes.ts";
import type { Fragment } from "./fragment.ts";

export type SealedFragment = {
  chunks: readonly Uint8Array[];
  sizeBytes: number;
  /** As a signed integer of 32 bits. */
  crc32: number;
  tagsBytes: number;
};

export type SealFragment = typeof sealFragment;

export async function sealFragment(key: SealingKey, fragment: Fragment, random: Random): Promise<SealedFragment> {
  const tags = Buffer.from(fragment.tags.length === 0 ? "" : JSON.stringify(fragment.tags));
  const about = aboutFragment(fragment.streamId, fragment.number);
  const chunks = await sealChunks(key, [tags, ...fragment.body], about, random);
  return {
    chunks,
    sizeBytes: chunks.reduce((sum, chunk) => sum + chunk.length, 0),
    crc32: chunks.reduce((sum, chunk) => crc32(chunk, sum), 0) | 0,
    tagsBytes: tags.length,
  };
}

export function aboutFragment(streamId: string, number: string): string {
  return `millrace fragment\0${streamId}\0${number}`;
}

export function sealHeader(
  key: SealingKey,
  streamId: string,
  id: string,
  header: Uint8Array,
  random: Random,
): Uint8Array {
  return sealBytes(key, header, aboutHeader(streamId, id), random);
}

export function aboutHeader(streamId: string, id: string): string {
  return `millrace header\0${streamId}\0${id}`;
}

/** Keyed, so that the id tells nobody what the header was, and nobody makes two that have the same. */
export function headerIdOf(key: SealingKey, header: Uint8Array): string {
  return createHmac("sha256", key.bytes)
    .update("millrace header\0")
    .update(header)
    .digest()
    .toString("base64url", 0, 16);
}
