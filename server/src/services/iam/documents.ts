/**
 * Policy documents as they come in and go out.
 */
import { countedLength, MalformedPolicy, parsePolicy } from "../../policy/parse-policy.ts";
import type { Policy, PolicyKind } from "../../policy/policy.types.ts";
import { malformedPolicy } from "./errors.ts";

/** @throws ServiceError */
export function readPolicy(document: string, kind: PolicyKind = "identity"): Policy {
  try {
    return parsePolicy(document, kind);
  } catch (error) {
    throw error instanceof MalformedPolicy ? malformedPolicy(error.message) : error;
  }
}

export { countedLength };

/** Answers carry documents percent-encoded: only what RFC 3986 reserves for no use stays as it is. */
export function encodeDocument(document: string): string {
  return encodeURIComponent(document).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
