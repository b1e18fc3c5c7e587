/**
 * S3 as the unmodified JS SDK uses it.
 */
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { Agent } from "node:http";
import type { LookupFunction } from "node:net";
import { Readable } from "node:stream";
import test, { after, before } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { GetObjectCommand, PutObjectCommand, S3 } from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { createPresignedPost } from "@aws-sdk/s3-presigned-post";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { keys, region, type S3Server, startS3 } from "../support/s3-server.ts";

let server: S3Server;
let s3: S3;

before(async () => {
  server = await startS3();
  s3 = server.s3;
  await s3.createBucket({ Bucket: "box" });
});
after(() => server.close());

const Bucket = "box";
const md5 = (bytes: Uint8Array | string) => createHash("md5").update(bytes).digest("hex");

async function textOf(key: string): Promise<string> {
  return (await s3.getObject({ Bucket, Key: key })).Body!.transformToString();
}

/** The error's name, and its status where the name is not all. */
async function failure(call: Promise<unknown>): Promise<string> {
  const error = await call.then(
    () => undefined,
    (error) => error,
  );
  assert.ok(error, "was expected to fail");
  return `${error.$metadata?.httpStatusCode} ${error.name}`;
}

test("makes, lists, finds and deletes buckets", async () => {
  for (const name of ["buckets-2", "buckets-1", "buckets-3"]) {
    const { Location } = await s3.createBucket({ Bucket: name });
    assert.equal(Location, `/${name}`);
  }
  await s3.createBucket({ Bucket: "buckets-1" });
  const page = await s3.listBuckets({ Prefix: "buckets-", MaxBuckets: 2 });
  assert.deepEqual(
    page.Buckets!.map(({ Name }) => Name),
    ["buckets-1", "buckets-2"],
  );
  assert.ok(Math.abs(page.Buckets![0]!.CreationDate!.getTime() - Date.now()) < 60_000);
  const rest = await s3.listBuckets({ Prefix: "buckets-", ContinuationToken: page.ContinuationToken });
  assert.deepEqual(
    rest.Buckets!.map(({ Name }) => Name),
    ["buckets-3"],
  );
  assert.match(rest.Owner!.ID!, /^[0-9a-f]{64}$/);
  assert.equal((await s3.headBucket({ Bucket: "buckets-1" })).BucketRegion, region);
  assert.equal((await s3.getBucketLocation({ Bucket: "buckets-1" })).LocationConstraint, undefined);
  await s3.createBucket({ Bucket: "buckets-eu", CreateBucketConfiguration: { LocationConstraint: "eu-west-1" } });
  assert.equal((await s3.getBucketLocation({ Bucket: "buckets-eu" })).LocationConstraint, "eu-west-1");
  await s3.putObject({ Bucket: "buckets-1", Key: "k" });
  assert.equal(await failure(s3.deleteBucket({ Bucket: "buckets-1" })), "409 BucketNotEmpty");
  await s3.deleteObject({ Bucket: "buckets-1", Key: "k" });
  await s3.deleteBucket({ Bucket: "buckets-1" });
  assert.equal(await failure(s3.headBucket({ Bucket: "buckets-1" })), "404 NotFound");
  assert.equal(await failure(s3.deleteBucket({ Bucket: "buckets-1" })), "404 NoSuchBucket");
  assert.equal(await failure(s3.createBucket({ Bucket: "Not_A_Name" })), "400 InvalidBucketName");
  assert.equal(
    await failure(s3.getBucketLocation({ Bucket: "buckets-3", ExpectedBucketOwner: "1" })),
    "403 AccessDenied",
  );
});

test("stores an object with its headers, metadata and tags, and gives them back", async () => {
  const Key = "docs/a b+c/ü%.txt";
  const put = await s3.putObject({
    Bucket,
    Key,
    Body: "hello",
    ContentType: "text/plain; charset=utf-8",
    CacheControl: "max-age=60",
    ContentDisposition: 'attachment; filename="x"',
    ContentEncoding: "identity",
    ContentLanguage: "en",
    Expires: new Date("2030-01-02T03:04:05Z"),
    WebsiteRedirectLocation: "/elsewhere",
    Metadata: { One: "1", two: "zwei" },
    StorageClass: "REDUCED_REDUNDANCY",
    Tagging: "colour=dark%20red&n=1",
  });
  assert.equal(put.ETag, `"${md5("hello")}"`);
  assert.equal(put.ChecksumCRC32, "NhCmhg==");
  assert.equal(put.ChecksumType, "FULL_OBJECT");

  const got = await s3.getObject({ Bucket, Key, ChecksumMode: "ENABLED" });
  assert.equal(await got.Body!.transformToString(), "hello");
  const head = await s3.headObject({ Bucket, Key, ChecksumMode: "ENABLED" });
  for (const answer of [got, head]) {
    assert.equal(answer.ContentLength, 5);
    assert.equal(answer.ContentType, "text/plain; charset=utf-8");
    assert.equal(answer.CacheControl, "max-age=60");
    assert.equal(answer.ContentDisposition, 'attachment; filename="x"');
    assert.equal(answer.ContentEncoding, "identity");
    assert.equal(answer.ContentLanguage, "en");
    assert.equal(answer.ExpiresString, "Wed, 02 Jan 2030 03:04:05 GMT");
    assert.equal(answer.WebsiteRedirectLocation, "/elsewhere");
    assert.deepEqual(answer.Metadata, { one: "1", two: "zwei" });
    assert.equal(answer.StorageClass, "REDUCED_REDUNDANCY");
    assert.equal(answer.TagCount, 2);
    assert.equal(answer.ETag, put.ETag);
    assert.equal(answer.AcceptRanges, "bytes");
    assert.equal(answer.ChecksumCRC32, "NhCmhg==");
    assert.equal(answer.LastModified!.getTime() % 1000, 0);
  }
  assert.deepEqual((await s3.getObjectTagging({ Bucket, Key })).TagSet, [
    { Key: "colour", Value: "dark red" },
    { Key: "n", Value: "1" },
  ]);
});

