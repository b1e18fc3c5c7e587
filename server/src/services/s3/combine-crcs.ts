/**
 * The CRC of bytes put one behind the other, from the CRCs and lengths of the pieces: so the checksum of a multipart
 * object needs none of its bytes.
 *
 * Appending n zero bytes to a message is a linear map of its CRC; the map for 2n is the map for n applied twice.
 * @see https://stackoverflow.com/q/23122312 (Mark Adler on zlib's crc32_combine)
 */

type Crc = { bits: number; polynomial: bigint };

/** Reflected polynomials. */
const crcs = {
  crc32: { bits: 32, polynomial: 0xedb88320n },
  crc32c: { bits: 32, polynomial: 0x82f63b78n },
  crc64nvme: { bits: 64, polynomial: 0x9a6c9329ac4bc9b5n },
} as const satisfies Record<string, Crc>;

/** `value`: base64 of big-endian bytes; `size` in bytes. */
export function combineCrcs(name: keyof typeof crcs, pieces: readonly { value: string; size: number }[]): string {
  const crc = crcs[name];
  let combined = 0n;
  for (const { value, size } of pieces)
    combined = appendZeros(crc, combined, size) ^ BigInt(`0x${Buffer.from(value, "base64").toString("hex")}`);
  return Buffer.from(combined.toString(16).padStart(crc.bits / 4, "0"), "hex").toString("base64");
}

/** Row i: what bit i becomes. */
type Matrix = readonly bigint[];

function appendZeros(crc: Crc, value: bigint, size: number): bigint {
  const maps = doublings(crc);
  let result = value;
  for (let index = 0, rest = size; rest > 0; index++, rest = Math.floor(rest / 2)) {
    if (maps.length === index) maps.push(squared(maps[index - 1]!));
    if (rest % 2 === 1) result = applied(maps[index]!, result);
  }
  return result;
}

const known = new Map<Crc, Matrix[]>();

/** Maps for 1, 2, 4, … zero bytes, as far as they were needed. */
function doublings(crc: Crc): Matrix[] {
  let maps = known.get(crc);
  if (maps === undefined) {
    const bit = Array.from({ length: crc.bits }, (_, index) =>
      index === 0 ? crc.polynomial : 1n << BigInt(index - 1),
    );
    maps = [squared(squared(squared(bit)))];
    known.set(crc, maps);
  }
  return maps;
}

function squared(map: Matrix): Matrix {
  return map.map((row) => applied(map, row));
}

function applied(map: Matrix, value: bigint): bigint {
  let result = 0n;
  for (let index = 0, rest = value; rest > 0n; index++, rest >>= 1n) if (rest & 1n) result ^= map[index]!;
  return result;
}
