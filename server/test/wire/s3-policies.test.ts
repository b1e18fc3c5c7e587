/**
 * Who may do what with buckets and objects, as the JS SDK and unsigned requests see it.
 */
import assert from "node:assert/strict";
import test from "node:test";
import type { S3 } from "@aws-sdk/client-s3";
import { GetObjectCommand } from "@aws-sdk/client-s3";
import { createPresignedPost } from "@aws-sdk/s3-presigned-post";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { account, documentOf } from "../support/identities.ts";
import { outcome, startS3Identities } from "./s3-identities-server.ts";

const Bucket = "films";
const bucket = `arn:aws:s3:::${Bucket}`;
const allow = (Action: string | string[], Resource: string | string[], Condition?: object) => ({
  Effect: "Allow",
  Action,
  Resource,
  ...(Condition && { Condition }),
});

async function open(t: Parameters<typeof startS3Identities>[0]) {
  const server = await startS3Identities(t);
  const root = server.s3();
  await root.createBucket({ Bucket });
  await root.putObject({ Bucket, Key: "open/a", Body: "a" });
  await root.putObject({ Bucket, Key: "shut/b", Body: "b" });
  return {
    ...server,
    root,
    as: async (name: string, ...policies: object[]) => server.s3((await server.user(name, policies)).keys),
    putPolicy: (...statements: object[]) =>
      root.putBucketPolicy({ Bucket, Policy: documentOf({ Statement: statements }) }),
    fetch: (path: string, init?: RequestInit) => fetch(`${server.url}/${Bucket}${path}`, init),
  };
}

test("a user may do what their policies allow, and the refusal names action and resource", async (t) => {
  const { as } = await open(t);
  const s3 = await as("ann", allow("s3:GetObject", `${bucket}/open/*`));
  assert.equal(await (await s3.getObject({ Bucket, Key: "open/a" })).Body!.transformToString(), "a");
  assert.equal(await outcome(s3.headObject({ Bucket, Key: "open/a" })), "allowed");
  await assert.rejects(s3.getObject({ Bucket, Key: "shut/b" }), {
    name: "AccessDenied",
    message: `User: arn:aws:iam::${account}:user/ann is not authorized to perform: s3:GetObject on resource: ${bucket}/shut/b because no identity-based policy allows the s3:GetObject action`,
  });
  for (const call of [
    () => s3.putObject({ Bucket, Key: "open/a", Body: "x" }),
    () => s3.deleteObject({ Bucket, Key: "open/a" }),
    () => s3.listObjectsV2({ Bucket }),
    () => s3.listBuckets({}),
    () => s3.createBucket({ Bucket: "another" }),
    () => s3.getBucketPolicy({ Bucket }),
    () => s3.getObject({ Bucket: "nowhere", Key: "k" }),
    () => s3.getObject({ Bucket, Key: "open/a", VersionId: "null" }),
  ])
    assert.equal(await outcome(call()), "403 AccessDenied");
});

test("a key that is not there is told only to who may list the bucket", async (t) => {
  const { as } = await open(t);
  const reader = await as("reader", allow("s3:GetObject", `${bucket}/*`));
  assert.equal(await outcome(reader.getObject({ Bucket, Key: "none" })), "403 AccessDenied");
  assert.equal(await outcome(reader.headObject({ Bucket, Key: "none" })), "403 Unknown");
  const lister = await as("lister", allow(["s3:GetObject", "s3:ListBucket"], [bucket, `${bucket}/*`]));
  assert.equal(await outcome(lister.getObject({ Bucket, Key: "none" })), "404 NoSuchKey");
  assert.equal(await outcome(lister.headObject({ Bucket, Key: "none" })), "404 NotFound");
});

test("a copy needs both sides, and its tags too", async (t) => {
  const { as, root } = await open(t);
  await root.putObject({ Bucket, Key: "open/tagged", Body: "t", Tagging: "a=1" });
  const copy = (s3: S3, Key: string, source: string) =>
    outcome(s3.copyObject({ Bucket, Key, CopySource: `${Bucket}/${source}` }));
  const reads = allow("s3:GetObject", `${bucket}/open/*`);
  const writes = allow("s3:PutObject", `${bucket}/copies/*`);
  assert.equal(await copy(await as("one", reads), "copies/a", "open/a"), "403 AccessDenied");
  assert.equal(await copy(await as("other", writes), "copies/a", "open/a"), "403 AccessDenied");
  const both = await as("both", reads, writes);
  assert.equal(await copy(both, "copies/a", "open/a"), "allowed");
  assert.equal(await copy(both, "copies/a", "shut/b"), "403 AccessDenied");
  assert.equal(await copy(both, "copies/t", "open/tagged"), "403 AccessDenied");
  const tagging = allow(["s3:GetObjectTagging", "s3:PutObjectTagging"], `${bucket}/*`);
  assert.equal(await copy(await as("tagger", reads, writes, tagging), "copies/t", "open/tagged"), "allowed");
  const { UploadId } = await both.createMultipartUpload({ Bucket, Key: "copies/parts" });
  const part = (source: string) =>
    outcome(
      both.uploadPartCopy({ Bucket, Key: "copies/parts", UploadId, PartNumber: 1, CopySource: `${Bucket}/${source}` }),
    );
  assert.equal(await part("open/a"), "allowed");
  assert.equal(await part("shut/b"), "403 AccessDenied");
});

