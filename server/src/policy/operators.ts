/**
 * What the operators of conditions compare. Each reads a value of the policy once and answers for values of requests.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
 */
import { buildGlob, type Glob, matchesGlob } from "./glob.ts";
import { isWithin, parseAddress, parseRange } from "./ip.ts";
import { MalformedPolicy } from "./malformed-policy.ts";
import { splitArn } from "./match.ts";
import type { Lookup } from "./policy.types.ts";
import { type FixedPart, fillParts, isFixed, parseParts } from "./variables.ts";

/** Whether a value of a request is what a value of the policy says. What is of another type never is. */
export type ValueTest = (asked: string, lookup: Lookup) => boolean;

/** `variables`: whether this policy's version has them. @throws MalformedPolicy if `value` is of another type */
type Compile = (value: string, variables: boolean) => ValueTest;

/** `negated`: true of what the comparison is false for, and of absent keys. */
export type Operator = { compile: Compile; negated?: boolean };

const stringEquals = text({ wildcards: false, ignoreCase: false });
const stringEqualsIgnoreCase = text({ wildcards: false, ignoreCase: true });
const stringLike = text({ wildcards: true, ignoreCase: false });
const numericEquals = numeric((asked, named) => asked === named);
const dateEquals = date((asked, named) => asked === named);

/** All but Null, by name. */
export const operators: ReadonlyMap<string, Operator> = new Map<string, Operator>([
  ["StringEquals", { compile: stringEquals }],
  ["StringNotEquals", { compile: stringEquals, negated: true }],
  ["StringEqualsIgnoreCase", { compile: stringEqualsIgnoreCase }],
  ["StringNotEqualsIgnoreCase", { compile: stringEqualsIgnoreCase, negated: true }],
  ["StringLike", { compile: stringLike }],
  ["StringNotLike", { compile: stringLike, negated: true }],
  ["NumericEquals", { compile: numericEquals }],
  ["NumericNotEquals", { compile: numericEquals, negated: true }],
  ["NumericLessThan", { compile: numeric((asked, named) => asked < named) }],
  ["NumericLessThanEquals", { compile: numeric((asked, named) => asked <= named) }],
  ["NumericGreaterThan", { compile: numeric((asked, named) => named < asked) }],
  ["NumericGreaterThanEquals", { compile: numeric((asked, named) => named <= asked) }],
  ["DateEquals", { compile: dateEquals }],
  ["DateNotEquals", { compile: dateEquals, negated: true }],
  ["DateLessThan", { compile: date((asked, named) => asked < named) }],
  ["DateLessThanEquals", { compile: date((asked, named) => asked <= named) }],
  ["DateGreaterThan", { compile: date((asked, named) => named < asked) }],
  ["DateGreaterThanEquals", { compile: date((asked, named) => named <= asked) }],
  ["Bool", { compile: stringEqualsIgnoreCase }],
  ["BinaryEquals", { compile: binary }],
  ["IpAddress", { compile: ipAddress }],
  ["NotIpAddress", { compile: ipAddress, negated: true }],
  ["ArnEquals", { compile: arnLike }],
  ["ArnLike", { compile: arnLike }],
  ["ArnNotEquals", { compile: arnLike, negated: true }],
  ["ArnNotLike", { compile: arnLike, negated: true }],
]);

function text({ wildcards, ignoreCase }: { wildcards: boolean; ignoreCase: boolean }): Compile {
  const fold = (value: string) => (ignoreCase ? value.toLowerCase() : value);
  const globOf = (parts: readonly FixedPart[]) =>
    buildGlob(parts.map((part) => ("text" in part ? { text: fold(part.text) } : part)));
  return (value, variables) =>
    withVariables(parseParts(value, { wildcards, variables }), globOf, (asked, glob: Glob) =>
      matchesGlob(glob, fold(asked)),
    );
}

/** Makes what the policy's value becomes once, if no variable stands in it. One without a value is nothing's equal. */
function withVariables<Made>(
  parts: ReturnType<typeof parseParts>,
  make: (parts: readonly FixedPart[]) => Made,
  test: (asked: string, made: Made) => boolean,
): ValueTest {
  if (isFixed(parts)) {
    const made = make(parts);
    return (asked) => test(asked, made);
  }
  return (asked, lookup) => {
    const filled = fillParts(parts, lookup);
    return filled !== undefined && test(asked, make(filled));
  };
}

