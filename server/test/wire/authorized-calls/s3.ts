import assert from "node:assert/strict";
import { createPresignedPost } from "@aws-sdk/s3-presigned-post";
import type { Case, Cases, Need } from "./cases.ts";
import type { World } from "./world.ts";

const arn = (rest: string) => `arn:aws:s3:::${rest}`;

async function newBucket({ s3, fresh }: World): Promise<string> {
  const Bucket = fresh("bucket");
  await s3.createBucket({ Bucket });
  return Bucket;
}

type More = (Bucket: string, world: World) => object | Promise<object>;

/** An operation on a bucket. S3's actions are often called otherwise than its operations: each is named. */
const onBucket =
  (action: string, more: More = () => ({}), fails?: string): Cases[string] =>
  async (world) => {
    const Bucket = await newBucket(world);
    const input = { Bucket, ...(await more(Bucket, world)) };
    return { needs: [[`s3:${action}`, arn(Bucket)]], input, ...(fails !== undefined && { fails }) };
  };

/** An operation on an object that is there. */
const onObject =
  (actions: string | readonly string[], more: object = {}, fails?: string): Cases[string] =>
  async (world) => {
    const Bucket = await newBucket(world);
    await world.s3.putObject({ Bucket, Key: "a/key", Body: "body" });
    const needs = [actions].flat().map((action): Need => [`s3:${action}`, arn(`${Bucket}/a/key`)]);
    return { needs, input: { Bucket, Key: "a/key", ...more }, ...(fails !== undefined && { fails }) };
  };

type Upload = { Bucket: string; Key: string; UploadId: string };

const onUpload =
  (action: string, more: (upload: Upload, world: World) => object | Promise<object> = () => ({})): Cases[string] =>
  async (world) => {
    const Bucket = await newBucket(world);
    const { UploadId } = await world.s3.createMultipartUpload({ Bucket, Key: "a/key" });
    const upload = { Bucket, Key: "a/key", UploadId: UploadId! };
    return {
      needs: [[`s3:${action}`, arn(`${Bucket}/a/key`)]],
      input: { ...upload, ...(await more(upload, world)) },
    };
  };