test("DeleteObjects deletes what may be deleted, and names the rest", async (t) => {
  const { as, root } = await open(t);
  const s3 = await as("cleaner", allow("s3:DeleteObject", `${bucket}/open/*`));
  const { Deleted, Errors } = await s3.deleteObjects({
    Bucket,
    Delete: { Objects: [{ Key: "open/a" }, { Key: "shut/b" }] },
  });
  assert.deepEqual(
    Deleted!.map(({ Key }) => Key),
    ["open/a"],
  );
  assert.deepEqual(
    Errors!.map(({ Key, Code }) => [Key, Code]),
    [["shut/b", "AccessDenied"]],
  );
  const left = await root.listObjectsV2({ Bucket });
  assert.deepEqual(
    left.Contents!.map(({ Key }) => Key),
    ["shut/b"],
  );
});

test("policies are bound by S3's condition keys", async (t) => {
  const { as, root } = await open(t);
  await root.putObject({ Bucket, Key: "open/red", Body: "r", Tagging: "colour=red" });
  const listing = await as(
    "lister",
    allow("s3:ListBucket", bucket, {
      StringLike: { "s3:prefix": ["open/*", ""] },
      NumericLessThanEquals: { "s3:max-keys": "10" },
    }),
  );
  assert.equal(await outcome(listing.listObjectsV2({ Bucket, Prefix: "open/", MaxKeys: 10 })), "allowed");
  assert.equal(await outcome(listing.listObjects({ Bucket, Prefix: "", MaxKeys: 5 })), "allowed");
  assert.equal(await outcome(listing.listObjectsV2({ Bucket, Prefix: "shut/", MaxKeys: 10 })), "403 AccessDenied");
  assert.equal(await outcome(listing.listObjectsV2({ Bucket, Prefix: "open/", MaxKeys: 11 })), "403 AccessDenied");

  const tagged = await as(
    "tagged",
    allow("s3:GetObject", `${bucket}/*`, { StringEquals: { "s3:ExistingObjectTag/colour": "red" } }),
    allow(["s3:PutObject", "s3:PutObjectTagging"], `${bucket}/*`, {
      StringEquals: { "s3:RequestObjectTag/colour": "blue" },
      "ForAllValues:StringEquals": { "s3:RequestObjectTagKeys": ["colour"] },
    }),
  );
  assert.equal(await outcome(tagged.getObject({ Bucket, Key: "open/red" })), "allowed");
  assert.equal(await outcome(tagged.getObject({ Bucket, Key: "open/a" })), "403 AccessDenied");
  const put = (Tagging?: string) => outcome(tagged.putObject({ Bucket, Key: "open/n", Body: "n", Tagging }));
  assert.equal(await put("colour=blue"), "allowed");
  assert.equal(await put("colour=red"), "403 AccessDenied");
  assert.equal(await put("colour=blue&size=1"), "403 AccessDenied");
  assert.equal(await put(), "403 AccessDenied");

  const sealing = await as("sealing", allow("s3:PutObject", `${bucket}/*`), {
    Effect: "Deny",
    Action: "s3:PutObject",
    Resource: `${bucket}/*`,
    Condition: { StringNotEquals: { "s3:x-amz-server-side-encryption": "aws:kms" } },
  });
  assert.equal(await outcome(sealing.putObject({ Bucket, Key: "k", Body: "k" })), "403 AccessDenied");
  assert.equal(
    await outcome(sealing.putObject({ Bucket, Key: "k", Body: "k", ServerSideEncryption: "aws:kms" })),
    "allowed",
  );

  const byLink = await as(
    "link",
    allow("s3:GetObject", `${bucket}/*`, { StringEquals: { "s3:authType": "REST-QUERY-STRING" } }),
  );
  assert.equal(await outcome(byLink.getObject({ Bucket, Key: "open/a" })), "403 AccessDenied");
  const link = await getSignedUrl(byLink, new GetObjectCommand({ Bucket, Key: "open/a" }));
  assert.equal((await fetch(link)).status, 200);
  const fresh = await as(
    "fresh",
    allow("s3:GetObject", `${bucket}/*`, { NumericLessThan: { "s3:signatureAge": "600000" } }),
  );
  const old = { signingDate: new Date(Date.now() - 700_000), expiresIn: 3600 };
  assert.equal((await fetch(await getSignedUrl(fresh, new GetObjectCommand({ Bucket, Key: "open/a" })))).status, 200);
  assert.equal(
    (await fetch(await getSignedUrl(fresh, new GetObjectCommand({ Bucket, Key: "open/a" }), old))).status,
    403,
  );
});

