/** A policy document that breaks the grammar. */
import type { Position } from "./policy.types.ts";

export class MalformedPolicy extends Error {
  override name = "MalformedPolicy";
}

/** For what IAM itself says no more about than that it is a syntax error. */
export function syntaxError(detail: string, { line, column }: Position): MalformedPolicy {
  return new MalformedPolicy(`Syntax errors in policy. ${detail} at line ${line}, column ${column}.`);
}
