/**
 * Policy documents: the grammar, and what the kinds of policies must and must not say.
 *
 * Documents are refused in IAM's words where those are known.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
 */
import { conditionTest } from "./conditions.ts";
import { type Json, parseJson } from "./json.ts";
import { MalformedPolicy, syntaxError } from "./malformed-policy.ts";
import { actionTest, notPrincipalTest, type PrincipalElement, principalTest, resourceTest } from "./match.ts";
import type { ConditionTest, Policy, PolicyKind, Statement } from "./policy.types.ts";

export { MalformedPolicy } from "./malformed-policy.ts";

/** Characters of a document; the longest that any API takes. */
const maxLength = 131_072;

type Rules = {
  principal: "required" | "forbidden";
  resource: "required" | "forbidden";
  /** Policies of resources may have blanks in their Sid, as the default policy of a key does. */
  plainSid: boolean;
};

const rulesOf: Readonly<Record<PolicyKind, Rules>> = {
  identity: { principal: "forbidden", resource: "required", plainSid: true },
  resource: { principal: "required", resource: "required", plainSid: false },
  trust: { principal: "required", resource: "forbidden", plainSid: true },
  key: { principal: "required", resource: "required", plainSid: false },
};

/** @throws MalformedPolicy */
export function parsePolicy(text: string, kind: PolicyKind): Policy {
  if (maxLength < text.length) throw new MalformedPolicy(`The policy is longer than ${maxLength} characters.`);
  if (!/^[\t\n\r\x20-\xff]+$/.test(text)) {
    throw new MalformedPolicy("Syntax errors in policy. The document is empty or holds characters beyond U+00FF.");
  }
  const document = parseJson(text);
  const members = membersOf(document, "The policy", ["Version", "Id", "Statement"]);
  const version = members.has("Version") ? textOf(members.get("Version")!, "Version") : "2008-10-17";
  if (version !== "2012-10-17" && version !== "2008-10-17") {
    throw new MalformedPolicy("The policy must contain a valid version string");
  }
  const id = members.get("Id");
  const listed = members.get("Statement");
  const statements = listed?.type === "array" ? listed.items : listed === undefined ? [] : [listed];
  if (statements.length === 0) throw syntaxError("Missing required field Statement", document.start);
  const parsed = statements.map((statement, index) => parseStatement(statement, index, kind, version === "2012-10-17"));
  checkSids(parsed);
  return { version, ...(id && { id: textOf(id, "Id") }), statements: parsed };
}

/** The characters of a document that quotas count: all but blanks. */
export function countedLength(text: string): number {
  return text.replace(/\s/g, "").length;
}

const statementElements = [
  "Sid",
  "Effect",
  "Principal",
  "NotPrincipal",
  "Action",
  "NotAction",
  "Resource",
  "NotResource",
  "Condition",
] as const;

type Members = ReadonlyMap<string, Json>;

function parseStatement(json: Json, index: number, kind: PolicyKind, variables: boolean): Statement {
  const members = membersOf(json, "A statement", statementElements);
  const rules = rulesOf[kind];
  const effect = effectOf(members, json);
  return {
    ...sidOf(members, rules),
    index,
    effect,
    start: json.start,
    end: json.end,
    principals: principalsOf(members, kind, effect),
    actions: actionsOf(members, kind),
    resources: resourcesOf(members, rules, effect, variables),
    conditions: conditionsOf(members.get("Condition"), variables),
  };
}

function sidOf(members: Members, { plainSid }: Rules): { sid?: string } {
  const json = members.get("Sid");
  const sid = json && textOf(json, "Sid");
  if (!sid) return {};
  if (plainSid && !/^[0-9A-Za-z]*$/.test(sid)) {
    throw new MalformedPolicy(
      "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*",
    );
  }
  return { sid };
}

function checkSids(statements: readonly Statement[]): void {
  const sids = statements.flatMap(({ sid }) => sid ?? []);
  if (new Set(sids).size < sids.length) {
    throw new MalformedPolicy("Statement IDs (SID) in a single policy must be unique.");
  }
}

function effectOf(members: Members, statement: Json): "Allow" | "Deny" {
  const json = members.get("Effect");
  if (json === undefined) throw syntaxError("Missing required field Effect", statement.start);
  const effect = textOf(json, "Effect");
  if (effect !== "Allow" && effect !== "Deny") throw syntaxError(`Invalid effect "${effect}"`, json.start);
  return effect;
}

