/**
 * Policies as they are evaluated, parsed once for each text.
 */
import { parsePolicy } from "../../policy/parse-policy.ts";
import type { Policy, PolicyKind } from "../../policy/policy.types.ts";

/** Characters of all texts that are remembered. */
const most = 8 << 20;

export type ParsedPolicies = {
  /** @throws MalformedPolicy */
  parse(text: string, kind: PolicyKind): Policy;
};

export function openParsedPolicies(): ParsedPolicies {
  const known = new Map<string, Policy>();
  let size = 0;
  return {
    parse(text, kind) {
      const name = `${kind} ${text}`;
      const found = known.get(name);
      if (found !== undefined) {
        known.delete(name);
        known.set(name, found);
        return found;
      }
      const policy = parsePolicy(text, kind);
      known.set(name, policy);
      size += name.length;
      for (const oldest of known.keys()) {
        if (size <= most) break;
        known.delete(oldest);
        size -= oldest.length;
      }
      return policy;
    },
  };
}
