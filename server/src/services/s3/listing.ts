/**
 * Pages through keys in byte order, rolling up what shares a delimiter into groups (S3's CommonPrefixes).
 *
 * A group is left by a seek to what lies beyond it: a page costs about as many rows as it has entries, however many
 * keys the groups hold.
 */
import { beyondPrefix } from "../../storage/records/key-order.ts";
import { invalidArgument } from "./errors.ts";

/** Where to go on: behind an item, or at a key. */
export type From<Item> = { after: Item } | { at: string } | undefined;

export type Listing<Item> = {
  prefix: string;
  /** Empty: none. */
  delimiter: string;
  /** Strictly behind this one. When its key names a group, behind all of the group. */
  after?: Item;
  maxEntries: number;
  /** Items under the prefix, in order. */
  fetch(from: From<Item>, limit: number): Promise<readonly Item[]>;
};

export type Page<Item> = {
  items: readonly Item[];
  groups: readonly string[];
  truncated: boolean;
  /** Of the page: an item, or a group by its name. */
  last: { item: Item } | { group: string } | undefined;
};

export async function listPage<Item extends { key: string }>(listing: Listing<Item>): Promise<Page<Item>> {
  const { prefix, delimiter, after, maxEntries, fetch } = listing;
  const entries: ({ item: Item } | { group: string })[] = [];
  const page = (truncated: boolean): Page<Item> => ({
    items: entries.flatMap((entry) => ("item" in entry ? [entry.item] : [])),
    groups: entries.flatMap((entry) => ("group" in entry ? [entry.group] : [])),
    truncated,
    last: entries.at(-1),
  });
  if (maxEntries === 0) return page(false);

  let from: From<Item> = after === undefined ? undefined : { after };
  if (after !== undefined && groupOf(after.key, prefix, delimiter) === after.key) {
    const beyond = beyondPrefix(after.key);
    if (beyond === undefined) return page(false);
    from = { at: beyond };
  }
  let group: string | undefined;
  let limit = maxEntries + 1;
  for (;;) {
    const before = entries.length;
    const batch = await fetch(from, limit);
    for (const item of batch) {
      const itsGroup = groupOf(item.key, prefix, delimiter);
      if (itsGroup !== undefined && itsGroup === group) continue;
      if (entries.length === maxEntries) return page(true);
      group = itsGroup;
      entries.push(itsGroup === undefined ? { item } : { group: itsGroup });
    }
    if (batch.length < limit) return page(false);
    const beyond = group === undefined ? undefined : beyondPrefix(group);
    if (group !== undefined && beyond === undefined) return page(false);
    from = beyond === undefined ? { after: batch.at(-1)! } : { at: beyond };
    // Large groups make most of a batch wasted: then take a few rows at a time.
    limit = Math.min(maxEntries + 1, Math.max(8, 2 * (entries.length - before)));
  }
}

/** The part of the key up to the first delimiter behind the prefix. */
function groupOf(key: string, prefix: string, delimiter: string): string | undefined {
  if (delimiter === "") return undefined;
  const at = key.indexOf(delimiter, prefix.length);
  return at < 0 ? undefined : key.slice(0, at + delimiter.length);
}

const mostPerPage = 1000;

/** `max-keys` and its like: at most a thousand, also when more is asked for. */
export function pageSize(name: string, value: number | undefined): number {
  if (value === undefined) return mostPerPage;
  if (!Number.isInteger(value) || value < 0)
    throw invalidArgument(`Argument ${name} must be an integer between 0 and 2147483647`, name, String(value));
  return Math.min(value, mostPerPage);
}
