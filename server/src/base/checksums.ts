/**
 * Checksums of bytes that pass by, as S3 knows them.
 *
 * SHA and MD5 are OpenSSL's and CRC32 is zlib's. CRC32C and CRC64NVME, which Node lacks, take eight bytes a step
 * through tables ("slicing by 8") and stay with 32-bit integers, which is about ten times as fast as BigInt.
 */
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";

export const checksumNames = ["crc32", "crc32c", "crc64nvme", "sha1", "sha256", "sha512", "md5"] as const;

export type ChecksumName = (typeof checksumNames)[number];

export type Checksum = {
  update(bytes: Uint8Array): void;
  /** Big-endian bytes, as S3's headers carry them. These may be asked for once or often, also between updates. */
  digestBase64(): string;
  digestHex(): string;
};

export function isChecksumName(name: string): name is ChecksumName {
  return (checksumNames as readonly string[]).includes(name);
}

/** `x-amz-checksum-crc32`, … */
export function checksumHeader(name: ChecksumName): string {
  return `x-amz-checksum-${name}`;
}

export function createChecksum(name: ChecksumName): Checksum {
  const { update, digest } = Object.hasOwn(crcs, name) ? crcs[name as keyof typeof crcs]() : hash(name);
  return {
    update,
    digestBase64: () => digest().toString("base64"),
    digestHex: () => digest().toString("hex"),
  };
}

type Machine = { update(bytes: Uint8Array): void; digest(): Buffer };

function hash(name: string): Machine {
  const state = createHash(name);
  return { update: (bytes) => void state.update(bytes), digest: () => state.copy().digest() };
}

const crcs = {
  crc32(): Machine {
    let crc = 0;
    return {
      update(bytes) {
        crc = crc32(bytes, crc);
      },
      digest: () => bigEndian(crc),
    };
  },

  crc32c(): Machine {
    tables32c ??= buildTables(0x82f63b78, 0);
    const { low: t } = tables32c;
    let crc = -1;
    return {
      update(bytes) {
        let at = 0;
        for (const end = bytes.length - 7; at < end; at += 8) {
          crc ^= bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
          crc =
            t[1792 + (crc & 0xff)]! ^
            t[1536 + ((crc >>> 8) & 0xff)]! ^
            t[1280 + ((crc >>> 16) & 0xff)]! ^
            t[1024 + (crc >>> 24)]! ^
            t[768 + bytes[at + 4]!]! ^
            t[512 + bytes[at + 5]!]! ^
            t[256 + bytes[at + 6]!]! ^
            t[bytes[at + 7]!]!;
        }
        for (; at < bytes.length; at++) crc = t[(crc ^ bytes[at]!) & 0xff]! ^ (crc >>> 8);
      },
      digest: () => bigEndian(~crc),
    };
  },

  crc64nvme(): Machine {
    tables64 ??= buildTables(0xac4bc9b5, 0x9a6c9329);
    const { low: l, high: h } = tables64;
    let low = -1;
    let high = -1;
    return {
      update(bytes) {
        let at = 0;
        for (const end = bytes.length - 7; at < end; at += 8) {
          low ^= bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
          high ^= bytes[at + 4]! | (bytes[at + 5]! << 8) | (bytes[at + 6]! << 16) | (bytes[at + 7]! << 24);
          const a = 1792 + (low & 0xff);
          const b = 1536 + ((low >>> 8) & 0xff);
          const c = 1280 + ((low >>> 16) & 0xff);
          const d = 1024 + (low >>> 24);
          const e = 768 + (high & 0xff);
          const f = 512 + ((high >>> 8) & 0xff);
          const g = 256 + ((high >>> 16) & 0xff);
          const i = high >>> 24;
          low = l[a]! ^ l[b]! ^ l[c]! ^ l[d]! ^ l[e]! ^ l[f]! ^ l[g]! ^ l[i]!;
          high = h[a]! ^ h[b]! ^ h[c]! ^ h[d]! ^ h[e]! ^ h[f]! ^ h[g]! ^ h[i]!;
        }
        for (; at < bytes.length; at++) {
          const entry = (low ^ bytes[at]!) & 0xff;
          low = l[entry]! ^ ((low >>> 8) | (high << 24));
          high = h[entry]! ^ (high >>> 8);
        }
      },
      digest: () => bigEndian(~high, ~low),
    };
  },
};

/** The n-th 256 entries: what a byte does to the CRC when n zero bytes follow it. In 32-bit halves. */
type Tables = { low: Int32Array; high: Int32Array };

let tables32c: Tables | undefined;
let tables64: Tables | undefined;

/** Of a reflected polynomial; one of 32 bits has no high half. */
function buildTables(polynomialLow: number, polynomialHigh: number): Tables {
  const low = new Int32Array(8 * 256);
  const high = new Int32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let l = byte;
    let h = 0;
    for (let bit = 0; bit < 8; bit++) {
      const carry = l & 1;
      l = (l >>> 1) | (h << 31);
      h >>>= 1;
      if (carry) {
        l ^= polynomialLow;
        h ^= polynomialHigh;
      }
    }
    low[byte] = l;
    high[byte] = h;
  }
  for (let at = 256; at < 8 * 256; at++) {
    const l = low[at - 256]!;
    const h = high[at - 256]!;
    low[at] = low[l & 0xff]! ^ ((l >>> 8) | (h << 24));
    high[at] = high[l & 0xff]! ^ (h >>> 8);
  }
  return { low, high };
}

function bigEndian(...words: number[]): Buffer {
  const bytes = Buffer.alloc(words.length * 4);
  for (const [index, word] of words.entries()) bytes.writeUInt32BE(word >>> 0, index * 4);
  return bytes;
}