test("the root of the account, however much its bucket's policy denies, can mend the policy", async (t) => {
  const { root, putPolicy } = await open(t);
  await putPolicy({ Effect: "Deny", Principal: "*", Action: "s3:*", Resource: [bucket, `${bucket}/*`] });
  assert.equal(await outcome(root.getObject({ Bucket, Key: "open/a" })), "403 AccessDenied");
  assert.equal(await outcome(root.getBucketPolicy({ Bucket })), "allowed");
  await root.deleteBucketPolicy({ Bucket });
  assert.equal(await outcome(root.getObject({ Bucket, Key: "open/a" })), "allowed");
  assert.equal(await outcome(root.getBucketPolicy({ Bucket })), "404 NoSuchBucketPolicy");
});

test("another account needs both the bucket's policy and its own", async (t) => {
  const server = await open(t);
  const { putPolicy, user, s3: connect, root, records, access } = server;
  const other = "999999999999";
  const mine = [allow("s3:*", "*")];
  const eve = connect((await user("eve", mine, { account: other })).keys);
  assert.equal(await outcome(eve.getObject({ Bucket, Key: "open/a" })), "403 AccessDenied");
  assert.deepEqual((await eve.listBuckets({})).Buckets, []);
  await putPolicy({
    Effect: "Allow",
    Principal: { AWS: `arn:aws:iam::${other}:user/eve` },
    Action: ["s3:GetObject", "s3:PutObject"],
    Resource: `${bucket}/open/*`,
  });
  assert.equal(await outcome(eve.getObject({ Bucket, Key: "open/a" })), "allowed");
  assert.equal(await outcome(eve.putObject({ Bucket, Key: "open/eve", Body: "e" })), "allowed");
  assert.equal(await outcome(eve.getObject({ Bucket, Key: "shut/b" })), "403 AccessDenied");
  assert.equal(await outcome(eve.getObject({ Bucket, Key: "open/a", ExpectedBucketOwner: other })), "403 AccessDenied");
  assert.equal(await outcome(eve.getObject({ Bucket, Key: "open/a", ExpectedBucketOwner: account })), "allowed");
  const [{ Principal }] = JSON.parse((await root.getBucketPolicy({ Bucket })).Policy!).Statement;
  assert.deepEqual(Principal, { AWS: `arn:aws:iam::${other}:user/eve` });
  // Who takes the name again is somebody else.
  await records.db.updateTable("users").set({ id: "AIDASOMEBODYELSE00001" }).where("name", "=", "eve").execute();
  await records.db
    .updateTable("access_keys")
    .set({ user_id: "AIDASOMEBODYELSE00001" })
    .where("user_name", "=", "eve")
    .execute();
  access.forget();
  assert.equal(await outcome(eve.getObject({ Bucket, Key: "open/a" })), "403 AccessDenied");
  const mallory = connect((await user("mallory", [], { account: other })).keys);
  assert.equal(await outcome(mallory.getObject({ Bucket, Key: "open/a" })), "403 AccessDenied");
});

