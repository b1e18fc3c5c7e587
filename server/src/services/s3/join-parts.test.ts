import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import test from "node:test";
import type { Upload, UploadedPart } from "../../storage/records/uploads.ts";
import { joinParts, minPartBytes } from "./join-parts.ts";

const upload: Upload = {
  id: "u1",
  bucket: "b",
  key: "k",
  createdAt: 0,
  storageClass: "STANDARD",
  headers: {},
  metadata: {},
  tags: [],
};

function part(number: number, size: number, checksums = {}): UploadedPart {
  const etag = createHash("md5").update(`part ${number}`).digest("hex");
  return { number, size, etag, blob: `objects/aa/u1-${number}-x`, checksums, modifiedAt: 0 };
}

const parts = [part(1, minPartBytes), part(2, minPartBytes), part(5, 3)];
const listed = parts.map(({ number, etag }) => ({ PartNumber: number, ETag: `"${etag}"` }));

test("joins parts in order and gives them the ETag of a multipart object", () => {
  const joined = joinParts(upload, parts, listed, {});
  const md5s = Buffer.concat(parts.map(({ etag }) => Buffer.from(etag, "hex")));
  assert.equal(joined.etag, `${createHash("md5").update(md5s).digest("hex")}-3`);
  assert.equal(joined.size, 2 * minPartBytes + 3);
  assert.equal(joinParts(upload, parts, listed.slice(1), {}).size, minPartBytes + 3);
});

test("refuses lists that S3 refuses", () => {
  const [first, second, last] = listed as [(typeof listed)[0], (typeof listed)[0], (typeof listed)[0]];
  for (const [list, claimed, code] of [
    [[second, first], {}, "InvalidPartOrder"],
    [[first, first], {}, "InvalidPartOrder"],
    [[{ ...first, ETag: '"0"' }], {}, "InvalidPart"],
    [[{ ...first, PartNumber: 3 }], {}, "InvalidPart"],
    [[{ PartNumber: 1 }], {}, "MalformedXML"],
    [[{ ETag: first.ETag }], {}, "MalformedXML"],
    [listed, { MpuObjectSize: 7 }, "InvalidRequest"],
  ] as const)
    assert.throws(() => joinParts(upload, parts, list, claimed), { code }, JSON.stringify(list));
  assert.throws(() => joinParts(upload, [part(1, minPartBytes - 1), part(2, 1)], [first, second], {}), {
    code: "EntityTooSmall",
  });
  joinParts(upload, parts, [last], { MpuObjectSize: 3 });
});

test("makes a checksum of checksums, or refuses the one that the client claims", () => {
  const sha = (text: string) => createHash("sha256").update(text).digest();
  const whole = { ...upload, checksumAlgorithm: "sha256", checksumType: "COMPOSITE" } as const;
  const summed = [
    part(1, minPartBytes, { sha256: sha("a").toString("base64") }),
    part(2, 1, { sha256: sha("b").toString("base64") }),
  ];
  const list = summed.map(({ number, etag }) => ({ PartNumber: number, ETag: etag }));
  const value = createHash("sha256")
    .update(Buffer.concat([sha("a"), sha("b")]))
    .digest("base64");
  assert.deepEqual(joinParts(whole, summed, list, {}).checksums, {
    type: "COMPOSITE",
    values: { sha256: `${value}-2` },
  });
  joinParts(whole, summed, list, { ChecksumSHA256: value });
  joinParts(whole, summed, list, { ChecksumSHA256: `${value}-2` });
  assert.throws(() => joinParts(whole, summed, list, { ChecksumSHA256: sha("c").toString("base64") }), {
    code: "BadDigest",
  });
  assert.throws(() => joinParts(whole, summed, list, { ChecksumType: "FULL_OBJECT" }), { code: "InvalidRequest" });
  assert.throws(() => joinParts(whole, summed, [{ ...list[0]!, ChecksumSHA256: value }, list[1]!], {}), {
    code: "InvalidPart",
  });
});
