/**
 * A query string, decoded once: names to their values in order.
 */
import { Undecodable } from "./undecodable.ts";

export type QueryParameters = ReadonlyMap<string, readonly string[]>;

const none: QueryParameters = new Map();
const maxParameters = 1000;

/** @throws Undecodable */
export function parseQueryParameters(rawQuery: string): QueryParameters {
  if (rawQuery === "") return none;
  const parameters = new Map<string, string[]>();
  let count = 0;
  for (const pair of rawQuery.split("&")) {
    if (pair === "") continue;
    count += 1;
    if (maxParameters < count) throw new Undecodable("The request has too many query parameters.", "query");
    const equals = pair.indexOf("=");
    const name = unquote(equals < 0 ? pair : pair.slice(0, equals));
    const value = equals < 0 ? "" : unquote(pair.slice(equals + 1));
    const values = parameters.get(name);
    if (values === undefined) parameters.set(name, [value]);
    else values.push(value);
  }
  return parameters;
}

/** @throws Undecodable for what is no percent-encoded UTF-8 */
export function unquote(text: string, where: "query" | "label" = "query"): string {
  if (where === "query" && text.includes("+")) return unquote(text.replaceAll("+", "%20"));
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    throw new Undecodable("Couldn't parse the specified URI.", where, "URI", text);
  }
}
