/**
 * Server-side encryption as requests and answers speak of it, and who may use the keys.
 *
 * SSE-S3 asks nobody. SSE-KMS asks the policies of the caller and of the key: `kms:GenerateDataKey` to write,
 * `kms:Decrypt` to read and to go on with an upload. SSE-C takes the key from the request and never keeps it.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/serv-side-encryption.html
 */
import { createHash } from "node:crypto";
import { bucketArn, objectArn } from "../../storage/buckets/arn.ts";
import type { EncryptionRule, Sealing } from "../../storage/buckets/object-keys.ts";
import { homeOf } from "../../storage/buckets/object-keys.ts";
import { type EncryptionContext, KeyFailure, type KmsKey } from "../../storage/keys/key-store.ts";
import type { Bucket } from "../../storage/records/buckets.ts";
import { listGrantsTo } from "../../storage/records/kms-grants.ts";
import type { Encryption, StoredObject } from "../../storage/records/objects.ts";
import type { Upload } from "../../storage/records/uploads.ts";
import { principalsOf } from "../kms/find-key.ts";
import { keyAuthorization } from "../kms/key-authorization.ts";
import type { Call } from "./context.ts";
import {
  accessDenied,
  headerNotDone,
  invalidArgument,
  invalidCustomerAlgorithm,
  invalidRequest,
  keyFailed,
} from "./errors.ts";

export type CustomerKeyMembers = {
  SSECustomerAlgorithm?: string;
  SSECustomerKey?: string;
  SSECustomerKeyMD5?: string;
};

export type EncryptionMembers = CustomerKeyMembers & {
  ServerSideEncryption?: string;
  SSEKMSKeyId?: string;
  SSEKMSEncryptionContext?: string;
  BucketKeyEnabled?: boolean;
};

type CustomerKey = { key: Uint8Array; keyMd5: string };

/** Opens a data key for a new object: as the request says, else as the bucket does. */
export async function sealingFor(ctx: Call, bucket: Bucket, key: string, asked: EncryptionMembers): Promise<Sealing> {
  const rule = encryptionRule(asked, bucket);
  if (rule.mode !== "aws:kms") return namingKeyFailures(() => ctx.objectKeys.create(bucket, key, rule));
  return namingKeyFailures(async () => {
    const kmsKey = await kmsKeyOf(ctx, bucket, rule.keyId, asked.SSEKMSKeyId !== undefined);
    const context = {
      ...rule.context,
      "aws:s3:arn": rule.bucketKey ? bucketArn(bucket.name) : objectArn(bucket.name, key),
    };
    await demandKey(ctx, kmsKey, "GenerateDataKey", context);
    return ctx.objectKeys.create(bucket, key, { ...rule, keyId: kmsKey.arn });
  });
}

/** The data key of an upload, for one more part. `undefined`: it began before there were keys. */
export async function sealingOf(ctx: Call, upload: Upload, asked: CustomerKeyMembers): Promise<Sealing | undefined> {
  const { encryption } = upload;
  const customer = customerKeyOf(asked);
  checkCustomerKey(encryption, customer);
  if (encryption === undefined) return undefined;
  return namingKeyFailures(async () => {
    await demandDecrypt(ctx, encryption);
    return ctx.objectKeys.open(encryption, customer?.key);
  });
}

/** What a reader needs beside the object. @throws ServiceError to who may not use its key, or has brought another one */
export async function readerOf(
  ctx: Call,
  object: StoredObject,
  asked: CustomerKeyMembers,
): Promise<{ customerKey?: Uint8Array }> {
  const customer = checkReader(object, asked);
  const { encryption } = object;
  if (encryption?.mode === "aws:kms") await namingKeyFailures(() => demandDecrypt(ctx, encryption));
  return { customerKey: customer?.key };
}

/** For who asks about an object and not for its bytes. */
export function checkReader({ encryption }: StoredObject, asked: CustomerKeyMembers): CustomerKey | undefined {
  const customer = customerKeyOf(asked);
  checkCustomerKey(encryption, customer);
  return customer;
}