test("nobody in particular gets what a public policy opens, once the block is taken away", async (t) => {
  const { root, putPolicy, fetch } = await open(t);
  const open_ = { Effect: "Allow", Principal: "*", Action: "s3:GetObject", Resource: `${bucket}/open/*` };
  assert.equal((await fetch("/open/a")).status, 403);
  assert.match(await (await fetch("/open/a")).text(), /<Code>AccessDenied<\/Code>/);
  await assert.rejects(putPolicy(open_), { name: "AccessDenied", message: /BlockPublicPolicy/ });
  const { PublicAccessBlockConfiguration: block } = await root.getPublicAccessBlock({ Bucket });
  assert.deepEqual(block, {
    BlockPublicAcls: true,
    IgnorePublicAcls: true,
    BlockPublicPolicy: true,
    RestrictPublicBuckets: true,
  });
  await root.deletePublicAccessBlock({ Bucket });
  assert.equal(await outcome(root.getPublicAccessBlock({ Bucket })), "404 NoSuchPublicAccessBlockConfiguration");
  await putPolicy(open_);
  assert.equal((await root.getBucketPolicyStatus({ Bucket })).PolicyStatus!.IsPublic, true);
  assert.deepEqual(JSON.parse((await root.getBucketPolicy({ Bucket })).Policy!).Statement, [open_]);

  const answer = await fetch("/open/a");
  assert.deepEqual([answer.status, await answer.text()], [200, "a"]);
  assert.equal((await fetch("/open/a", { headers: { range: "bytes=0-0" } })).status, 206);
  assert.equal((await fetch("/open/a", { method: "HEAD" })).status, 200);
  for (const [path, init, status] of [
    ["/shut/b", {}, 403],
    ["/open/none", {}, 403],
    ["/open/a", { method: "PUT", body: "x" }, 403],
    ["/open/a", { method: "DELETE" }, 403],
    ["?list-type=2", {}, 403],
    ["?policy", {}, 403],
    ["?policy", { method: "DELETE" }, 403],
    ["", { method: "DELETE" }, 403],
    ["/open/a?response-content-type=text/html", {}, 400],
  ] as const)
    assert.equal((await fetch(path, init)).status, status, `${path} ${JSON.stringify(init)}`);

  await putPolicy(
    open_,
    { Effect: "Allow", Principal: "*", Action: "s3:PutObject", Resource: `${bucket}/drop/*` },
    {
      Effect: "Allow",
      Principal: "*",
      Action: "s3:ListBucket",
      Resource: bucket,
    },
  );
  assert.equal((await fetch("/drop/x", { method: "PUT", body: "dropped" })).status, 200);
  assert.equal(await (await root.getObject({ Bucket, Key: "drop/x" })).Body!.transformToString(), "dropped");
  assert.equal((await fetch("?list-type=2")).status, 200);
  assert.equal((await fetch("/open/none")).status, 404);

  const restricted = { RestrictPublicBuckets: true };
  await root.putPublicAccessBlock({ Bucket, PublicAccessBlockConfiguration: restricted });
  assert.equal((await fetch("/open/a")).status, 403);
  assert.equal(await outcome(root.getObject({ Bucket, Key: "open/a" })), "allowed");
});

test("a posted form is judged as who signed it", async (t) => {
  const { as, root } = await open(t);
  const post = async (s3: S3, Key: string) => {
    const { url, fields } = await createPresignedPost(s3, { Bucket, Key });
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.append(name, value);
    form.append("file", new Blob(["posted"]));
    return (await fetch(url, { method: "POST", body: form })).status;
  };
  const s3 = await as(
    "poster",
    allow("s3:PutObject", `${bucket}/posts/*`, { StringEquals: { "s3:authType": "POST" } }),
  );
  assert.equal(await post(s3, "posts/1"), 204);
  assert.equal(await post(s3, "open/1"), 403);
  assert.equal(await outcome(s3.putObject({ Bucket, Key: "posts/2", Body: "2" })), "403 AccessDenied");
  assert.equal((await root.headObject({ Bucket, Key: "posts/1" })).ContentLength, 6);
});

test("refuses policies that are none, or not about this bucket", async (t) => {
  const { root, putPolicy } = await open(t);
  const malformed = async (Policy: string) =>
    root.putBucketPolicy({ Bucket, Policy }).then(
      () => "taken",
      ({ name, message }) => `${name}: ${message}`,
    );
  const statement = { Effect: "Allow", Principal: { AWS: account }, Action: "s3:GetObject", Resource: `${bucket}/*` };
  const document = (change: object) => documentOf({ ...statement, ...change });
  assert.match(
    await malformed("not json"),
    /^MalformedPolicy: Policies must be valid JSON and the first byte must be '{'$/,
  );
  assert.match(await malformed("{}"), /^MalformedPolicy: /);
  assert.match(await malformed(document({ Principal: undefined })), /^MalformedPolicy: /);
  assert.match(await malformed(document({ Effect: "Maybe" })), /^MalformedPolicy: /);
  for (const Resource of ["*", "arn:aws:s3:::other/*", "arn:aws:s3:::filmstrip", `${bucket}s/*`])
    assert.equal(await malformed(document({ Resource })), "MalformedPolicy: Policy has invalid resource", Resource);
  assert.match(
    await malformed(document({ Principal: { AWS: `arn:aws:iam::${account}:user/nobody` } })),
    /^MalformedPolicy: Invalid principal in policy/,
  );
  for (const Action of ["kms:Decrypt", ["s3:GetObject", "ec2:*"]])
    assert.equal(await malformed(document({ Action })), "MalformedPolicy: Policy has invalid action");
  const large = (count: number) => document({ Condition: { StringEquals: { "aws:userid": "x".repeat(count) } } });
  assert.match(await malformed(large(20_480)), /^MalformedPolicy: /);
  assert.equal(await malformed(large(20_000)), "taken");
  for (const Resource of [bucket, `${bucket}/*`, `${bucket}*`, [bucket, `${bucket}/a`]])
    assert.equal(await outcome(putPolicy({ ...statement, Action: "s3:*", Resource })), "allowed");
});
