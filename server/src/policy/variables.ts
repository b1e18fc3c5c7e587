/**
 * Text of a policy in which some characters stand for others: `*`, `?`, and variables such as `${aws:username}`.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
 */
import { MalformedPolicy } from "./malformed-policy.ts";
import type { ContextKey, Lookup } from "./policy.types.ts";

/** Text stands for itself, "run" for any characters, also none, "one" for any one character. */
export type FixedPart = { text: string } | { wildcard: "run" | "one" };
export type Part = FixedPart | { variable: ContextKey; otherwise?: string };

/**
 * `wildcards`, `variables`: whether these are read as such, or as text like any other.
 *
 * @throws MalformedPolicy where a variable has no end or no name
 */
export function parseParts(text: string, { wildcards, variables }: { wildcards: boolean; variables: boolean }): Part[] {
  const parts: Part[] = [];
  let textFrom = 0;
  for (let at = 0; at < text.length; ) {
    const end = variables && text.startsWith("${", at) ? variableEnd(text, at + 2) : at + 1;
    const part = partAt(text, at, end, wildcards);
    if (part !== undefined) {
      if (textFrom < at) parts.push({ text: text.slice(textFrom, at) });
      parts.push(part);
      textFrom = end;
    }
    at = end;
  }
  if (textFrom < text.length) parts.push({ text: text.slice(textFrom) });
  return parts;
}

/** With values in place of variables. A value's own `*` and `?` are text. `undefined`: a variable has no value. */
export function fillParts(parts: readonly Part[], lookup: Lookup): FixedPart[] | undefined {
  const filled: FixedPart[] = [];
  for (const part of parts) {
    if (!("variable" in part)) {
      filled.push(part);
      continue;
    }
    const value = lookup(part.variable);
    const text = typeof value === "string" ? value : part.otherwise;
    if (text === undefined) return undefined;
    filled.push({ text });
  }
  return filled;
}

export function isFixed(parts: readonly Part[]): parts is readonly FixedPart[] {
  return parts.every((part) => !("variable" in part));
}

/** `undefined`: an ordinary character. */
function partAt(text: string, from: number, to: number, wildcards: boolean): Part | undefined {
  if (from + 1 < to) return parseVariable(text.slice(from + 2, to - 1));
  if (wildcards && text[from] === "*") return { wildcard: "run" };
  if (wildcards && text[from] === "?") return { wildcard: "one" };
  return undefined;
}

/** A default may hold a brace: it ends at its quote. */
function variableEnd(text: string, from: number): number {
  let brace = text.indexOf("}", from);
  const quote = from + text.slice(from, brace).indexOf("'");
  if (from <= quote && brace !== -1) {
    const closing = text.indexOf("'", quote + 1);
    brace = closing === -1 ? -1 : text.indexOf("}", closing);
  }
  if (brace === -1) throw new MalformedPolicy(`The policy variable in "${text}" has no end.`);
  return brace + 1;
}

function parseVariable(inside: string): Part {
  if (inside === "*" || inside === "?" || inside === "$") return { text: inside };
  const comma = inside.indexOf(",");
  const name = (comma === -1 ? inside : inside.slice(0, comma)).trim();
  const rest = comma === -1 ? undefined : inside.slice(comma + 1).trim();
  const isQuoted =
    rest === undefined || (1 < rest.length && rest.startsWith("'") && rest.indexOf("'", 1) === rest.length - 1);
  if (name === "" || !isQuoted) throw new MalformedPolicy(`The policy variable "\${${inside}}" is malformed.`);
  return { variable: contextKey(name), otherwise: rest?.slice(1, -1) };
}

export function contextKey(name: string): ContextKey {
  return { name, lower: name.toLowerCase() };
}