/** A copy's source comes with members of its own. */
export function sourceMembers(input: {
  CopySourceSSECustomerAlgorithm?: string;
  CopySourceSSECustomerKey?: string;
  CopySourceSSECustomerKeyMD5?: string;
}): CustomerKeyMembers {
  return {
    SSECustomerAlgorithm: input.CopySourceSSECustomerAlgorithm,
    SSECustomerKey: input.CopySourceSSECustomerKey,
    SSECustomerKeyMD5: input.CopySourceSSECustomerKeyMD5,
  };
}

/** For outputs. */
export function encryptionMembers(encryption: Encryption | undefined) {
  if (encryption === undefined) return {};
  const { mode, keyArn, bucketKey, keyMd5 } = encryption;
  if (mode === "customer") return { SSECustomerAlgorithm: "AES256", SSECustomerKeyMD5: keyMd5 };
  if (mode === "AES256") return { ServerSideEncryption: mode };
  return { ServerSideEncryption: mode, SSEKMSKeyId: keyArn, BucketKeyEnabled: bucketKey };
}

/** For outputs of what writes: with the context. */
export function writtenMembers(encryption: Encryption | undefined) {
  const { mode, context } = encryption ?? {};
  const base64 = mode === "aws:kms" ? Buffer.from(JSON.stringify(context)).toString("base64") : undefined;
  return { ...encryptionMembers(encryption), SSEKMSEncryptionContext: base64 };
}

/** Runs what uses keys. @throws ServiceError for its failures */
export async function namingKeyFailures<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof KeyFailure)) throw error;
    throw error.key === "customer" ? accessDenied() : keyFailed(error.problem, error.message);
  }
}

export function asksForEncryption(asked: EncryptionMembers): boolean {
  return asked.ServerSideEncryption !== undefined || asked.SSECustomerAlgorithm !== undefined;
}

/** @throws ServiceError for members that do not go together */
export function encryptionRule(asked: EncryptionMembers, { settings }: Pick<Bucket, "settings">): EncryptionRule {
  const { ServerSideEncryption: mode, SSEKMSKeyId: keyId, SSEKMSEncryptionContext, BucketKeyEnabled } = asked;
  const customer = customerKeyOf(asked);
  const ofBucket = settings.encryption ?? { mode: "AES256" };
  if (customer !== undefined) {
    if (mode !== undefined)
      throw invalidArgument(
        "Server Side Encryption with Customer provided key is incompatible with the encryption method specified",
        "x-amz-server-side-encryption",
        mode,
      );
    if (ofBucket.blocksCustomerKeys) throw accessDenied();
    return { mode: "customer", ...customer };
  }
  if (mode === "aws:kms:dsse" || mode === "aws:fsx") throw headerNotDone(`x-amz-server-side-encryption: ${mode}`);
  if (mode !== undefined && mode !== "AES256" && mode !== "aws:kms")
    throw invalidArgument("The encryption method specified is not supported", "x-amz-server-side-encryption", mode);
  if (mode !== "aws:kms" && (keyId !== undefined || SSEKMSEncryptionContext !== undefined))
    throw invalidArgument(
      "Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : aws:kms",
      "x-amz-server-side-encryption",
      mode ?? "",
    );
  if ((mode ?? ofBucket.mode) === "AES256") return { mode: "AES256" };
  const bucketKey = BucketKeyEnabled ?? ofBucket.bucketKey ?? false;
  if (mode === undefined) return { mode: "aws:kms", keyId: ofBucket.keyId, bucketKey };
  return { mode, keyId, bucketKey, context: contextOf(SSEKMSEncryptionContext) };
}

