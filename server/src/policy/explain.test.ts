import assert from "node:assert/strict";
import { test } from "node:test";
import { evaluate } from "./evaluate.ts";
import { explain } from "./explain.ts";
import { parsePolicy } from "./parse-policy.ts";
import type { AccessQuestion } from "./policy.types.ts";

const document = `{
  "Version": "2012-10-17",
  "Statement": [
    { "Effect": "Allow", "Action": "s3:*", "Resource": "*" },
    {
      "Sid": "OnlyTheTeam",
      "Effect": "Deny",
      "Action": "s3:GetObject",
      "Resource": "arn:aws:s3:::media/*",
      "Condition": { "StringNotEquals": { "aws:PrincipalTag/Team": "media" } }
    }
  ]
}`;

const question: AccessQuestion = {
  principal: { type: "user", accountId: "111122223333", arn: "arn:aws:iam::111122223333:user/bob", id: "AIDABOB" },
  action: "s3:GetObject",
  resource: "arn:aws:s3:::media/a.mkv",
  resourceAccountId: "111122223333",
  context: {},
  identity: [{ source: "inline policy Media of user bob", policy: parsePolicy(document, "identity") }],
};

const cases: readonly [name: string, change: Partial<AccessQuestion>, sentences: string[]][] = [
  [
    "an explicit deny",
    {},
    [
      "arn:aws:iam::111122223333:user/bob may not do s3:GetObject on arn:aws:s3:::media/a.mkv, with an explicit deny in an identity-based policy.",
      'Statement "OnlyTheTeam" of inline policy Media of user bob denies it (line 5, column 5).',
      "Policies ask for what the request does not say: aws:PrincipalTag/Team.",
    ],
  ],
  [
    "an allow",
    { context: { "aws:principaltag/team": "media" } },
    [
      "arn:aws:iam::111122223333:user/bob may do s3:GetObject on arn:aws:s3:::media/a.mkv, by an identity-based policy.",
      "Statement 1 of inline policy Media of user bob allows it (line 4, column 5).",
    ],
  ],
  [
    "an implicit deny",
    { action: "sns:ListTopics", resource: "*" },
    [
      "arn:aws:iam::111122223333:user/bob may not do sns:ListTopics on all resources, because no identity-based policy allows the sns:ListTopics action.",
    ],
  ],
  [
    "root",
    { principal: { type: "root", accountId: "111122223333" }, identity: [] },
    ["The root of account 111122223333 may do s3:GetObject on arn:aws:s3:::media/a.mkv, as the root of the account."],
  ],
  [
    "nobody",
    { principal: { type: "anonymous" }, identity: [] },
    [
      "An anonymous caller may not do s3:GetObject on arn:aws:s3:::media/a.mkv, because no resource-based policy allows the s3:GetObject action.",
    ],
  ],
];

for (const [name, change, sentences] of cases) {
  test(`explains ${name}`, () => {
    const asked = { ...question, ...change };
    assert.deepEqual(explain(asked, evaluate(asked)), sentences);
  });
}
