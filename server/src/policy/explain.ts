/**
 * Decisions as sentences for people.
 */
import type { AccessQuestion, Decision, MatchedStatement, PolicyPrincipal } from "./policy.types.ts";

/** The decision first, then a sentence for each statement that decided, then what the request did not say. */
export function explain({ principal, action, resource }: AccessQuestion, decision: Decision): string[] {
  const may = decision.allowed ? "may" : "may not";
  return [
    `${nameOf(principal)} ${may} do ${action} on ${resource === "*" ? "all resources" : resource}, ${decision.reason}.`,
    ...decision.matched.map(statementSentence),
    ...missingSentence(decision),
  ];
}

function statementSentence({ source, sid, index, effect, start }: MatchedStatement): string {
  const name = sid === undefined ? `Statement ${index + 1}` : `Statement "${sid}"`;
  const does = effect === "Allow" ? "allows" : "denies";
  return `${name} of ${source} ${does} it (line ${start.line}, column ${start.column}).`;
}

function missingSentence({ missingContext }: Decision): string[] {
  if (missingContext.length === 0) return [];
  return [`Policies ask for what the request does not say: ${missingContext.join(", ")}.`];
}

function nameOf(principal: PolicyPrincipal): string {
  switch (principal.type) {
    case "anonymous":
      return "An anonymous caller";
    case "root":
      return `The root of account ${principal.accountId}`;
    case "web-identity":
      return `An identity of ${principal.provider}`;
    case "service":
      return `The service ${principal.name}`;
    default:
      return principal.arn;
  }
}