const rule = { AllowedMethods: ["GET"], AllowedOrigins: ["*"] };
const tagging = { Tagging: { TagSet: [{ Key: "team", Value: "a" }] } };
const sse = { Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" } }] };

const policyFor = (Bucket: string) =>
  JSON.stringify({
    Version: "2012-10-17",
    Statement: { Effect: "Deny", Principal: "*", Action: "s3:PutObject", Resource: `${arn(Bucket)}/never` },
  });
const withPolicy: More = async (Bucket, { s3 }) => {
  await s3.putBucketPolicy({ Bucket, Policy: policyFor(Bucket) });
  return {};
};

export const s3Cases: Cases = {
  CreateBucket({ fresh }) {
    const Bucket = fresh("bucket");
    return { needs: [["s3:CreateBucket", arn(Bucket)]], input: { Bucket } };
  },
  DeleteBucket: onBucket("DeleteBucket"),
  HeadBucket: onBucket("ListBucket"),
  ListBuckets: () => ({ needs: [["s3:ListAllMyBuckets", "*"]] }),
  ListMultipartUploads: onBucket("ListBucketMultipartUploads"),
  ListObjects: onBucket("ListBucket"),
  ListObjectsV2: onBucket("ListBucket"),
  ListObjectVersions: onBucket("ListBucketVersions"),

  DeleteBucketCors: onBucket("PutBucketCORS"),
  DeleteBucketEncryption: onBucket("PutEncryptionConfiguration"),
  DeleteBucketLifecycle: onBucket("PutLifecycleConfiguration"),
  DeleteBucketOwnershipControls: onBucket("PutBucketOwnershipControls"),
  DeleteBucketPolicy: onBucket("DeleteBucketPolicy", withPolicy),
  DeleteBucketReplication: onBucket("PutReplicationConfiguration"),
  DeleteBucketTagging: onBucket("PutBucketTagging"),
  DeleteBucketWebsite: onBucket("DeleteBucketWebsite"),
  DeletePublicAccessBlock: onBucket("PutBucketPublicAccessBlock"),
  GetBucketAccelerateConfiguration: onBucket("GetAccelerateConfiguration"),
  GetBucketAcl: onBucket("GetBucketAcl"),
  GetBucketCors: onBucket("GetBucketCORS", async (Bucket, { s3 }) => {
    await s3.putBucketCors({ Bucket, CORSConfiguration: { CORSRules: [rule] } });
    return {};
  }),
  GetBucketEncryption: onBucket("GetEncryptionConfiguration"),
  GetBucketLifecycleConfiguration: onBucket("GetLifecycleConfiguration", undefined, "NoSuchLifecycleConfiguration"),
  GetBucketLocation: onBucket("GetBucketLocation"),
  GetBucketLogging: onBucket("GetBucketLogging"),
  GetBucketNotificationConfiguration: onBucket("GetBucketNotification"),
  GetBucketOwnershipControls: onBucket("GetBucketOwnershipControls", undefined, "OwnershipControlsNotFoundError"),
  GetBucketPolicy: onBucket("GetBucketPolicy", withPolicy),
  GetBucketPolicyStatus: onBucket("GetBucketPolicyStatus", withPolicy),
  GetBucketReplication: onBucket("GetReplicationConfiguration", undefined, "ReplicationConfigurationNotFoundError"),
  GetBucketRequestPayment: onBucket("GetBucketRequestPayment"),
  GetBucketTagging: onBucket("GetBucketTagging", async (Bucket, { s3 }) => {
    await s3.putBucketTagging({ Bucket, ...tagging });
    return {};
  }),
  GetBucketVersioning: onBucket("GetBucketVersioning"),
  GetBucketWebsite: onBucket("GetBucketWebsite", undefined, "NoSuchWebsiteConfiguration"),
  GetObjectLockConfiguration: onBucket(
    "GetBucketObjectLockConfiguration",
    undefined,
    "ObjectLockConfigurationNotFoundError",
  ),
  GetPublicAccessBlock: onBucket("GetBucketPublicAccessBlock"),
  ListBucketAnalyticsConfigurations: onBucket("GetAnalyticsConfiguration"),
  ListBucketIntelligentTieringConfigurations: onBucket("GetIntelligentTieringConfiguration"),
  ListBucketInventoryConfigurations: onBucket("GetInventoryConfiguration"),
  ListBucketMetricsConfigurations: onBucket("GetMetricsConfiguration"),
  PutBucketAcl: onBucket("PutBucketAcl", () => ({ ACL: "private" })),
  PutBucketCors: onBucket("PutBucketCORS", () => ({ CORSConfiguration: { CORSRules: [rule] } })),
  PutBucketEncryption: onBucket("PutEncryptionConfiguration", () => ({ ServerSideEncryptionConfiguration: sse })),
  PutBucketPolicy: onBucket("PutBucketPolicy", (Bucket) => ({ Policy: policyFor(Bucket) })),
  PutBucketTagging: onBucket("PutBucketTagging", () => tagging),
  PutPublicAccessBlock: onBucket("PutBucketPublicAccessBlock", () => ({
    PublicAccessBlockConfiguration: { BlockPublicAcls: true },
  })),

  DeleteObject: onObject("DeleteObject"),
  "DeleteObject by version": onObject("DeleteObjectVersion", { VersionId: "null" }),
  DeleteObjects: manyDeleted,
  DeleteObjectTagging: onObject("DeleteObjectTagging"),
  GetObject: onObject("GetObject"),
  "GetObject by version": onObject("GetObjectVersion", { VersionId: "null" }),
  GetObjectAcl: onObject("GetObjectAcl"),
  GetObjectAttributes: onObject(["GetObject", "GetObjectAttributes"], { ObjectAttributes: ["ETag"] }),
  GetObjectLegalHold: onObject("GetObjectLegalHold", {}, "NoSuchObjectLockConfiguration"),
  GetObjectRetention: onObject("GetObjectRetention", {}, "NoSuchObjectLockConfiguration"),
  GetObjectTagging: onObject("GetObjectTagging"),
  HeadObject: onObject("GetObject"),
  PutObject: onObject("PutObject", { Body: "new" }),
  "PutObject with tags": onObject(["PutObject", "PutObjectTagging"], { Body: "new", Tagging: "team=a" }),
  "PutObject with an ACL": onObject(["PutObject", "PutObjectAcl"], { Body: "new", ACL: "private" }),
  PutObjectAcl: onObject("PutObjectAcl", { ACL: "private" }),
  PutObjectTagging: onObject("PutObjectTagging", tagging),
  PostObject: posted,
  CopyObject: copied([]),
  "CopyObject with tags": copied([{ Key: "team", Value: "a" }]),

  AbortMultipartUpload: onUpload("AbortMultipartUpload"),
  CompleteMultipartUpload: onUpload("PutObject", async (upload, { s3 }) => {
    const { ETag } = await s3.uploadPart({ ...upload, PartNumber: 1, Body: "part" });
    return { MultipartUpload: { Parts: [{ PartNumber: 1, ETag }] } };
  }),
  CreateMultipartUpload: onObject("PutObject"),
  ListParts: onUpload("ListMultipartUploadParts"),
  UploadPart: onUpload("PutObject", () => ({ PartNumber: 1, Body: "part" })),
  async UploadPartCopy(world) {
    const Bucket = await newBucket(world);
    await world.s3.putObject({ Bucket, Key: "from", Body: "body" });
    const { UploadId } = await world.s3.createMultipartUpload({ Bucket, Key: "to" });
    return {
      needs: [
        ["s3:GetObject", arn(`${Bucket}/from`)],
        ["s3:PutObject", arn(`${Bucket}/to`)],
      ],
      input: { Bucket, Key: "to", UploadId, PartNumber: 1, CopySource: `${Bucket}/from` },
    };
  },
};

function copied(tags: readonly { Key: string; Value: string }[]): Cases[string] {
  return async (world) => {
    const [from, to] = [await newBucket(world), await newBucket(world)];
    const Tagging = tags.map(({ Key, Value }) => `${Key}=${Value}`).join("&");
    await world.s3.putObject({ Bucket: from, Key: "key", Body: "body", ...(Tagging && { Tagging }) });
    const actions = (verb: string) => [`s3:${verb}Object`, ...(Tagging ? [`s3:${verb}ObjectTagging`] : [])];
    return {
      needs: [
        ...actions("Get").map((action): Need => [action, arn(`${from}/key`)]),
        ...actions("Put").map((action): Need => [action, arn(`${to}/copy`)]),
      ],
      input: { Bucket: to, Key: "copy", CopySource: `${from}/key` },
    };
  };
}

/** Each key is judged on its own, and what is denied is told beside what is done. */
async function manyDeleted(world: World): Promise<Case> {
  const Bucket = await newBucket(world);
  const keys = ["one", "two"];
  for (const Key of keys) await world.s3.putObject({ Bucket, Key, Body: "body" });
  return {
    needs: keys.map((key): Need => ["s3:DeleteObject", arn(`${Bucket}/${key}`)]),
    async call(caller) {
      const Delete = { Objects: keys.map((Key) => ({ Key })) };
      const { Errors: [error] = [], $metadata } = await world.client("s3", caller).deleteObjects({ Bucket, Delete });
      assert.equal($metadata.httpStatusCode, 200);
      // In the words of an error of its own, to be judged as one.
      if (error) throw { name: error.Code, message: error.Message, $metadata: { httpStatusCode: 403 } };
    },
  };
}

async function posted(world: World): Promise<Case> {
  const Bucket = await newBucket(world);
  return {
    needs: [["s3:PutObject", arn(`${Bucket}/posted`)]],
    async call(keys) {
      const signed = await createPresignedPost(world.client("s3", keys), { Bucket, Key: "posted" });
      const { url, fields } = keys === undefined ? { url: signed.url, fields: { key: "posted" } } : signed;
      const body = new FormData();
      for (const [name, value] of Object.entries(fields)) body.append(name, value);
      body.append("file", new Blob(["posted"]));
      const answer = await fetch(url, { method: "POST", body });
      const text = await answer.text();
      if (answer.ok) return;
      const [, name] = /<Code>(\w+)<\/Code>/.exec(text)!;
      const [, message] = /<Message>([^<]+)<\/Message>/.exec(text)!;
      throw { name, message, $metadata: { httpStatusCode: answer.status } };
    },
  };
}
