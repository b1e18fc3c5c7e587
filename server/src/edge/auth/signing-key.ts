/**
 * The keys that Signature Version 4 derives from a secret: one for each day, region and service.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import type { Scope } from "./canonical.ts";

const maxKeys = 1000;
const keys = new Map<string, Buffer>();

/** Remembers the last thousand, by secret and scope: a changed secret never meets an old key. */
export function signingKey(secret: string, { date, region, service }: Scope): Buffer {
  const name = JSON.stringify([secret, date, region, service]);
  let key = keys.get(name);
  if (key) keys.delete(name);
  else {
    if (keys.size === maxKeys) keys.delete(keys.keys().next().value!);
    key = [date, region, service, "aws4_request"].reduce<Buffer>(hmac, Buffer.from(`AWS4${secret}`));
  }
  keys.set(name, key);
  return key;
}

export function signatureOf(key: Buffer, text: string): string {
  return hmac(key, text).toString("hex");
}

/** Takes the same time wherever the two differ. */
export function equalSignatures(a: string, b: string): boolean {
  const x = Buffer.from(a);
  const y = Buffer.from(b);
  return x.length === y.length && timingSafeEqual(x, y);
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}
