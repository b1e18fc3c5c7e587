/**
 * What a caller hands in to limit and to mark a session: policies, and tags.
 */
import { deflateRawSync } from "node:zlib";
import type { Tag } from "@aws-sdk/client-sts";
import { MalformedPolicy, parsePolicy } from "../../policy/parse-policy.ts";
import { findManagedPolicy } from "../../storage/records/managed-policies.ts";
import type { Records } from "../../storage/records/records.ts";
import { invalid, malformedPolicy, packedPolicyTooLarge } from "./errors.ts";

export type SessionLimits = {
  policies?: readonly string[];
  policyArns?: readonly string[];
  tags: Readonly<Record<string, string>>;
  transitiveTagKeys?: readonly string[];
};

type Asked = {
  Policy?: string | undefined;
  PolicyArns?: readonly { arn?: string | undefined }[] | undefined;
  Tags?: readonly Tag[] | undefined;
  TransitiveTagKeys?: readonly string[] | undefined;
};

/** Of policies and tags, packed: what a token may carry of them in a header. */
const maxPackedBytes = 3072;

/**
 * `inherited`: the transitive tags of the session that asks, which go on to this one.
 * `PackedPolicySize`: percent of what there is room for; absent where there is nothing to pack.
 *
 * @throws ServiceError
 */
export async function readSessionLimits(
  { Policy, PolicyArns = [], Tags = [], TransitiveTagKeys = [] }: Asked,
  inherited: Readonly<Record<string, string>>,
  records: Records,
): Promise<{ limits: SessionLimits; PackedPolicySize?: number }> {
  if (Policy !== undefined) checkPolicy(Policy);
  const policyArns = PolicyArns.map(({ arn }) => arn ?? "");
  for (const arn of policyArns) {
    if ((await findManagedPolicy(records.db, arn)) === undefined) throw invalid(`Policy ${arn} does not exist.`);
  }
  const tags = readTags(Tags, inherited);
  const isPassed = (key: string) => Tags.some(({ Key }) => sameKey(Key ?? "", key));
  if (!TransitiveTagKeys.every(isPassed)) {
    throw invalid("The specified transitive tag key must be included in the requested tags.");
  }
  const limits: SessionLimits = {
    ...(Policy !== undefined && { policies: [Policy] }),
    ...(policyArns.length > 0 && { policyArns }),
    tags,
    transitiveTagKeys: [...Object.keys(inherited), ...TransitiveTagKeys],
  };
  if (Policy === undefined && policyArns.length === 0 && Object.keys(tags).length === 0) return { limits };
  const PackedPolicySize = Math.ceil((deflateRawSync(JSON.stringify(limits)).length / maxPackedBytes) * 100);
  if (100 < PackedPolicySize) throw packedPolicyTooLarge(PackedPolicySize);
  return { limits, PackedPolicySize };
}

/** Condition keys of the tags that a request passes. */
export function tagConditions(Tags: readonly Tag[] = [], TransitiveTagKeys: readonly string[] = []) {
  return {
    ...Object.fromEntries(Tags.map(({ Key = "", Value = "" }) => [`aws:requesttag/${Key.toLowerCase()}`, Value])),
    ...(Tags.length > 0 && { "aws:tagkeys": Tags.map(({ Key = "" }) => Key) }),
    ...(TransitiveTagKeys.length > 0 && { "sts:transitivetagkeys": TransitiveTagKeys }),
  };
}

function checkPolicy(document: string): void {
  try {
    parsePolicy(document, "identity");
  } catch (error) {
    throw error instanceof MalformedPolicy ? malformedPolicy(error.message) : error;
  }
}

function readTags(Tags: readonly Tag[], inherited: Readonly<Record<string, string>>): Record<string, string> {
  const tags: Record<string, string> = Object.assign(Object.create(null), inherited);
  for (const [index, { Key = "", Value = "" }] of Tags.entries()) {
    if (/^aws:/i.test(Key)) throw invalid("Tag keys must not begin with aws:, which is reserved.");
    if (Tags.slice(0, index).some((other) => sameKey(other.Key ?? "", Key))) {
      throw invalid("Duplicate tag keys found. Please note that Tag keys are case insensitive.");
    }
    if (Object.keys(inherited).some((key) => sameKey(key, Key))) {
      throw invalid(`The tag ${Key} is a transitive tag of the calling session and cannot be set anew.`);
    }
    tags[Key] = Value;
  }
  return { ...tags };
}

function sameKey(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
