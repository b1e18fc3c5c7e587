/**
 * Policy documents under fuzz: they are refused with MalformedPolicy or else evaluated without an error, and JSON is read
 * as the language's own parser reads it, but for what policies forbid.
 */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how policies write variables.
import assert from "node:assert/strict";
import { evaluate } from "../../src/policy/evaluate.ts";
import { type Json, parseJson } from "../../src/policy/json.ts";
import { MalformedPolicy, parsePolicy } from "../../src/policy/parse-policy.ts";
import type { AccessQuestion, Policy } from "../../src/policy/policy.types.ts";
import type { FuzzTarget } from "./fuzz.ts";

const documents = [
  '{"Version":"2012-10-17","Id":"a","Statement":[{"Sid":"One","Effect":"Allow","Action":["s3:Get*","s3:?ist*"],"Resource":["arn:aws:s3:::media/${aws:username}/*","*"],"Condition":{"StringLikeIfExists":{"aws:PrincipalTag/Team":"${aws:userid, \'x\'}*"},"ForAnyValue:StringEquals":{"aws:TagKeys":["a","b"]},"Bool":{"aws:SecureTransport":true}}}]}',
  '{"Statement":{"Effect":"Deny","NotAction":"iam:*","NotResource":"arn:aws:sns:*:111122223333:a","Condition":{"NotIpAddress":{"aws:SourceIp":["10.0.0.0/8","2001:db8::/32"]},"DateLessThan":{"aws:CurrentTime":"2026-03-04T05:06:07Z"},"NumericEquals":{"s3:max-keys":[1,-2.5e3]},"Null":{"aws:TokenIssueTime":"true"}}}}',
  '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["111122223333","arn:aws:iam::111122223333:user/bob"],"Service":"sns.amazonaws.com"},"Action":"*","Resource":"*","Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:s3:*:*:${aws:username}"},"BinaryEquals":{"a:b":"QUJD"}}},{"Effect":"Deny","NotPrincipal":{"AWS":"*"},"Action":"s3:*","Resource":"*"}]}',
  '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"id.example.org"},"Action":["sts:AssumeRole","sts:TagSession"],"Condition":{"StringEquals":{"id.example.org:aud":"m\\u0069llrace\\n"}}}]}',
].map((text) => Buffer.from(text, "latin1"));

const words = [
  ..."{}[]\",:*?$'\\\u0000\u00e9",
  ...[
    "${",
    "${a:b}",
    "${*}",
    "${a:b, 'c'}",
    '"":',
    '"a":"b",',
    "null",
    "true",
    "-0",
    "1e999",
    "\\u0000",
    "\\ud800",
    "\n",
  ],
  ...[
    '"Effect"',
    '"Allow"',
    '"Deny"',
    '"Action"',
    '"NotAction"',
    '"Resource"',
    '"Principal"',
    '"NotPrincipal"',
    '"AWS"',
  ],
  ...[
    '"Condition"',
    '"StringEquals"',
    "IfExists",
    "ForAllValues:",
    "Not",
    '"Null"',
    '"__proto__"',
    '"Sid"',
    "arn:",
    "::",
    "/",
  ],
].map((text) => Buffer.from(text, "latin1"));

export const policyDocument: FuzzTarget = {
  name: "policy-document",
  seeds: documents,
  tokens: words,
  run(input) {
    const text = Buffer.from(input).toString("latin1");
    checkJson(text);
    const policies = (["identity", "resource", "trust", "key"] as const).flatMap((kind) => parsed(text, kind) ?? []);
    for (const policy of policies) for (const question of questionsFor(policy)) checkDecision(question);
    return 0 < policies.length;
  },
};

function parsed(text: string, kind: Parameters<typeof parsePolicy>[1]): Policy | undefined {
  try {
    return parsePolicy(text, kind);
  } catch (error) {
    if (error instanceof MalformedPolicy) return undefined;
    throw error;
  }
}

function checkJson(text: string): void {
  let own: Json | undefined;
  let refusal = "";
  try {
    own = parseJson(text);
  } catch (error) {
    if (!(error instanceof MalformedPolicy)) throw error;
    refusal = error.message;
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    if (own !== undefined) assert.fail("reads what is no JSON");
    return;
  }
  if (own === undefined) assert.match(refusal, /Duplicate key|Too many levels/);
  else assert.deepEqual(plainValue(own), value);
}

function plainValue(json: Json): unknown {
  switch (json.type) {
    case "object":
      return Object.fromEntries([...json.members].map(([name, member]) => [name, plainValue(member)]));
    case "array":
      return json.items.map(plainValue);
    case "null":
      return null;
    case "string":
      return json.value;
    default:
      return JSON.parse(json.value);
  }
}

function questionsFor(policy: Policy): AccessQuestion[] {
  const common = {
    action: "s3:GetObject",
    resource: "arn:aws:s3:::media/bob/a",
    resourceAccountId: "111122223333",
    context: { "aws:username": "bob", "aws:tagkeys": ["a"], "aws:sourceip": "10.1.2.3", "s3:max-keys": "1" },
    identity: [],
  };
  const arn = "arn:aws:iam::111122223333:user/bob";
  const user = { type: "user", accountId: "111122223333", arn, id: "AIDABOB" } as const;
  const sourced = { source: "policy", policy };
  return [
    { ...common, principal: user, identity: [sourced], boundary: sourced, session: [sourced] },
    { ...common, principal: { type: "anonymous" }, resourcePolicy: sourced },
    { ...common, principal: user, resource: "*", resourcePolicy: { ...sourced, mustAllow: true } },
  ];
}

function checkDecision(question: AccessQuestion): void {
  const { allowed, decision, reason } = evaluate(question);
  assert.equal(allowed, decision === "allowed");
  assert.doesNotMatch(reason, /could not be evaluated/);
}
