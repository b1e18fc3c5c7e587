/**
 * Which operation a REST request means: by method, path, literal parts of the query and required parameters.
 *
 * The route with the most satisfied conditions wins: this alone tells UploadPart from PutObject and CopyObject.
 */
import { type QueryParameters, unquote } from "../codecs/query-parameters.ts";
import type { Model, OperationModel } from "../model/model.ts";

export type Target = {
  method: string;
  /** Percent-encoded. Of S3 without the bucket. */
  rawPath: string;
  /** Whether an S3 bucket is addressed. */
  inBucket: boolean;
  query: QueryParameters;
  header(name: string): string | undefined;
};

export type Found = { operation: OperationModel; labels: ReadonlyMap<string, string>; route: Route };

export type Route = {
  operation: OperationModel;
  segments: readonly Segment[];
  /** In a bucket that is not part of the pattern. */
  inBucket: boolean;
  /** `""`: any value will do. */
  literals: readonly (readonly [name: string, value: string])[];
  requiredQuery: readonly string[];
  requiredHeaders: readonly string[];
  /** Query parameters that the operation knows. */
  parameters: ReadonlySet<string>;
  /** `x-id`, which only the SDK for JavaScript sends. */
  id: string | undefined;
  conditions: number;
};

type Segment = { literal: string } | { label: string; greedy: boolean };

export type Routes = {
  byMethod: ReadonlyMap<string, readonly Route[]>;
  /** Those among them that a request without a query may mean: few. */
  withoutQuery: ReadonlyMap<string, readonly Route[]>;
  /** Names in patterns' queries: `acl`, `uploads`, … */
  subresources: ReadonlySet<string>;
};

export function compileRoutes(model: Model): Routes {
  const byMethod = new Map<string, Route[]>();
  const subresources = new Set<string>();
  for (const operation of model.operations.values()) {
    if (operation.http === undefined) continue;
    const route = compileRoute(operation);
    for (const [name, value] of route.literals) if (value === "") subresources.add(name);
    const routes = byMethod.get(operation.http.method) ?? [];
    byMethod.set(operation.http.method, routes);
    routes.push(route);
  }
  const withoutQuery = new Map<string, Route[]>();
  for (const [method, routes] of byMethod) {
    routes.sort(byPrecedence);
    withoutQuery.set(
      method,
      routes.filter(({ literals, requiredQuery }) => literals.length + requiredQuery.length === 0),
    );
  }
  return { byMethod, withoutQuery, subresources };
}

function compileRoute(operation: OperationModel): Route {
  const [path, literalQuery = ""] = operation.http!.uri.split("?") as [string, string?];
  const segments = path.split("/").slice(1).map(compileSegment);
  const labels = new Set(segments.flatMap((segment) => ("label" in segment ? [segment.label] : [])));
  const pairs = literalQuery.split("&").filter((pair) => pair !== "");
  const literals = pairs.map((pair) => pair.split("=") as [string, string?]).map(([n, v]) => [n, v ?? ""] as const);
  const { bound } = operation.input;
  const required = bound.filter((member) => member.required);
  const route = {
    operation,
    segments: segments.length === 1 && "literal" in segments[0]! && segments[0].literal === "" ? [] : segments,
    inBucket: bound.some(({ name, location }) => location === "label" && name === "Bucket" && !labels.has(name)),
    literals: literals.filter(([name]) => name !== "x-id"),
    requiredQuery: required.filter(({ location }) => location === "query").map(({ wireName }) => wireName),
    requiredHeaders: required.filter(({ location }) => location === "header").map(({ wireName }) => wireName),
    parameters: new Set([
      ...literals.map(([name]) => name),
      ...bound.filter(({ location }) => location === "query").map(({ wireName }) => wireName),
    ]),
    id: literals.find(([name]) => name === "x-id")?.[1],
  };
  const conditions = route.literals.length + route.requiredQuery.length + route.requiredHeaders.length;
  return { ...route, conditions };
}

