/**
 * The keys that Signature Version 4 derives from a secret: one for each day, region and service.
 */
import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from "node:crypto";
import { type Scope, scopeText } from "./canonical.ts";

const maxKeys = 1000;
const keys = new Map<string, KeyObject>();

/** Remembers a thousand, by secret and scope: a changed secret never meets an old key. */
export function signingKey(secret: string, scope: Scope): KeyObject {
  // No part of a scope holds a slash.
  const name = `${scopeText(scope)}/${secret}`;
  let key = keys.get(name);
  if (key === undefined) {
    const { date, region, service } = scope;
    const bytes = [date, region, service, "aws4_request"].reduce<Buffer>(hmac, Buffer.from(`AWS4${secret}`));
    key = createSecretKey(bytes);
    if (keys.size === maxKeys) keys.delete(keys.keys().next().value!);
    keys.set(name, key);
  }
  return key;
}

export function signatureOf(key: KeyObject, text: string): string {
  return createHmac("sha256", key).update(text).digest("hex");
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
