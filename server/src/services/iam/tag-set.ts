/**
 * The rules of tags: keys are told apart without case, and keep the case that they came in.
 */
import type { Tag } from "@aws-sdk/client-iam";
import type { ConditionContext } from "../../policy/policy.types.ts";
import { invalidInput, limitExceeded } from "./errors.ts";
import { quotas } from "./quotas.ts";

export type TagSet = Readonly<Record<string, string>>;

/** Values of keys that are there already are replaced. @throws ServiceError */
export function withTags(tags: TagSet, added: readonly Tag[] = []): TagSet {
  const byKey = new Map(Object.entries(tags).map(([key, value]) => [key.toLowerCase(), [key, value] as const]));
  const seen = new Set<string>();
  for (const { Key = "", Value = "" } of added) {
    const lower = Key.toLowerCase();
    if (lower.startsWith("aws:")) throw invalidInput("Tag keys that begin with aws: are reserved.");
    if (seen.has(lower)) {
      throw invalidInput("Duplicate tag keys found. Please note that Tag keys are case insensitive.");
    }
    seen.add(lower);
    byKey.set(lower, [Key, Value]);
  }
  if (quotas.Tags < byKey.size) {
    throw limitExceeded(`The number of tags has reached the maximum limit: ${quotas.Tags}.`);
  }
  return Object.fromEntries(byKey.values());
}

/** Keys that are not there are none the worse for it. */
export function withoutTags(tags: TagSet, keys: readonly string[]): TagSet {
  const gone = new Set(keys.map((key) => key.toLowerCase()));
  return Object.fromEntries(Object.entries(tags).filter(([key]) => !gone.has(key.toLowerCase())));
}

/** By key. */
export function tagList(tags: TagSet): Tag[] {
  return Object.entries(tags)
    .map(([Key, Value]) => ({ Key, Value }))
    .toSorted((one, other) => (one.Key < other.Key ? -1 : 1));
}

/** For answers that leave out what is empty. */
export function tagMember(tags: TagSet): { Tags?: Tag[] } {
  return Object.keys(tags).length === 0 ? {} : { Tags: tagList(tags) };
}

/** Condition keys of the tags that a request brings. */
export function requestTags(tags: readonly Tag[] = []): ConditionContext {
  if (tags.length === 0) return {};
  return {
    ...Object.fromEntries(tags.map(({ Key = "", Value = "" }) => [`aws:requesttag/${Key.toLowerCase()}`, Value])),
    "aws:tagkeys": tags.map(({ Key = "" }) => Key),
  };
}

/** Condition keys of the tags that a user, a role, a policy or a provider has. */
export function resourceTags(tags: TagSet): ConditionContext {
  return Object.fromEntries(
    Object.entries(tags).flatMap(([key, value]) => [
      [`aws:resourcetag/${key.toLowerCase()}`, value],
      [`iam:resourcetag/${key.toLowerCase()}`, value],
    ]),
  );
}
