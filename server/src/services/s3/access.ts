/**
 * What operations of S3 ask of policies: the action, the bucket or object, whose it is, what the bucket's own policy says,
 * and the condition keys of S3.
 *
 * @see https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
 */
import type { ConditionContext } from "../../policy/policy.types.ts";
import { bucketArn, objectArn } from "../../storage/buckets/arn.ts";
import type { Bucket, Tag } from "../../storage/records/buckets.ts";
import type { Authorization, ResourcePolicy } from "../operation.ts";
import type { Call } from "./context.ts";
import { bucketOf, objectOf } from "./look-up.ts";
import { isPublicPolicy } from "./public-policy.ts";
import { parseTagHeader } from "./tags.ts";

type OnBucket = { Bucket: string };
type OnObject = { Bucket: string; Key: string; VersionId?: string };

/** The authorization of an operation on a bucket. */
export function onBucket<Input extends OnBucket>(action: string, keys?: (input: Input) => ConditionContext) {
  return (input: Input, ctx: Call) => bucketAccess(ctx, action, input.Bucket, keys?.(input));
}

/** Of an operation on the policy of a bucket, which must not lock out the root of the account. */
export function onBucketPolicy(action: string) {
  return async ({ Bucket: name }: OnBucket, ctx: Call): Promise<Authorization> => {
    const { resourcePolicy, ...wanted } = await bucketAccess(ctx, action, name);
    const isOwnRoot = ctx.caller?.isRoot && ctx.caller.accountId === wanted.accountId;
    return isOwnRoot ? wanted : { ...wanted, resourcePolicy };
  };
}

/** Of a listing, which policies may bind to prefixes. */
export function onListing<Input extends OnBucket & { Prefix?: string; Delimiter?: string; MaxKeys?: number }>(
  action: string,
) {
  return onBucket<Input>(action, ({ Prefix, Delimiter, MaxKeys }) => ({
    ...(Prefix !== undefined && { "s3:prefix": Prefix }),
    ...(Delimiter !== undefined && { "s3:delimiter": Delimiter }),
    ...(MaxKeys !== undefined && { "s3:max-keys": String(MaxKeys) }),
  }));
}

/** Of an operation on a key, whether or not there is an object. */
export function onObject<Input extends OnObject>(action: string) {
  return (input: Input, ctx: Call) => objectAccess(ctx, action, input);
}

/** Of an operation on what is there, which policies may bind to its tags. */
export function onStoredObject<Input extends OnObject>(...actions: readonly string[]) {
  return (input: Input, ctx: Call) => storedObjectAccess(ctx, actions, input);
}

export async function storedObjectAccess(ctx: Call, actions: readonly string[], object: OnObject) {
  const { tags = [] } = (await objectOf(ctx, object.Bucket, object.Key)) ?? {};
  return objectAccesses(ctx, actions, object, tagKeys("s3:existingobjecttag", tags));
}

type Written = OnObject & { ACL?: string; Tagging?: string };

/** Of a write: tags and ACLs that come with it are actions of their own. */
export async function writeAccess(input: Written, ctx: Call): Promise<Authorization[]> {
  const keys = requestTagKeys(parseTagHeader(input.Tagging));
  const actions = ["s3:PutObject"];
  if (input.Tagging) actions.push("s3:PutObjectTagging");
  if (input.ACL !== undefined) actions.push("s3:PutObjectAcl");
  return objectAccesses(ctx, actions, input, keys);
}

export function requestTagKeys(tags: readonly Tag[]): ConditionContext {
  if (tags.length === 0) return {};
  return { ...tagKeys("s3:requestobjecttag", tags), "s3:requestobjecttagkeys": tags.map(({ Key }) => Key) };
}

function tagKeys(prefix: string, tags: readonly Tag[]): ConditionContext {
  const keys: Keys = {};
  for (const { Key, Value } of tags) keys[`${prefix}/${Key.toLowerCase()}`] = Value;
  return keys;
}

export async function mayList(ctx: Call, bucket: string): Promise<boolean> {
  return ctx.mayDo(await bucketAccess(ctx, "s3:ListBucket", bucket));
}

export async function bucketAccess(
  ctx: Call,
  action: string,
  name: string,
  context?: ConditionContext,
): Promise<Authorization> {
  return { action, resource: bucketArn(name), ...(await ownersSide(ctx, name, context)) };
}

