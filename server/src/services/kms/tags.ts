/**
 * Tags of keys: how many there may be, whose names nobody may take, and the condition keys that they fill.
 */
import type { Tag } from "@aws-sdk/client-kms";
import { tagError } from "./errors.ts";

type Tags = Readonly<Record<string, string>>;

/** Developer guide, "Resource quotas". */
const maxTags = 50;

/** Values of names that are there already are replaced. @throws ServiceError */
export function withTags(tags: Tags, added: readonly Tag[] = []): Tags {
  const names = added.map(({ TagKey }) => TagKey!);
  if (new Set(names).size < names.length) throw tagError("Duplicate tag keys");
  const reserved = names.find((name) => /^aws:/i.test(name));
  if (reserved !== undefined) throw tagError(`Tag keys that begin with aws: are reserved: ${reserved}`);
  const all = { ...tags, ...Object.fromEntries(added.map(({ TagKey, TagValue }) => [TagKey!, TagValue!])) };
  if (maxTags < Object.keys(all).length) throw tagError(`A key may have at most ${maxTags} tags.`);
  return all;
}

/** Names that are not there are none the worse for it. */
export function withoutTags(tags: Tags, names: readonly string[]): Tags {
  return Object.fromEntries(Object.entries(tags).filter(([name]) => !names.includes(name)));
}

export function tagConditions(tags: readonly Tag[] = []): Record<string, string | readonly string[]> {
  if (tags.length === 0) return {};
  return {
    ...Object.fromEntries(tags.map(({ TagKey, TagValue }) => [`aws:requesttag/${TagKey!.toLowerCase()}`, TagValue!])),
    "aws:tagkeys": tags.map(({ TagKey }) => TagKey!),
  };
}