test("puts streams, empty objects and every size around the inline limit", async () => {
  for (const size of [0, 1, 65_535, 65_536, 65_537, 1_500_000]) {
    const bytes = randomBytes(size);
    const { ETag } = await s3.putObject({ Bucket, Key: "size", Body: Readable.from([bytes]), ContentLength: size });
    assert.equal(ETag, `"${md5(bytes)}"`);
    const { Body, ContentLength } = await s3.getObject({ Bucket, Key: "size" });
    assert.equal(ContentLength, size);
    assert.deepEqual(Buffer.from(await Body!.transformToByteArray()), bytes);
  }
});

test("gives slow and fast readers of large objects their own bytes", async () => {
  const objects = Array.from({ length: 6 }, (_, at) => ({ key: `slow/${at}`, bytes: randomBytes(3_000_000 + at) }));
  for (const { key, bytes } of objects) await s3.putObject({ Bucket, Key: key, Body: bytes });
  const sums = await Promise.all(
    objects.map(async ({ key }, at) => {
      const hash = createHash("md5");
      const { Body } = await s3.getObject({ Bucket, Key: key });
      for await (const chunk of Body as Readable) {
        hash.update(chunk);
        if (at % 2 === 0) await sleep(5);
      }
      return hash.digest("hex");
    }),
  );
  assert.deepEqual(
    sums,
    objects.map(({ bytes }) => md5(bytes)),
  );
});

test("serves ranges", async () => {
  await s3.putObject({ Bucket, Key: "range", Body: "0123456789" });
  for (const [Range, body, ContentRange] of [
    ["bytes=2-4", "234", "bytes 2-4/10"],
    ["bytes=7-", "789", "bytes 7-9/10"],
    ["bytes=-2", "89", "bytes 8-9/10"],
    ["bytes=5-99", "56789", "bytes 5-9/10"],
    ["bytes=0-1,4-5", "0123456789", undefined],
    ["bytes=x", "0123456789", undefined],
  ] as const) {
    const answer = await s3.getObject({ Bucket, Key: "range", Range, ChecksumMode: "ENABLED" });
    assert.equal(await answer.Body!.transformToString(), body, Range);
    assert.equal(answer.ContentRange, ContentRange);
    assert.equal(answer.$metadata.httpStatusCode, ContentRange ? 206 : 200);
    assert.equal(answer.ChecksumCRC32 === undefined, ContentRange !== undefined);
    const head = await s3.headObject({ Bucket, Key: "range", Range });
    assert.equal(head.ContentLength, body.length);
  }
  assert.equal(await failure(s3.getObject({ Bucket, Key: "range", Range: "bytes=10-" })), "416 InvalidRange");
  assert.equal(
    await failure(s3.headObject({ Bucket, Key: "range", Range: "bytes=10-" })).then((f) => f.slice(0, 3)),
    "416",
  );
});

test("honours the conditions of readers and writers", async () => {
  const { ETag } = await s3.putObject({ Bucket, Key: "cond", Body: "1" });
  const past = new Date(Date.now() - 86_400_000);
  const future = new Date(Date.now() + 86_400_000);
  await s3.getObject({ Bucket, Key: "cond", IfMatch: ETag, IfUnmodifiedSince: past });
  for (const conditions of [{ IfMatch: '"x"' }, { IfUnmodifiedSince: past }])
    assert.equal(await failure(s3.getObject({ Bucket, Key: "cond", ...conditions })), "412 PreconditionFailed");
  for (const conditions of [{ IfNoneMatch: ETag }, { IfModifiedSince: future }])
    assert.match(await failure(s3.headObject({ Bucket, Key: "cond", ...conditions })), /^304/);
  assert.equal(await failure(s3.putObject({ Bucket, Key: "cond", IfNoneMatch: "*" })), "412 PreconditionFailed");
  assert.equal(await failure(s3.putObject({ Bucket, Key: "cond", IfMatch: '"x"' })), "412 PreconditionFailed");
  assert.equal(await failure(s3.putObject({ Bucket, Key: "none", IfMatch: '"x"' })), "404 NoSuchKey");
  await s3.putObject({ Bucket, Key: "cond", Body: "2", IfMatch: ETag });
  assert.equal(await textOf("cond"), "2");
  await s3.putObject({ Bucket, Key: "cond-new", IfNoneMatch: "*" });
  assert.equal(await failure(s3.deleteObject({ Bucket, Key: "cond", IfMatch: ETag })), "412 PreconditionFailed");
});

