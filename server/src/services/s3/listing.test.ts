import assert from "node:assert/strict";
import test from "node:test";
import { listPage } from "./listing.ts";
import { encodeKey } from "./listing-encoding.ts";

type Item = { key: string };

/** The rows of a bucket in byte order, read as a database reads an index. */
function bucketOf(keys: Iterable<string>) {
  const sorted = [...new Set(keys)].sort(compare);
  const seen = { queries: 0, rows: 0 };
  const fetchUnder = (prefix: string) => async (from: { after: Item } | { at: string } | undefined, limit: number) => {
    const rows = sorted.filter(
      (key) =>
        key.startsWith(prefix) &&
        (from === undefined || ("at" in from ? compare(key, from.at) >= 0 : compare(key, from.after.key) > 0)),
    );
    const page = rows.slice(0, limit).map((key) => ({ key }));
    seen.queries += 1;
    seen.rows += page.length;
    return page;
  };
  return { sorted, seen, fetchUnder };
}

function compare(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** What the rules say, with all keys in hand: entries in order, a group standing at its first key. */
function naive(sorted: readonly string[], prefix: string, delimiter: string, after: string | undefined): string[] {
  const entries: string[] = [];
  for (const key of sorted) {
    if (!key.startsWith(prefix)) continue;
    const at = delimiter === "" ? -1 : key.indexOf(delimiter, prefix.length);
    const entry = at < 0 ? key : key.slice(0, at + delimiter.length);
    if (after !== undefined && (compare(key, after) <= 0 || (at >= 0 && entry === after))) continue;
    if (entries.at(-1) !== entry) entries.push(entry);
  }
  return entries;
}

test("pages through random keys as a naive model does, whatever the delimiter and the page size", async () => {
  let seed = 7;
  const chance = (below: number) => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return Math.floor((seed / 2147483648) * below);
  };
  const alphabet = ["a", "b", "/", "//", "-", "é", "\u{10ffff}", "\uffff", "\u{1f600}", " ", "+", "%", "0"];
  for (let round = 0; round < 300; round++) {
    const text = (longest: number) =>
      Array.from({ length: chance(longest + 1) }, () => alphabet[chance(alphabet.length)]).join("");
    const { sorted, fetchUnder } = bucketOf(Array.from({ length: chance(60) }, () => text(6)).filter(Boolean));
    const prefix = chance(2) ? text(2) : "";
    const delimiter = ["", "/", "a", "//", "é", "\u{10ffff}"][chance(6)]!;
    const start = chance(3) === 0 ? text(3) || undefined : undefined;
    const maxEntries = 1 + chance(7);
    const expected = naive(sorted, prefix, delimiter, start);

    const found: string[] = [];
    let after = start;
    for (;;) {
      const page = await listPage<Item>({
        prefix,
        delimiter,
        after: after === undefined ? undefined : { key: after },
        maxEntries,
        fetch: fetchUnder(prefix),
      });
      const entries = [...page.items.map(({ key }) => key), ...page.groups].sort(compare);
      assert.ok(entries.length <= maxEntries);
      if (page.truncated) assert.equal(entries.length, maxEntries);
      found.push(...entries);
      if (!page.truncated) break;
      after = "item" in page.last! ? page.last.item.key : page.last!.group;
    }
    assert.deepEqual(found, expected, JSON.stringify({ sorted, prefix, delimiter, start, maxEntries }));
  }
});

test("leaves a group by one seek, however many keys it holds", async () => {
  const keys = Array.from({ length: 20_000 }, (_, index) => `folder${index % 4}/${index}`);
  const { seen, fetchUnder } = bucketOf(keys);
  const page = await listPage<Item>({ prefix: "", delimiter: "/", maxEntries: 1000, fetch: fetchUnder("") });
  assert.deepEqual(page.groups, ["folder0/", "folder1/", "folder2/", "folder3/"]);
  assert.ok(seen.queries <= 5 && seen.rows < 1200, JSON.stringify(seen));
});

test("answers nothing, and not truncated, to max-keys 0", async () => {
  const { fetchUnder } = bucketOf(["a"]);
  const page = await listPage<Item>({ prefix: "", delimiter: "", maxEntries: 0, fetch: fetchUnder("") });
  assert.deepEqual(page, { items: [], groups: [], truncated: false, last: undefined });
});

test("encodes keys for url listings and addresses", () => {
  for (const [key, encoded] of [
    ["a/b c", "a/b%20c"],
    ["a+b", "a%2Bb"],
    ["100%", "100%25"],
    ["é", "%C3%A9"],
    ["a!'()*~-_.", "a%21%27%28%29%2A~-_."],
    ["\u0001", "%01"],
  ] as const)
    assert.equal(encodeKey(key), encoded);
});