function numeric(compare: (asked: number, named: number) => boolean): Compile {
  return (value) => {
    const named = parseNumber(value);
    if (named === undefined) throw new MalformedPolicy(`Invalid numeric value in policy: "${value}"`);
    return (asked) => {
      const number = parseNumber(asked);
      return number !== undefined && compare(number, named);
    };
  };
}

function parseNumber(value: string): number | undefined {
  return /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/.test(value) ? Number(value) : undefined;
}

function date(compare: (asked: number, named: number) => boolean): Compile {
  return (value) => {
    const named = parseDate(value);
    if (named === undefined) throw new MalformedPolicy(`Invalid date value in policy: "${value}"`);
    return (asked) => {
      const time = parseDate(asked);
      return time !== undefined && compare(time, named);
    };
  };
}

/**
 * Milliseconds since 1970. Four digits are a year, more are seconds since 1970; without a zone it is UTC.
 *
 * @see https://www.w3.org/TR/NOTE-datetime
 */
export function parseDate(value: string): number | undefined {
  if (/^-?\d+(?:\.\d+)?$/.test(value) && value.length !== 4) return Number(value) * 1000;
  const form =
    /^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(\.\d{1,9})?)?(?:(Z)|([+-])(\d\d):?(\d\d))?)?)?)?$/;
  const found = form.exec(value);
  if (found === null) return undefined;
  const [, year, month = "01", day = "01", hour = "00", minute = "00", second = "00", fraction = ""] = found;
  const [, , , , , , , , , sign, zoneHour, zoneMinute] = found;
  const whole = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  const isDay = new Date(whole).getUTCDate() === Number(day) || hour === "24";
  if (Number.isNaN(whole) || !isDay || 23 < Number(zoneHour ?? 0) || 59 < Number(zoneMinute ?? 0)) return undefined;
  const zoneMinutes = sign === undefined ? 0 : Number(`${sign}1`) * (Number(zoneHour) * 60 + Number(zoneMinute));
  return whole + Number(fraction) * 1000 - zoneMinutes * 60_000;
}

function binary(value: string): ValueTest {
  const named = canonicalBase64(value);
  if (named === undefined) throw new MalformedPolicy(`Invalid binary value in policy: "${value}"`);
  return (asked) => canonicalBase64(asked) === named;
}

function canonicalBase64(value: string): string | undefined {
  return /^[A-Za-z0-9+/]*={0,2}$/.test(value) ? Buffer.from(value, "base64").toString("base64") : undefined;
}

function ipAddress(value: string): ValueTest {
  const range = parseRange(value);
  if (range === undefined) throw new MalformedPolicy(`Invalid IP address or range in policy: "${value}"`);
  return (asked) => {
    const address = parseAddress(asked);
    return address !== undefined && isWithin(range, address);
  };
}

/** Six parts, compared one by one; `*` alone is any ARN. */
function arnLike(value: string, variables: boolean): ValueTest {
  return withVariables(parseParts(value, { wildcards: true, variables }), arnGlobs, (asked, globs) => {
    const parts = splitArn(asked);
    if (parts === undefined || parts[0] !== "arn") return false;
    return globs.length === 1 || (globs.length === 6 && globs.every((glob, index) => matchesGlob(glob, parts[index]!)));
  });
}

/** One for each part; one alone if the pattern is `*`; none if it is no pattern of an ARN. */
function arnGlobs(parts: readonly FixedPart[]): Glob[] {
  if (parts.length === 1 && "wildcard" in parts[0]! && parts[0].wildcard === "run") return [buildGlob(parts)];
  const split: FixedPart[][] = [[]];
  for (const part of parts) {
    if (!("text" in part)) {
      split.at(-1)!.push(part);
      continue;
    }
    const pieces = part.text.split(":");
    const room = 6 - split.length;
    if (room < pieces.length - 1) pieces.splice(room, Number.POSITIVE_INFINITY, pieces.slice(room).join(":"));
    for (const [index, piece] of pieces.entries()) {
      if (0 < index) split.push([]);
      split.at(-1)!.push({ text: piece });
    }
  }
  return split.length === 6 ? split.map(buildGlob) : [];
}