test("lets the caller of a signed GET override headers", async () => {
  await s3.putObject({ Bucket, Key: "override", Body: "x", ContentType: "text/plain" });
  const answer = await s3.getObject({
    Bucket,
    Key: "override",
    ResponseContentType: "video/mp4",
    ResponseContentDisposition: "inline",
    ResponseCacheControl: "no-store",
  });
  assert.equal(answer.ContentType, "video/mp4");
  assert.equal(answer.ContentDisposition, "inline");
  assert.equal(answer.CacheControl, "no-store");
});

test("computes and verifies the checksums that clients choose", async () => {
  for (const [ChecksumAlgorithm, member, value] of [
    ["CRC32", "ChecksumCRC32", "y/Q5Jg=="],
    ["CRC32C", "ChecksumCRC32C", "4waSgw=="],
    ["CRC64NVME", "ChecksumCRC64NVME", "rosUhgp5mIg="],
    ["SHA1", "ChecksumSHA1", "98O8HYCOBHMq32eZZczDTKeuNEE="],
    ["SHA256", "ChecksumSHA256", "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU="],
  ] as const) {
    // The client computes most of them itself; the value is given where it needs another package to.
    const sum = ChecksumAlgorithm === "CRC64NVME" ? { [member]: value } : { ChecksumAlgorithm };
    const put = await s3.putObject({ Bucket, Key: "sum", Body: "123456789", ...sum });
    assert.equal(put[member], value);
    const got = await s3.headObject({ Bucket, Key: "sum", ChecksumMode: "ENABLED" });
    assert.equal(got[member], value);
    const attributes = await s3.getObjectAttributes({
      Bucket,
      Key: "sum",
      ObjectAttributes: ["Checksum", "ETag", "ObjectSize"],
    });
    assert.equal(attributes.Checksum![member], value);
    assert.equal(attributes.ETag, md5("123456789"));
    assert.equal(attributes.ObjectSize, 9);
    const [listed] = (await s3.listObjectsV2({ Bucket, Prefix: "sum" })).Contents!;
    assert.deepEqual(listed!.ChecksumAlgorithm, [ChecksumAlgorithm]);
  }
  const wrong = { Bucket, Key: "wrong", Body: "123456789" };
  assert.equal(await failure(s3.putObject({ ...wrong, ChecksumCRC32: "AAAAAA==" })), "400 BadDigest");
  assert.equal(await failure(s3.putObject({ ...wrong, ChecksumCRC32: "AAAA" })), "400 InvalidRequest");
  const stream = { ...wrong, Body: Readable.from(["123456789"]), ContentLength: 9 };
  assert.equal(await failure(s3.putObject({ ...stream, ChecksumSHA256: value32("0") })), "400 BadDigest");
  assert.equal(await failure(s3.putObject({ ...wrong, ContentMD5: "bad" })), "400 InvalidDigest");
  assert.equal(
    await failure(s3.putObject({ ...wrong, ContentMD5: Buffer.alloc(16).toString("base64") })),
    "400 BadDigest",
  );
  await s3.putObject({ Bucket, Key: "md5", Body: "x", ContentMD5: createHash("md5").update("x").digest("base64") });
  assert.equal(await failure(s3.headObject({ Bucket, Key: "wrong" })), "404 NotFound");
});

function value32(text: string): string {
  return createHash("sha256").update(text).digest("base64");
}