/** Of one action on an object. */
export async function objectAccess(
  ctx: Call,
  action: string,
  object: OnObject,
  context?: ConditionContext,
): Promise<Authorization> {
  const [access] = await objectAccesses(ctx, [action], object, context);
  return access!;
}

/** What names a version, even `null`, is an action of its own. */
async function objectAccesses(
  ctx: Call,
  actions: readonly string[],
  { Bucket, Key, VersionId }: OnObject,
  context?: ConditionContext,
): Promise<Authorization[]> {
  const resource = objectArn(Bucket, Key);
  const keys = VersionId === undefined ? context : { "s3:versionid": VersionId, ...context };
  const side = await ownersSide(ctx, Bucket, keys);
  return actions.map((action) => ({
    action: VersionId === undefined ? action : action.replace(/Object(?=$|Tagging|Acl|Attributes)/, "ObjectVersion"),
    resource,
    ...side,
  }));
}

async function ownersSide(ctx: Call, name: string, context?: ConditionContext): Promise<OwnersSide> {
  const bucket = await bucketOf(ctx, name);
  const keys = Object.assign(requestKeys(ctx), context);
  // A bucket that is not there is nobody's: the caller's own policies decide whether they are told so.
  if (bucket === undefined) return { context: keys };
  keys["s3:resourceaccount"] = bucket.account;
  return { accountId: bucket.account, context: keys, resourcePolicy: policyOf(ctx, bucket) };
}

type OwnersSide = Pick<Authorization, "accountId" | "context" | "resourcePolicy">;

function policyOf(ctx: Call, { name, account, settings }: Bucket): ResourcePolicy | undefined {
  const { policy, publicAccessBlock } = settings;
  if (policy === undefined) return undefined;
  const isStranger = ctx.caller?.accountId !== account;
  if (isStranger && publicAccessBlock?.restrictPublicBuckets && isPublicPolicy(policy)) return undefined;
  return { source: `bucket policy of ${name}`, document: policy };
}

/** Headers that are condition keys by their own name. */
const keyHeaders = [
  "if-match",
  "if-none-match",
  "x-amz-acl",
  "x-amz-content-sha256",
  "x-amz-copy-source",
  "x-amz-grant-full-control",
  "x-amz-grant-read",
  "x-amz-grant-read-acp",
  "x-amz-grant-write",
  "x-amz-grant-write-acp",
  "x-amz-metadata-directive",
  "x-amz-server-side-encryption",
  "x-amz-server-side-encryption-aws-kms-key-id",
  "x-amz-server-side-encryption-customer-algorithm",
  "x-amz-storage-class",
  "x-amz-website-redirect-location",
].map((header) => ({ header, key: `s3:${header}` }));

type Keys = Record<string, ConditionContext[string]>;

/** The caller may add to it. */
function requestKeys(ctx: Call): Keys {
  const keys: Keys = {};
  for (const { header, key } of keyHeaders) {
    const value = ctx.header(header);
    if (value !== undefined) keys[key] = value;
  }
  addSignatureKeys(keys, ctx);
  return keys;
}

/** How the request was signed. */
function addSignatureKeys(keys: Keys, ctx: Call): void {
  if (ctx.caller === undefined) return;
  const isHeader = ctx.header("authorization") !== undefined;
  if (!isHeader && ctx.query("X-Amz-Algorithm") === undefined) {
    if (ctx.query("AWSAccessKeyId") === undefined) return;
    keys["s3:authtype"] = "REST-QUERY-STRING";
    keys["s3:signatureversion"] = "AWS";
    return;
  }
  keys["s3:authtype"] = isHeader ? "REST-HEADER" : "REST-QUERY-STRING";
  keys["s3:signatureversion"] = "AWS4-HMAC-SHA256";
  const signedAt = timeOf(ctx.query("X-Amz-Date") ?? ctx.header("x-amz-date"));
  if (signedAt !== undefined) keys["s3:signatureage"] = String(Math.max(0, ctx.clock() - signedAt));
}

/** `20260402T091527Z` */
function timeOf(text: string | undefined): number | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text ?? "");
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second] = match;
  return Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second));
}