function principalsOf(members: Members, kind: PolicyKind, effect: "Allow" | "Deny") {
  const found = oneOf(members, "Principal", "NotPrincipal");
  if (rulesOf[kind].principal === "forbidden") {
    if (found !== undefined) throw new MalformedPolicy("Policy document should not specify a principal.");
    return undefined;
  }
  if (found === undefined) throw new MalformedPolicy("Missing required field Principal");
  if (found.isNot && kind === "trust") throw new MalformedPolicy("Has prohibited field NotPrincipal");
  const element = principalElement(found.json);
  return found.isNot ? notPrincipalTest(element, effect) : principalTest(element);
}

function principalElement(json: Json): PrincipalElement {
  if (json.type === "string") {
    if (json.value === "*") return "*";
    throw new MalformedPolicy(`Invalid principal in policy: "${json.value}"`);
  }
  const members = membersOf(json, "Principal", ["AWS", "Service", "Federated", "CanonicalUser"]);
  if (members.size === 0) throw new MalformedPolicy("Invalid principal in policy: {}");
  return Object.fromEntries([...members].map(([name, values]) => [name, textsOf(values, name)]));
}

function actionsOf(members: Members, kind: PolicyKind) {
  const { json, isNot } = oneOf(members, "Action", "NotAction") ?? {};
  const patterns = json === undefined ? [] : textsOf(json, "Action");
  if (patterns.length === 0) throw new MalformedPolicy("Policy statement must contain actions.");
  if (kind === "trust" && !patterns.every((pattern) => /^sts:/i.test(pattern))) {
    throw new MalformedPolicy("AssumeRole policy may only specify STS AssumeRole actions.");
  }
  return actionTest(patterns, isNot!);
}

function resourcesOf(members: Members, rules: Rules, effect: "Allow" | "Deny", variables: boolean) {
  const { json, isNot, name } = oneOf(members, "Resource", "NotResource") ?? {};
  if (rules.resource === "forbidden") {
    if (json !== undefined) throw new MalformedPolicy(`Has prohibited field ${name}`);
    return undefined;
  }
  const patterns = json === undefined ? [] : textsOf(json, "Resource");
  if (patterns.length === 0) throw new MalformedPolicy("Policy statement must contain resources.");
  return resourceTest(patterns, { isNot: isNot!, effect, variables });
}

function conditionsOf(json: Json | undefined, variables: boolean): ConditionTest[] {
  if (json === undefined) return [];
  return [...membersOf(json, "Condition")].flatMap(([operator, keys]) =>
    [...membersOf(keys, operator)].map(([key, values]) =>
      conditionTest({ operator, key, values: scalarsOf(values, key), variables }),
    ),
  );
}

function oneOf(members: Members, name: string, notName: string) {
  const [json, notJson] = [members.get(name), members.get(notName)];
  if (json !== undefined && notJson !== undefined) {
    throw syntaxError(`A statement has ${name} or ${notName}, not both,`, notJson.start);
  }
  if (json !== undefined) return { json, name, isNot: false };
  return notJson && { json: notJson, name: notName, isNot: true };
}

/** `known`: the names that there are; absent: any. */
function membersOf(json: Json, what: string, known?: readonly string[]): Members {
  if (json.type !== "object") throw syntaxError(`${what} is no object`, json.start);
  for (const [name, value] of json.members) {
    if (known && !known.includes(name)) throw syntaxError(`${what} cannot have "${name}"`, value.start);
  }
  return json.members;
}

function textOf(json: Json, what: string): string {
  if (json.type !== "string") throw syntaxError(`${what} is no string`, json.start);
  return json.value;
}

/** A bare string is a list of one. */
function textsOf(json: Json, what: string): string[] {
  return json.type === "array" ? json.items.map((item) => textOf(item, what)) : [textOf(json, what)];
}

/** The same of strings, numbers and booleans, as they are written. */
function scalarsOf(json: Json, what: string): string[] {
  return (json.type === "array" ? json.items : [json]).map((item) => {
    if (item.type === "string" || item.type === "number" || item.type === "boolean") return item.value;
    throw syntaxError(`${what} is no string, number or boolean`, item.start);
  });
}
