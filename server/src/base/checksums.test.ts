import assert from "node:assert/strict";
import { test } from "node:test";
import { checksumNames, createChecksum } from "./checksums.ts";

const digits = Buffer.from("123456789");

// CRCs: the catalogue of parametrised CRC algorithms and the NVMe specification; the others: FIPS 180-4, RFC 1321.
const values = {
  crc32: "cbf43926",
  crc32c: "e3069283",
  crc64nvme: "ae8b14860a799888",
  sha1: "f7c3bc1d808e04732adf679965ccc34ca7ae3441",
  sha256: "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225",
  sha512:
    "d9e6762dd1c8eaf6d61b3c6192fc408d4d6d5f1176d0c29169bc24e71c3f274ad27fcd5811b313d681f7e55ec02d73d499c95455b6b5bb503acf574fba8ffe85",
  md5: "25f9e794323b453885f5181f1b624d0b",
};

for (const name of checksumNames) {
  test(`computes the check value of ${name}`, () => {
    const checksum = createChecksum(name);
    checksum.update(digits);
    assert.equal(checksum.digestHex(), values[name]);
    assert.equal(checksum.digestBase64(), Buffer.from(values[name], "hex").toString("base64"));
  });

  test(`${name} does not depend on how the bytes are cut`, () => {
    const bytes = Uint8Array.from({ length: 100 }, (_, index) => (index * 167 + 13) & 0xff);
    const whole = createChecksum(name);
    whole.update(bytes);
    for (let cut = 0; cut <= bytes.length; cut++) {
      const parts = createChecksum(name);
      parts.update(bytes.subarray(0, cut));
      parts.digestHex();
      parts.update(bytes.subarray(cut));
      assert.equal(parts.digestHex(), whole.digestHex(), `cut at ${cut}`);
    }
  });
}

test("computes the published CRC32C values of RFC 3720, B.4", () => {
  const cases = [
    [new Uint8Array(32), "8a9136aa"],
    [new Uint8Array(32).fill(0xff), "62a8ab43"],
    [Uint8Array.from({ length: 32 }, (_, index) => index), "46dd794e"],
    [Uint8Array.from({ length: 32 }, (_, index) => 31 - index), "113fdb5c"],
  ] as const;
  for (const [bytes, expected] of cases) {
    const checksum = createChecksum("crc32c");
    checksum.update(bytes);
    assert.equal(checksum.digestHex(), expected);
  }
});

test("computes CRC64NVME of the NVMe specification's 4 KiB buffers", () => {
  const cases = [
    [new Uint8Array(4096), "6482d367eb22b64e"],
    [new Uint8Array(4096).fill(0xff), "c0ddba7302eca3ac"],
    [Uint8Array.from({ length: 4096 }, (_, index) => index & 0xff), "3e729f5f6750449c"],
  ] as const;
  for (const [bytes, expected] of cases) {
    const checksum = createChecksum("crc64nvme");
    checksum.update(bytes);
    assert.equal(checksum.digestHex(), expected);
  }
});
