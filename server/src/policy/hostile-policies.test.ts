/** Documents and requests that would be costly for a careless parser or matcher. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how policies write variables.
import assert from "node:assert/strict";
import { test } from "node:test";
import { evaluate } from "./evaluate.ts";
import { MalformedPolicy, parsePolicy } from "./parse-policy.ts";
import type { AccessQuestion, Policy } from "./policy.types.ts";

/** Far more than any of these takes, far less than a careless way would. */
const mostMs = 2000;

const longest = 131_000;
const statement = `{"Effect":"Allow","Action":"*","Resource":"*"}`;
const resource = (path: string) =>
  `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::${path}"}}`;
const principal = (element: string) =>
  `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Principal":${element}}}`;
const where = (condition: string) =>
  `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":${condition}}}`;

const documents: readonly [name: string, document: string][] = [
  ["one long string", `{"Id":"${"a".repeat(longest)}`],
  ["one long string of escapes", `{"Id":"${"\\u0041".repeat(longest / 6 - 2)}"}`],
  ["one long string that breaks at its end", `{"Id":"${"a".repeat(longest)}\\x"}`],
  ["many lists in each other", "[".repeat(longest)],
  ["many objects in each other", `{"a":`.repeat(longest / 5)],
  ["one long number", `{"Statement":${"9".repeat(longest)}x}`],
  ["many lines", "\n".repeat(longest)],
  ["many small statements", `{"Statement":[${"{},".repeat(longest / 3 - 10)}{}]}`],
  ["many numbers", `{"Statement":[${"1,".repeat(longest / 2 - 10)}1]}`],
  ["many good statements", `{"Statement":[${`${statement},`.repeat(2500)}${statement}]}`],
  ["many keys", `{${Array.from({ length: 12_000 }, (_, index) => `"${index}":1`).join()}}`],
  ["many variables", resource("${a:b}".repeat(20_000))],
  ["many variables without an end", resource("${".repeat(60_000))],
  ["many quotes in variables", resource("${a,'}".repeat(20_000))],
  ["many wildcards", resource("*a".repeat(60_000))],
  ["one long user", principal(`{"AWS":"arn:aws:iam::111122223333:user/${"a/".repeat(60_000)}"}`)],
  ["one long session", principal(`{"AWS":"arn:aws:sts::111122223333:assumed-role/${"a".repeat(120_000)}"}`)],
  ["one long provider", principal(`{"Federated":"${"a.".repeat(60_000)}*"}`)],
  ["one long service", principal(`{"Service":"${"a-".repeat(60_000)}."}`)],
  ["one long date", where(`{"DateEquals":{"a:b":"${"1".repeat(120_000)}x"}}`)],
  ["one long number in a string", where(`{"NumericEquals":{"a:b":"${"1".repeat(120_000)}x"}}`)],
  ["one long base64", where(`{"BinaryEquals":{"a:b":"${"A".repeat(120_000)}*"}}`)],
  ["one long address", where(`{"IpAddress":{"a:b":"${"1:".repeat(60_000)}"}}`)],
  ["one long operator", where(`{"${"IfExists".repeat(15_000)}":{}}`)],
  ["one long key", where(`{"Bool":{"${"a".repeat(120_000)}":true}}`)],
];

for (const [name, document] of documents) {
  test(`has soon read ${name}`, () => {
    for (const kind of ["identity", "resource", "trust", "key"] as const) {
      within(mostMs, () => {
        try {
          parsePolicy(document, kind);
        } catch (error) {
          assert.ok(error instanceof MalformedPolicy, String(error));
        }
      });
    }
  });
}

const long = "a".repeat(8000);