test("copies objects with their words or with new ones", async () => {
  const big = randomBytes(300_000);
  await s3.putObject({
    Bucket,
    Key: "src ü+1",
    Body: big,
    ContentType: "video/mp4",
    Metadata: { a: "1" },
    Tagging: "t=1",
  });
  const CopySource = `/box/${encodeURIComponent("src ü+1")}`;
  const copied = await s3.copyObject({ Bucket, Key: "copy", CopySource });
  assert.equal(copied.CopyObjectResult!.ETag, `"${md5(big)}"`);
  const head = await s3.headObject({ Bucket, Key: "copy" });
  assert.equal(head.ContentType, "video/mp4");
  assert.deepEqual(head.Metadata, { a: "1" });
  assert.equal(head.TagCount, 1);

  await s3.copyObject({
    Bucket,
    Key: "copy",
    CopySource: "box/copy",
    MetadataDirective: "REPLACE",
    TaggingDirective: "REPLACE",
    Tagging: "",
    ContentType: "audio/mp4",
    Metadata: { b: "2" },
  });
  const replaced = await s3.getObject({ Bucket, Key: "copy" });
  assert.equal(replaced.ContentType, "audio/mp4");
  assert.deepEqual(replaced.Metadata, { b: "2" });
  assert.equal(replaced.TagCount, undefined);
  assert.deepEqual(Buffer.from(await replaced.Body!.transformToByteArray()), big);

  assert.equal(await failure(s3.copyObject({ Bucket, Key: "copy", CopySource: "box/copy" })), "400 InvalidRequest");
  assert.equal(await failure(s3.copyObject({ Bucket, Key: "x", CopySource: "box/missing" })), "404 NoSuchKey");
  assert.equal(await failure(s3.copyObject({ Bucket, Key: "x", CopySource: "nowhere/k" })), "404 NoSuchBucket");
  assert.equal(
    await failure(s3.copyObject({ Bucket, Key: "x", CopySource: "box/copy", CopySourceIfMatch: '"0"' })),
    "412 PreconditionFailed",
  );
  assert.equal(
    await failure(s3.copyObject({ Bucket, Key: "x", CopySource: "box/copy", CopySourceIfNoneMatch: `"${md5(big)}"` })),
    "412 PreconditionFailed",
  );
});

test("deletes one object, many, and what is not there", async () => {
  for (const Key of ["del/1", "del/2", "del/3"]) await s3.putObject({ Bucket, Key });
  await s3.deleteObject({ Bucket, Key: "del/1" });
  await s3.deleteObject({ Bucket, Key: "del/1" });
  const { Deleted, Errors } = await s3.deleteObjects({
    Bucket,
    Delete: {
      Objects: [{ Key: "del/2" }, { Key: "del/none" }, { Key: "del/3", VersionId: "v1" }, { Key: "a&<b>\"'" }],
    },
  });
  assert.deepEqual(Deleted!.map(({ Key }) => Key).sort(), ["a&<b>\"'", "del/2", "del/none"]);
  assert.deepEqual(
    Errors!.map(({ Key, Code }) => [Key, Code]),
    [["del/3", "NoSuchVersion"]],
  );
  const quiet = await s3.deleteObjects({ Bucket, Delete: { Objects: [{ Key: "del/3" }], Quiet: true } });
  assert.equal(quiet.Deleted, undefined);
  assert.equal((await s3.listObjectsV2({ Bucket, Prefix: "del/" })).KeyCount, 0);
  const tooMany = Array.from({ length: 1001 }, (_, index) => ({ Key: `k${index}` }));
  assert.equal(await failure(s3.deleteObjects({ Bucket, Delete: { Objects: tooMany } })), "400 MalformedXML");
});

test("lists by prefix, delimiter, marker and token, in both versions", async () => {
  await s3.createBucket({ Bucket: "lists" });
  const names = ["a", "a/1", "a/2", "b//c", "b/x y", "b+1", "z&<>", "ünï", "\u{1f600}", "a-"];
  for (const Key of names) await s3.putObject({ Bucket: "lists", Key, Body: Key });
  const ordered = names.toSorted((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)));

  const all = await s3.listObjectsV2({ Bucket: "lists", FetchOwner: true });
  assert.deepEqual(
    all.Contents!.map(({ Key }) => Key),
    ordered,
  );
  assert.equal(all.KeyCount, names.length);
  assert.equal(all.IsTruncated, false);
  assert.match(all.Contents![0]!.ETag!, /^"[0-9a-f]{32}"$/);
  assert.equal(all.Contents![0]!.StorageClass, "STANDARD");
  assert.match(all.Contents![0]!.Owner!.ID!, /^[0-9a-f]{64}$/);

  const paged: (string | undefined)[] = [];
  for (let ContinuationToken: string | undefined; ; ) {
    const page = await s3.listObjectsV2({ Bucket: "lists", Delimiter: "/", MaxKeys: 2, ContinuationToken });
    paged.push(
      ...[...(page.Contents ?? []).map(({ Key }) => Key), ...(page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix)],
    );
    assert.ok(page.KeyCount! <= 2);
    if (!page.IsTruncated) break;
    ContinuationToken = page.NextContinuationToken;
  }
  assert.deepEqual(paged.toSorted(), ["a", "a-", "a/", "b+1", "b/", "z&<>", "ünï", "\u{1f600}"].toSorted());

  const first = await s3.listObjects({ Bucket: "lists", Delimiter: "/", MaxKeys: 3 });
  assert.equal(first.NextMarker, "a/");
  const second = await s3.listObjects({ Bucket: "lists", Delimiter: "/", Marker: first.NextMarker });
  assert.deepEqual(second.CommonPrefixes, [{ Prefix: "b/" }]);
  assert.deepEqual(
    second.Contents!.map(({ Key }) => Key),
    ["b+1", "z&<>", "ünï", "\u{1f600}"],
  );

  const encoded = await s3.listObjectsV2({ Bucket: "lists", EncodingType: "url", Prefix: "b", StartAfter: "b+0" });
  assert.deepEqual(
    encoded.Contents!.map(({ Key }) => Key),
    ["b%2B1", "b//c", "b/x%20y"],
  );
  assert.equal(encoded.StartAfter, "b%2B0");
  const versions = await s3.listObjectVersions({ Bucket: "lists", Prefix: "a/" });
  assert.deepEqual(
    versions.Versions!.map(({ Key, VersionId, IsLatest }) => [Key, VersionId, IsLatest]),
    [
      ["a/1", "null", true],
      ["a/2", "null", true],
    ],
  );
  assert.equal((await s3.listObjectsV2({ Bucket: "lists", MaxKeys: 0 })).IsTruncated, false);
  assert.equal(await failure(s3.listObjectsV2({ Bucket: "lists", MaxKeys: -1 })), "400 InvalidArgument");
  assert.equal(
    await failure(s3.listObjectsV2({ Bucket: "lists", ContinuationToken: "nonsense" })),
    "400 InvalidArgument",
  );
  assert.equal(await failure(s3.listObjects({ Bucket: "nowhere" })), "404 NoSuchBucket");
});