function compileSegment(text: string): Segment {
  if (!text.startsWith("{")) return { literal: text };
  const greedy = text.endsWith("+}");
  return { label: text.slice(1, greedy ? -2 : -1), greedy };
}

/** Literal paths before labels before greedy ones, then the route with more conditions. */
function byPrecedence(a: Route, b: Route): number {
  return (
    Number(isGreedy(a)) - Number(isGreedy(b)) ||
    literalCount(b) - literalCount(a) ||
    b.conditions - a.conditions ||
    (a.operation.name < b.operation.name ? -1 : 1)
  );
}

function isGreedy({ segments }: Route): boolean {
  return segments.some((segment) => "label" in segment && segment.greedy);
}

function literalCount({ segments }: Route): number {
  return segments.filter((segment) => "literal" in segment).length;
}

/** `undefined`: there is none. */
export function findRoute({ byMethod, withoutQuery }: Routes, target: Target): Found | undefined {
  let found: { route: Route; labels: Map<string, string> } | undefined;
  const id = target.query.get("x-id")?.[0];
  const segments = splitPath(target.rawPath);
  const routes = target.query.size === 0 ? withoutQuery : byMethod;
  for (const route of routes.get(target.method) ?? none) {
    if (route.inBucket !== target.inBucket) continue;
    // In order of precedence: only `x-id` may still prefer a later one among equals.
    if (found !== undefined && (id === undefined || byRank(found.route, route) !== 0)) break;
    if (!holds(route, target)) continue;
    const labels = matchPath(route.segments, segments, target.rawPath);
    if (labels !== undefined && (found === undefined || route.id === id)) found = { route, labels };
  }
  if (found === undefined) return undefined;
  const { route, labels } = found;
  for (const [name, text] of labels) labels.set(name, unquote(text, "label"));
  return { operation: route.operation, route, labels };
}

const none: readonly Route[] = [];

function byRank(a: Route, b: Route): number {
  return Number(isGreedy(a)) - Number(isGreedy(b)) || literalCount(b) - literalCount(a) || b.conditions - a.conditions;
}

/** Whether any operation has this path, by whatever method. */
export function hasPath({ byMethod }: Routes, { rawPath, inBucket }: Pick<Target, "rawPath" | "inBucket">): boolean {
  const segments = splitPath(rawPath);
  return [...byMethod.values()].some((routes) =>
    routes.some((route) => route.inBucket === inBucket && matchPath(route.segments, segments, rawPath) !== undefined),
  );
}

function holds({ literals, requiredQuery, requiredHeaders }: Route, { query, header }: Target): boolean {
  for (const [name, value] of literals) {
    const sent = query.get(name);
    if (sent === undefined || (value !== "" && sent[0] !== value)) return false;
  }
  for (const name of requiredQuery) if (!query.has(name)) return false;
  for (const name of requiredHeaders) if (header(name) === undefined) return false;
  return true;
}

/** Of the encoded path: an encoded slash is part of a label. One slash at the end is optional. */
function splitPath(rawPath: string): string[] {
  const path = rawPath.endsWith("/") ? rawPath.slice(1, -1) : rawPath.slice(1);
  return path === "" ? [] : path.split("/");
}

function matchPath(
  pattern: readonly Segment[],
  path: readonly string[],
  rawPath: string,
): Map<string, string> | undefined {
  const [first] = pattern;
  // Most paths fail here.
  if (first !== undefined && "literal" in first && first.literal !== path[0]) return undefined;
  const labels = new Map<string, string>();
  let at = 1;
  for (let i = 0; i < pattern.length; i++) {
    const segment = pattern[i]!;
    if ("label" in segment && segment.greedy) {
      // The rest as it was sent: slashes at its end and in a row are part of it.
      const rest = rawPath.slice(at);
      return rest === "" ? undefined : labels.set(segment.label, rest);
    }
    const text = path[i];
    if (text === undefined) return undefined;
    at += text.length + 1;
    if ("label" in segment) {
      if (text === "") return undefined;
      labels.set(segment.label, text);
    } else if (segment.literal !== text) return undefined;
  }
  return path.length === pattern.length ? labels : undefined;
}
