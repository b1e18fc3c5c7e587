/**
 * Lists in pages: `MaxItems` of them, and a `Marker` to go on behind.
 */

export type PageInput = { Marker?: string | undefined; MaxItems?: number | undefined };

export type PageOutput = { IsTruncated: boolean; Marker?: string };

const defaultItems = 100;

export function limitOf({ MaxItems = defaultItems }: PageInput): number {
  return MaxItems;
}

/** `items`: one more than the page holds, where there is one. `keyOf` becomes the marker. */
export function pageOf<Item>(
  items: readonly Item[],
  input: PageInput,
  keyOf: (item: Item) => string,
): { page: Item[]; output: PageOutput } {
  const page = items.slice(0, limitOf(input));
  const IsTruncated = page.length < items.length;
  return { page, output: { IsTruncated, ...(IsTruncated && { Marker: keyOf(page.at(-1)!) }) } };
}

/** The same of a whole list, in the order of its keys. */
export function pageIn<Item>(
  items: readonly Item[],
  input: PageInput,
  keyOf: (item: Item) => string,
): { page: Item[]; output: PageOutput } {
  const { Marker } = input;
  return pageOf(Marker === undefined ? items : items.filter((item) => Marker < keyOf(item)), input, keyOf);
}