test("takes objects in parts, in any order and again, and gives back parts and the whole", async () => {
  const parts = [randomBytes(5 << 20), randomBytes(5 << 20), randomBytes(12)];
  const Key = "multi";
  const { UploadId } = await s3.createMultipartUpload({
    Bucket,
    Key,
    Metadata: { m: "1" },
    ContentType: "video/mp4",
    ChecksumAlgorithm: "CRC32",
    ChecksumType: "FULL_OBJECT",
  });
  const upload = { Bucket, Key, UploadId };
  await s3.uploadPart({ ...upload, PartNumber: 2, Body: "to be replaced" });
  const sent = await Promise.all(parts.map((Body, index) => s3.uploadPart({ ...upload, PartNumber: index + 1, Body })));
  assert.equal(sent[0]!.ETag, `"${md5(parts[0]!)}"`);
  const Parts = sent.map(({ ETag, ChecksumCRC32 }, index) => ({ ETag, ChecksumCRC32, PartNumber: index + 1 }));

  const listed = await s3.listParts({ ...upload, MaxParts: 2 });
  assert.equal(listed.IsTruncated, true);
  assert.deepEqual(
    listed.Parts!.map(({ PartNumber, Size }) => [PartNumber, Size]),
    [
      [1, 5 << 20],
      [2, 5 << 20],
    ],
  );
  const rest = await s3.listParts({ ...upload, PartNumberMarker: listed.NextPartNumberMarker });
  assert.deepEqual(
    rest.Parts!.map(({ PartNumber }) => PartNumber),
    [3],
  );
  const uploads = await s3.listMultipartUploads({ Bucket, Prefix: "mul" });
  assert.deepEqual(
    uploads.Uploads!.map((one) => [one.Key, one.UploadId]),
    [[Key, UploadId]],
  );

  assert.equal(await failure(s3.headObject({ Bucket, Key })), "404 NotFound");
  assert.equal(
    await failure(s3.completeMultipartUpload({ ...upload, MultipartUpload: { Parts: Parts.toReversed() } })),
    "400 InvalidPartOrder",
  );
  const MultipartUpload = { Parts };
  const done = await s3.completeMultipartUpload({ ...upload, MultipartUpload });
  const etag = `"${md5(Buffer.concat(parts.map((part) => createHash("md5").update(part).digest())))}-3"`;
  assert.equal(done.ETag, etag);
  assert.equal(done.Location, `${server.url}/box/multi`);
  assert.equal((await s3.completeMultipartUpload({ ...upload, MultipartUpload })).ETag, etag);
  assert.equal(await failure(s3.abortMultipartUpload(upload)), "404 NoSuchUpload");

  const whole = Buffer.concat(parts);
  const got = await s3.getObject({ Bucket, Key, ChecksumMode: "ENABLED" });
  assert.deepEqual(Buffer.from(await got.Body!.transformToByteArray()), whole);
  assert.deepEqual(got.Metadata, { m: "1" });
  assert.equal(got.ChecksumType, "FULL_OBJECT");
  const across = await s3.getObject({ Bucket, Key, Range: `bytes=${(5 << 20) - 2}-${(5 << 20) + 1}` });
  assert.deepEqual(
    Buffer.from(await across.Body!.transformToByteArray()),
    whole.subarray((5 << 20) - 2, (5 << 20) + 2),
  );
  const third = await s3.getObject({ Bucket, Key, PartNumber: 3, ChecksumMode: "ENABLED" });
  assert.equal(third.PartsCount, 3);
  assert.equal(third.ContentLength, 12);
  assert.equal(third.ChecksumCRC32, sent[2]!.ChecksumCRC32);
  assert.deepEqual(Buffer.from(await third.Body!.transformToByteArray()), parts[2]);
  assert.match(await failure(s3.getObject({ Bucket, Key, PartNumber: 4 })), /^416/);
  const attributes = await s3.getObjectAttributes({
    Bucket,
    Key,
    ObjectAttributes: ["ObjectParts", "StorageClass"],
    MaxParts: 1,
  });
  assert.equal(attributes.ObjectParts!.TotalPartsCount, 3);
  assert.equal(attributes.ObjectParts!.Parts!.length, 1);
});

