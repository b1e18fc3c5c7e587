/**
 * Pages of lists: 50 items, the token is the id of the last one, null on the last page.
 *
 * A page begins behind an id and not at a count, so that what is made or deleted meanwhile shifts nothing.
 */
import type { Page } from "../../storage/records/listing.ts";

const pageSize = 50;

type Asked = { Ascending?: string | undefined; PageToken?: string | undefined };

/** `read` is asked for one item more than a page holds, to learn whether there is another page. */
export async function readPage<Item extends { id: string }>(
  { Ascending, PageToken }: Asked,
  read: (page: Page) => Promise<readonly Item[]>,
): Promise<{ items: readonly Item[]; NextPageToken: string | null }> {
  const items = await read({ ascending: Ascending !== "false", after: PageToken, limit: pageSize + 1 });
  if (items.length <= pageSize) return { items, NextPageToken: null };
  return { items: items.slice(0, pageSize), NextPageToken: items[pageSize - 1]!.id };
}
