import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import test from "node:test";
import { createChecksum } from "../../base/checksums.ts";
import { combineCrcs } from "./combine-crcs.ts";

test("knows the CRC of the whole from those of its parts", () => {
  for (const name of ["crc32", "crc32c", "crc64nvme"] as const) {
    for (const sizes of [[1, 1], [0, 5], [5, 0], [100_000, 1, 65_537], [3], []]) {
      const pieces = sizes.map((size) => randomBytes(size));
      const combined = combineCrcs(
        name,
        pieces.map((piece) => ({ value: sum(name, piece), size: piece.length })),
      );
      assert.equal(combined, sum(name, Buffer.concat(pieces)), `${name} of ${sizes}`);
    }
  }
});

function sum(name: "crc32" | "crc32c" | "crc64nvme", bytes: Uint8Array): string {
  const checksum = createChecksum(name);
  checksum.update(bytes);
  return checksum.digestBase64();
}