test("refuses parts and completions that S3 refuses, and forgets an aborted upload", async () => {
  const Key = "refused";
  const { UploadId } = await s3.createMultipartUpload({ Bucket, Key });
  const upload = { Bucket, Key, UploadId };
  const one = await s3.uploadPart({ ...upload, PartNumber: 1, Body: "small" });
  const two = await s3.uploadPart({ ...upload, PartNumber: 2, Body: "small" });
  const complete = (Parts: { PartNumber: number; ETag: string | undefined }[] | undefined) =>
    failure(s3.completeMultipartUpload({ ...upload, MultipartUpload: { Parts } }));
  assert.equal(
    await complete([
      { PartNumber: 1, ETag: one.ETag },
      { PartNumber: 2, ETag: two.ETag },
    ]),
    "400 EntityTooSmall",
  );
  assert.equal(await complete([{ PartNumber: 1, ETag: '"0"' }]), "400 InvalidPart");
  assert.equal(await complete([]), "400 MalformedXML");
  for (const PartNumber of [0, 10_001])
    assert.equal(await failure(s3.uploadPart({ ...upload, PartNumber, Body: "x" })), "400 InvalidArgument");
  assert.equal(
    await failure(s3.uploadPart({ ...upload, UploadId: "none", PartNumber: 1, Body: "x" })),
    "404 NoSuchUpload",
  );
  assert.equal(await failure(s3.uploadPart({ ...upload, Key: "other", PartNumber: 1, Body: "x" })), "404 NoSuchUpload");
  await s3.abortMultipartUpload(upload);
  assert.equal(await failure(s3.listParts(upload)), "404 NoSuchUpload");
  assert.equal((await s3.listMultipartUploads({ Bucket, Prefix: Key })).Uploads, undefined);
});

test("copies parts from objects and ranges", async () => {
  const source = randomBytes(6 << 20);
  await s3.putObject({ Bucket, Key: "part-source", Body: source });
  const Key = "part-copy";
  const { UploadId } = await s3.createMultipartUpload({ Bucket, Key });
  const upload = { Bucket, Key, UploadId, CopySource: "box/part-source" };
  const first = await s3.uploadPartCopy({ ...upload, PartNumber: 1 });
  const second = await s3.uploadPartCopy({ ...upload, PartNumber: 2, CopySourceRange: "bytes=10-19" });
  assert.equal(second.CopyPartResult!.ETag, `"${md5(source.subarray(10, 20))}"`);
  assert.equal(
    await failure(s3.uploadPartCopy({ ...upload, PartNumber: 3, CopySourceRange: "bytes=0-99999999" })),
    "400 InvalidArgument",
  );
  const Parts = [first, second].map(({ CopyPartResult }, index) => ({
    ETag: CopyPartResult!.ETag,
    PartNumber: index + 1,
  }));
  await s3.completeMultipartUpload({ Bucket, Key, UploadId, MultipartUpload: { Parts } });
  const { Body } = await s3.getObject({ Bucket, Key });
  assert.deepEqual(Buffer.from(await Body!.transformToByteArray()), Buffer.concat([source, source.subarray(10, 20)]));
});

test("takes lib-storage's uploads of unknown length", async () => {
  const bytes = randomBytes(11 << 20);
  await new Upload({ client: s3, params: { Bucket, Key: "lib", Body: Readable.from(slices(bytes)) } }).done();
  const { Body, ETag } = await s3.getObject({ Bucket, Key: "lib" });
  assert.match(ETag!, /-3"$/);
  assert.deepEqual(Buffer.from(await Body!.transformToByteArray()), bytes);
});

function* slices(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += 100_000) yield bytes.subarray(at, at + 100_000);
}

