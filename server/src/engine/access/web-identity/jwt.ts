/**
 * Signed tokens of OpenID Connect issuers: taken apart, and checked against a key of the issuer.
 *
 * RS256 and ES256, the algorithms that AWS takes. Others are refused, `none` and those with a shared secret above all.
 *
 * @see RFC 7515, RFC 7518 section 3
 */
import { createPublicKey, verify } from "node:crypto";
import type { Jwk } from "./issuer-keys.ts";

export type Jwt = {
  algorithm: "RS256" | "ES256";
  keyId: string | undefined;
  claims: Readonly<Record<string, unknown>>;
  /** What the signature is over. */
  signed: Uint8Array;
  signature: Uint8Array;
};

/** `undefined`: no token, or one signed in a way that is not taken. Believes nothing yet. */
export function parseJwt(token: string): Jwt | undefined {
  const [head = "", body = "", tail, ...rest] = token.split(".");
  if (tail === undefined || rest.length > 0) return undefined;
  const header = parseObject(head);
  const claims = parseObject(body);
  const signature = fromBase64Url(tail);
  if (header === undefined || claims === undefined || signature === undefined) return undefined;
  const { alg, kid, crit } = header;
  // An extension that must be understood is not.
  if ((alg !== "RS256" && alg !== "ES256") || crit !== undefined) return undefined;
  const keyId = typeof kid === "string" ? kid : undefined;
  return { algorithm: alg, keyId, claims, signed: Buffer.from(`${head}.${body}`), signature };
}

/** Never throws: a key that is none, or of another kind than the algorithm asks for, verifies nothing. */
export function verifyJwt({ algorithm, signed, signature }: Jwt, jwk: Jwk): boolean {
  if (jwk.use !== undefined && jwk.use !== "sig") return false;
  if (jwk.alg !== undefined && jwk.alg !== algorithm) return false;
  try {
    const key = createPublicKey({ key: jwk, format: "jwk" });
    if (algorithm === "RS256") {
      const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
      return (
        key.asymmetricKeyType === "rsa" && 2048 <= bits && bits <= 16_384 && verify("sha256", signed, key, signature)
      );
    }
    if (jwk.kty !== "EC" || jwk.crv !== "P-256") return false;
    return verify("sha256", signed, { key, dsaEncoding: "ieee-p1363" }, signature);
  } catch {
    return false;
  }
}

function parseObject(part: string): Record<string, unknown> | undefined {
  const bytes = fromBase64Url(part);
  if (bytes === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

function fromBase64Url(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, "base64url");
  return bytes.toString("base64url") === text ? bytes : undefined;
}
