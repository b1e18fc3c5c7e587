/**
 * Pages of lists: a marker is what the page before ended with, which need not exist any more.
 */
import { invalidMarker } from "./errors.ts";

export const defaultLimit = 100;

/** @throws ServiceError */
export function parseMarker(marker: string | undefined): string | undefined {
  if (marker === undefined) return undefined;
  const text = Buffer.from(marker, "base64").toString();
  if (!/^[\x20-\x7e\u00a0-\uffff]{1,512}$/.test(text) || buildMarker(text) !== marker) throw invalidMarker();
  return text;
}

function buildMarker(text: string): string {
  return Buffer.from(text).toString("base64");
}

/** Of `found`, which holds one more than `limit` where there is another page. */
export function pageOf<Item>(
  found: readonly Item[],
  limit: number,
  nameOf: (item: Item) => string,
): { page: readonly Item[]; more: { Truncated: boolean; NextMarker?: string } } {
  const page = found.slice(0, limit);
  if (page.length === found.length) return { page, more: { Truncated: false } };
  return { page, more: { Truncated: true, NextMarker: buildMarker(nameOf(page.at(-1)!)) } };
}