test("answers links that were signed beforehand: GET, PUT and a browser's form", async () => {
  const put = await getSignedUrl(s3, new PutObjectCommand({ Bucket, Key: "link ü", ContentType: "text/plain" }), {
    expiresIn: 60,
  });
  const stored = await fetch(put, { method: "PUT", body: "by link", headers: { "content-type": "text/plain" } });
  assert.equal(stored.status, 200, await stored.text());
  const get = await getSignedUrl(s3, new GetObjectCommand({ Bucket, Key: "link ü", ResponseContentType: "text/html" }));
  const got = await fetch(get);
  assert.equal(await got.text(), "by link");
  assert.equal(got.headers.get("content-type"), "text/html");
  assert.equal((await fetch(get.replace(/.$/, (last) => (last === "0" ? "1" : "0")))).status, 403);

  const { url, fields } = await createPresignedPost(s3, {
    Bucket,
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the form's own placeholder.
    Key: "forms/${filename}",
    Conditions: [
      ["content-length-range", 1, 1000],
      ["starts-with", "$Content-Type", "text/"],
      ["starts-with", "$success_action_status", ""],
      { "x-amz-meta-from": "form" },
    ],
    Fields: { "x-amz-meta-from": "form" },
  });
  const post = (file: string, more: Record<string, string>) => {
    const form = new FormData();
    for (const [name, value] of Object.entries({ ...fields, "Content-Type": "text/plain", ...more }))
      form.append(name, value);
    form.append("file", new File([file], "C:\\folder\\my file.txt"));
    return fetch(url, { method: "POST", body: form });
  };
  const posted = await post("by form", { success_action_status: "201" });
  const answer = await posted.text();
  assert.equal(posted.status, 201, answer);
  assert.match(answer, /<PostResponse.*<Key>forms\/my file.txt<\/Key>/s);
  const object = await s3.getObject({ Bucket, Key: "forms/my file.txt" });
  assert.equal(await object.Body!.transformToString(), "by form");
  assert.equal(object.ContentType, "text/plain");
  assert.deepEqual(object.Metadata, { from: "form" });
  assert.equal((await post("x", { success_action_status: "" })).status, 204);
  assert.equal((await post("x".repeat(1001), { success_action_status: "" })).status, 400);
  assert.equal((await post("x", { "Content-Type": "video/mp4", success_action_status: "" })).status, 403);
});

test("tags objects and buckets", async () => {
  await s3.putObject({ Bucket, Key: "tagged" });
  const TagSet = [
    { Key: "a", Value: "1" },
    { Key: "b & <c>", Value: "" },
  ].slice(0, 1);
  await s3.putObjectTagging({ Bucket, Key: "tagged", Tagging: { TagSet } });
  assert.deepEqual((await s3.getObjectTagging({ Bucket, Key: "tagged" })).TagSet, TagSet);
  await s3.deleteObjectTagging({ Bucket, Key: "tagged" });
  assert.deepEqual((await s3.getObjectTagging({ Bucket, Key: "tagged" })).TagSet ?? [], []);
  const eleven = Array.from({ length: 11 }, (_, index) => ({ Key: `k${index}`, Value: "v" }));
  assert.match(await failure(s3.putObjectTagging({ Bucket, Key: "tagged", Tagging: { TagSet: eleven } })), /^400/);
  const twice = [
    { Key: "a", Value: "1" },
    { Key: "a", Value: "2" },
  ];
  assert.equal(
    await failure(s3.putObjectTagging({ Bucket, Key: "tagged", Tagging: { TagSet: twice } })),
    "400 InvalidTag",
  );
  assert.equal(await failure(s3.putObjectTagging({ Bucket, Key: "none", Tagging: { TagSet } })), "404 NoSuchKey");

  assert.equal(await failure(s3.getBucketTagging({ Bucket })), "404 NoSuchTagSet");
  await s3.putBucketTagging({ Bucket, Tagging: { TagSet } });
  assert.deepEqual((await s3.getBucketTagging({ Bucket })).TagSet, TagSet);
  await s3.deleteBucketTagging({ Bucket });
  assert.equal(await failure(s3.getBucketTagging({ Bucket })), "404 NoSuchTagSet");
});

test("answers browsers by the bucket's CORS rules, also on errors", async () => {
  assert.equal(await failure(s3.getBucketCors({ Bucket })), "404 NoSuchCORSConfiguration");
  const CORSRules = [
    {
      AllowedOrigins: ["https://app.example"],
      AllowedMethods: ["GET", "PUT"],
      AllowedHeaders: ["*"],
      ExposeHeaders: ["ETag"],
      MaxAgeSeconds: 60,
    },
  ];
  await s3.putBucketCors({ Bucket, CORSConfiguration: { CORSRules } });
  assert.deepEqual((await s3.getBucketCors({ Bucket })).CORSRules, CORSRules);

  const preflight = (origin: string, method: string) =>
    fetch(`${server.url}/box/k`, {
      method: "OPTIONS",
      headers: { origin, "access-control-request-method": method, "access-control-request-headers": "content-type" },
    });
  const allowed = await preflight("https://app.example", "PUT");
  assert.equal(allowed.status, 200);
  assert.equal(allowed.headers.get("access-control-allow-origin"), "https://app.example");
  assert.equal(allowed.headers.get("access-control-allow-methods"), "GET, PUT");
  assert.equal(allowed.headers.get("access-control-allow-headers"), "content-type");
  assert.equal(allowed.headers.get("access-control-max-age"), "60");
  assert.equal((await preflight("https://other.example", "PUT")).status, 403);
  assert.equal((await preflight("https://app.example", "DELETE")).status, 403);

  const missing = await getSignedUrl(s3, new GetObjectCommand({ Bucket, Key: "cors-missing" }));
  const error = await fetch(missing, { headers: { origin: "https://app.example" } });
  assert.equal(error.status, 404);
  assert.equal(error.headers.get("access-control-allow-origin"), "https://app.example");
  assert.equal(error.headers.get("access-control-expose-headers"), "ETag");
  await s3.deleteBucketCors({ Bucket });
  assert.equal((await preflight("https://app.example", "PUT")).status, 403);
});

