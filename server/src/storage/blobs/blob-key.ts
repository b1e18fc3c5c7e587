/**
 * What a blob's key may be, the same for every adapter.
 */
import type { BlobKey } from "./blob-store.ts";

const form = /^[A-Za-z0-9._-]+(?:\/[A-Za-z0-9._-]+)*$/;

/** @throws for a key that is against the rules: such a key is our own mistake */
export function checkBlobKey(key: BlobKey): BlobKey {
  const isGood = key.length <= 512 && form.test(key) && !key.split("/").some((part) => part === "." || part === "..");
  if (!isGood) throw new Error(`not a blob key: ${JSON.stringify(key.slice(0, 600))}`);
  return key;
}
