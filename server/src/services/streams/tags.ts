/**
 * Tags of streams: how many there may be, and whose keys nobody may take.
 */
import { invalidArgument, tooManyTags } from "./errors.ts";

type Tags = Readonly<Record<string, string>>;

/** API reference, "TagStream". */
const maxTags = 50;

/** Values of keys that are there already are replaced. @throws ServiceError */
export function withTags(tags: Tags, added: Tags): Tags {
  const reserved = Object.keys(added).find((key) => /^aws:/i.test(key));
  if (reserved !== undefined) throw invalidArgument(`Tag keys that begin with aws: are reserved: ${reserved}`);
  const all = { ...tags, ...added };
  if (maxTags < Object.keys(all).length) throw tooManyTags(maxTags);
  return all;
}

/** Keys that are not there are none the worse for it. */
export function withoutTags(tags: Tags, keys: readonly string[]): Tags {
  return Object.fromEntries(Object.entries(tags).filter(([key]) => !keys.includes(key)));
}

/** All tags fit on one page: no token was ever given. @throws ServiceError */
export function refuseToken(token: string | undefined): void {
  if (token) throw invalidArgument("NextToken is not one that this operation has given.");
}