/** Base64 of a JSON object of texts. */
function contextOf(header: string | undefined): EncryptionContext | undefined {
  if (header === undefined) return undefined;
  const invalid = () =>
    invalidArgument(
      "The header 'x-amz-server-side-encryption-context' shall be Base64-encoded UTF-8 string holding JSON which represents a string-string map",
      "x-amz-server-side-encryption-context",
      header,
    );
  let context: unknown;
  try {
    context = JSON.parse(Buffer.from(header, "base64").toString("utf8"));
  } catch {
    throw invalid();
  }
  if (typeof context !== "object" || context === null || Array.isArray(context)) throw invalid();
  const entries = Object.entries(context);
  if (entries.some(([name, value]) => typeof value !== "string" || name.startsWith("aws:"))) throw invalid();
  return context as EncryptionContext;
}

/** `undefined`: none was sent. */
function customerKeyOf(asked: CustomerKeyMembers): CustomerKey | undefined {
  const { SSECustomerAlgorithm: algorithm, SSECustomerKey: text, SSECustomerKeyMD5: md5 } = asked;
  if (algorithm === undefined && text === undefined && md5 === undefined) return undefined;
  const header = "x-amz-server-side-encryption-customer-";
  if (algorithm === undefined)
    throw invalidArgument(
      "Requests specifying Server Side Encryption with Customer provided keys must provide a valid encryption algorithm.",
      `${header}algorithm`,
    );
  if (algorithm !== "AES256") throw invalidCustomerAlgorithm(algorithm);
  if (text === undefined)
    throw invalidArgument(
      "Requests specifying Server Side Encryption with Customer provided keys must provide an appropriate secret key.",
      `${header}key`,
    );
  const key = Buffer.from(text, "base64");
  if (key.length !== 32 || key.toString("base64") !== text)
    throw invalidArgument("The secret key was invalid for the specified algorithm.", `${header}key`);
  const keyMd5 = createHash("md5").update(key).digest("base64");
  if (md5 !== keyMd5)
    throw invalidArgument(
      "The calculated MD5 hash of the key did not match the hash that was provided.",
      `${header}key-MD5`,
      md5,
    );
  return { key, keyMd5 };
}

function checkCustomerKey(encryption: Encryption | undefined, customer: CustomerKey | undefined): void {
  if (encryption?.mode === "customer") {
    if (customer === undefined)
      throw invalidRequest(
        "The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.",
      );
    if (customer.keyMd5 !== encryption.keyMd5) throw accessDenied();
  } else if (customer !== undefined) {
    throw invalidRequest("The encryption parameters are not applicable to this object.");
  }
}

/** `isCallers`: a bare id or alias is looked for where the caller is at home, else where the bucket is. */
async function kmsKeyOf(ctx: Call, bucket: Bucket, keyId: string | undefined, isCallers: boolean): Promise<KmsKey> {
  const home = { account: bucket.account, region: bucket.region };
  if (keyId === undefined) return ctx.keys.defaultKey(home, "s3");
  const where = homeOf(keyId, isCallers ? { ...home, account: ctx.accountId } : home);
  const key = await ctx.keys.find(where, keyId);
  if (key === undefined) throw new KeyFailure("NotFound", keyId, `Key '${keyId}' does not exist`);
  return key;
}

async function demandDecrypt(ctx: Call, { mode, keyArn, context = {} }: Encryption): Promise<void> {
  if (mode !== "aws:kms" || keyArn === undefined) return;
  const key = await ctx.keys.find(homeOf(keyArn), keyArn);
  if (key === undefined) throw new KeyFailure("NotFound", keyArn, `Key '${keyArn}' does not exist`);
  await demandKey(ctx, key, "Decrypt", context);
}

async function demandKey(ctx: Call, key: KmsKey, action: string, context: EncryptionContext): Promise<void> {
  const { caller, accountId: callerAccount } = ctx;
  const grants = caller && (await listGrantsTo(ctx.records.db, key.id, principalsOf(caller)));
  await ctx.demand(keyAuthorization(key, action, { context, viaService: "s3", callerAccount, grants }));
}
