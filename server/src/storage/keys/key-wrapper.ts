/**
 * What data keys are wrapped with: the local master key today, a KMS key of a stream tomorrow.
 */
import { createHmac } from "node:crypto";
import type { Random } from "../../base/random.ts";
import { openSealed, sealBytes, sealingKey } from "./xaes.ts";

export interface KeyWrapper {
  /** Stands in the row of every key that was wrapped by it. */
  readonly id: string;
  /** `about` is bound to the result: unwrapping asks for the same. */
  wrap(key: Uint8Array, about: string): Promise<Uint8Array>;
  /** @throws when the bytes, or what they are about, are not what was wrapped */
  unwrap(wrapped: Uint8Array, about: string): Promise<Uint8Array>;
}

/** Of a master key of 32 bytes. */
export function masterKeyWrapper(master: Uint8Array, random: Random): KeyWrapper {
  const key = sealingKey(master);
  const id = `local-${createHmac("sha256", master).update("millrace master key").digest("hex").slice(0, 16)}`;
  return {
    id,
    wrap: async (bytes, about) => sealBytes(key, bytes, about, random),
    async unwrap(wrapped, about) {
      const bytes = await openSealed(key, wrapped, about);
      if (bytes === undefined) throw new Error("a wrapped key is damaged");
      return bytes;
    },
  };
}
