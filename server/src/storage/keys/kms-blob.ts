/**
 * What KMS gives out as ciphertext: two bytes that say what this is, the key's id (16 bytes), the number of its material
 * (4), and what XAES-256-GCM made: nonce (24), ciphertext, tag (16). All of it, and the encryption context, is
 * authenticated.
 */
import { sealingBytes } from "./xaes.ts";

export type EncryptedBlob = { keyId: string; material: number; sealed: Uint8Array };

/** `M`, version 1. */
const magic = [0x4d, 0x01] as const;
const headerBytes = 22;

/** How much longer a blob is than what it holds. */
export const blobOverheadBytes = headerBytes + sealingBytes;

export function buildBlob({ keyId, material, sealed }: EncryptedBlob): Uint8Array {
  const blob = new Uint8Array(headerBytes + sealed.length);
  blob.set(magic);
  blob.set(Buffer.from(keyId.replaceAll("-", ""), "hex"), 2);
  new DataView(blob.buffer).setUint32(18, material);
  blob.set(sealed, headerBytes);
  return blob;
}

/** `undefined`: it is none of ours. */
export function parseBlob(blob: Uint8Array): EncryptedBlob | undefined {
  if (blob.length < blobOverheadBytes || blob[0] !== magic[0] || blob[1] !== magic[1]) return undefined;
  const bytes = Buffer.from(blob.buffer, blob.byteOffset, blob.length);
  const keyId = bytes.toString("hex", 2, 18).replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
  return { keyId, material: bytes.readUInt32BE(18), sealed: blob.subarray(headerBytes) };
}

/**
 * What a ciphertext is bound to, as text. JSON says where each name and value ends, so that no two contexts read the
 * same; their order is no part of it.
 */
export function bindingOf(
  { keyId, material }: Pick<EncryptedBlob, "keyId" | "material">,
  context: Readonly<Record<string, string>>,
): string {
  const pairs = Object.entries(context).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify(["millrace kms", magic[1], keyId, material, pairs]);
}