test("says of what a bucket never has what S3 says of a bucket without it", async () => {
  assert.equal((await s3.getBucketVersioning({ Bucket })).Status, undefined);
  assert.equal((await s3.getBucketNotificationConfiguration({ Bucket })).TopicConfigurations, undefined);
  assert.equal((await s3.getBucketRequestPayment({ Bucket })).Payer, "BucketOwner");
  for (const [call, code] of [
    [() => s3.getBucketPolicy({ Bucket }), "NoSuchBucketPolicy"],
    [() => s3.getBucketLifecycleConfiguration({ Bucket }), "NoSuchLifecycleConfiguration"],
    [() => s3.getBucketWebsite({ Bucket }), "NoSuchWebsiteConfiguration"],
    [() => s3.getBucketReplication({ Bucket }), "ReplicationConfigurationNotFoundError"],
    [() => s3.getObjectLockConfiguration({ Bucket }), "ObjectLockConfigurationNotFoundError"],
    [() => s3.getBucketOwnershipControls({ Bucket }), "OwnershipControlsNotFoundError"],
  ] as const)
    assert.equal(await failure(call()), `404 ${code}`);
  await s3.deleteBucketPolicy({ Bucket });

  const { Grants, Owner } = await s3.getBucketAcl({ Bucket });
  assert.deepEqual(
    Grants!.map(({ Permission, Grantee }) => [Permission, Grantee!.ID, Grantee!.Type]),
    [["FULL_CONTROL", Owner!.ID, "CanonicalUser"]],
  );
  await s3.putBucketAcl({ Bucket, ACL: "private" });
  assert.equal(await failure(s3.putBucketAcl({ Bucket, ACL: "public-read" })), "400 AccessControlListNotSupported");
  await s3.putObject({ Bucket, Key: "acl", ACL: "bucket-owner-full-control" });
  assert.equal((await s3.getObjectAcl({ Bucket, Key: "acl" })).Grants!.length, 1);
});

test("names what is not done, and what is wrong", async () => {
  for (const call of [
    () => s3.putBucketVersioning({ Bucket, VersioningConfiguration: { Status: "Enabled" } }),
    () => s3.putObject({ Bucket, Key: "k", ServerSideEncryption: "aws:kms:dsse" }),
    () =>
      s3.selectObjectContent({
        Bucket,
        Key: "k",
        Expression: "x",
        ExpressionType: "SQL",
        InputSerialization: {},
        OutputSerialization: {},
      }),
  ])
    assert.equal(await failure(call()), "501 NotImplemented");
  await assert.rejects(s3.putObject({ Bucket, Key: "k", ObjectLockLegalHoldStatus: "ON" }), {
    message: "A header you provided implies functionality that is not implemented: x-amz-object-lock-legal-hold",
  });
  for (const [call, expected] of [
    [() => s3.putObject({ Bucket, Key: "k".repeat(1025) }), "400 KeyTooLongError"],
    [() => s3.putObject({ Bucket, Key: "k", Metadata: { a: "x".repeat(2048) } }), "400 MetadataTooLarge"],
    [() => s3.putObject({ Bucket, Key: "k", StorageClass: "BEST" as "STANDARD" }), "400 InvalidStorageClass"],
    [() => s3.putObject({ Bucket, Key: "k", Tagging: "a=1&a=2" }), "400 InvalidTag"],
    [() => s3.getObject({ Bucket, Key: "missing" }), "404 NoSuchKey"],
    [() => s3.getObject({ Bucket: "nowhere", Key: "missing" }), "404 NoSuchBucket"],
    [() => s3.getObject({ Bucket, Key: "missing", VersionId: "v1" }), "404 NoSuchVersion"],
    [() => s3.headObject({ Bucket, Key: "missing" }), "404 NotFound"],
  ] as const)
    assert.equal(await failure(call()), expected);
  await s3.putObject({ Bucket, Key: "k".repeat(1024) });
});

test("serves buckets by host name too", async () => {
  // Resolvers differ in whether they know names below localhost.
  const lookup: LookupFunction = (_host, _options, found) => found(null, [{ address: "127.0.0.1", family: 4 }]);
  const virtual = new S3({
    endpoint: server.url.replace("127.0.0.1", "localhost"),
    region,
    credentials: keys,
    requestHandler: { httpAgent: new Agent({ lookup }) },
  });
  await virtual.putObject({ Bucket, Key: "by/host", Body: "x" });
  assert.equal(await textOf("by/host"), "x");
  const { Contents } = await virtual.listObjectsV2({ Bucket, Prefix: "by/" });
  assert.deepEqual(
    Contents!.map(({ Key }) => Key),
    ["by/host"],
  );
  virtual.destroy();
});
