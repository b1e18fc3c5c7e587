/**
 * A fragment's bytes under a data key of its stream. What is sealed is bound to the stream and the number, so that bytes which
 * have changed places do not open.
 */
import { createHmac } from "node:crypto";
import type { Random } from "../../base/random.ts";
import { type SealingKey, sealBytes, sealInSteps, sealingBytes } from "../keys/xaes.ts";
import type { Fragment } from "./fragment.ts";

export type SealedFragment = {
  sizeBytes: number;
  tagsBytes: number;
  /** Sealed anew each time, while they are taken. A piece may be looked at until the next one is asked for. */
  pieces(): Iterable<Uint8Array>;
};

export type SealFragment = typeof sealFragment;

export function sealFragment(key: SealingKey, { tags, ...fragment }: Fragment, random: Random): SealedFragment {
  const tagsText = Buffer.from(tags.length === 0 ? "" : JSON.stringify(tags));
  const about = aboutFragment(fragment.streamId, fragment.number);
  const chunks = [tagsText, ...fragment.body];
  return {
    sizeBytes: chunks.reduce((sum, chunk) => sum + chunk.length, sealingBytes),
    tagsBytes: tagsText.length,
    pieces: () => sealInSteps(key, chunks, about, random),
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