/** A document of a few thousand characters, and what a request may hold. */
const requests: readonly [name: string, document: string, Partial<AccessQuestion>][] = [
  ["wildcards around one letter", resource(`${"*a".repeat(3000)}b`), { resource: `arn:aws:s3:::${long}` }],
  ["wildcards of both kinds", resource(`${"*?a?".repeat(1500)}b`), { resource: `arn:aws:s3:::${long}` }],
  ["a long run that nearly fits", resource(`*${"a".repeat(4000)}b*`), { resource: `arn:aws:s3:::${long}` }],
  ["a long run with an open place", resource(`*?${"a".repeat(4000)}b*`), { resource: `arn:aws:s3:::${long}` }],
  ["many variables", resource("${a:b}*".repeat(500)), { context: { "a:b": long }, resource: `arn:aws:s3:::${long}` }],
  ["a pattern for text", where(`{"StringLike":{"a:b":"${"*a".repeat(3000)}b"}}`), { context: { "a:b": long } }],
  ["many colons", where(`{"ArnLike":{"a:b":"${"*:".repeat(3000)}b"}}`), { context: { "a:b": ":".repeat(8000) } }],
  ["a long number", where(`{"NumericEquals":{"a:b":"1"}}`), { context: { "a:b": `${"1".repeat(8000)}x` } }],
  ["a long date", where(`{"DateEquals":{"a:b":"1"}}`), { context: { "a:b": `${"1".repeat(8000)}x` } }],
  ["a long address", where(`{"IpAddress":{"a:b":"::1"}}`), { context: { "a:b": "1:".repeat(4000) } }],
  ["a long base64", where(`{"BinaryEquals":{"a:b":"QQ=="}}`), { context: { "a:b": `${"=".repeat(8000)}x` } }],
];

for (const [name, document, asked] of requests) {
  test(`has soon decided ${name}`, () => {
    const question = ask(parsePolicy(document, "identity"), asked);
    within(mostMs, () => assert.equal(evaluate(question).decision, "implicitDeny"));
  });
}

test("denies what cannot be evaluated", () => {
  const policy = parsePolicy(where(`{"StringEqualsIgnoreCase":{"a:b":"c"}}`), "identity");
  // No service makes such a context; the type forbids it.
  const context = { "a:b": [undefined] } as unknown as AccessQuestion["context"];
  assert.deepEqual(evaluate(ask(policy, { context })), {
    allowed: false,
    decision: "implicitDeny",
    reason: "because its policies could not be evaluated",
    matched: [],
    missingContext: [],
  });
});

test("judges by 200 statements in less than a millisecond", (t) => {
  const names = Array.from({ length: 20 }, (_, index) => index);
  const identity = names.slice(0, 10).map((folder) => ({
    source: `policy ${folder}`,
    policy: parsePolicy(
      JSON.stringify({
        Version: "2012-10-17",
        Statement: names.map((name) => ({
          Effect: "Allow",
          Action: ["s3:Get*", "s3:Put*"],
          Resource: [`arn:aws:s3:::media-${folder}-${name}/\${aws:username}/*`],
          Condition: { IpAddress: { "aws:SourceIp": "10.0.0.0/8" } },
        })),
      }),
      "identity",
    ),
  }));
  const context = { "aws:username": "bob", "aws:sourceip": "10.1.2.3" };
  const question = { ...ask(identity[0]!.policy, { resource: "arn:aws:s3:::media-9-19/bob/a", context }), identity };
  const times = 2000;
  const started = performance.now();
  for (let time = 0; time < times; time++) assert.ok(evaluate(question).allowed);
  const microseconds = ((performance.now() - started) / times) * 1000;
  t.diagnostic(`${microseconds.toFixed(1)} microseconds`);
  assert.ok(microseconds < 1000);
});

function ask(policy: Policy, asked: Partial<AccessQuestion>): AccessQuestion {
  return {
    principal: { type: "user", accountId: "111122223333", arn: "arn:aws:iam::111122223333:user/bob", id: "AIDABOB" },
    action: "s3:GetObject",
    resource: "arn:aws:s3:::media/a",
    resourceAccountId: "111122223333",
    context: {},
    identity: [{ source: "policy", policy }],
    ...asked,
  };
}

function within(milliseconds: number, run: () => void): void {
  const started = performance.now();
  run();
  const took = performance.now() - started;
  assert.ok(took < milliseconds, `took ${took} ms`);
}
