/** Variables in resources and conditions. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how policies write variables.
import { allow, deny, type PolicyCase } from "./policy-case.ts";

type Context = NonNullable<PolicyCase["context"]>;

const bobs: Context = { "aws:username": "bob", "aws:principaltag/team": "red*", "aws:tagkeys": ["bob"] };

/** What follows `arn:aws:s3:::` in the policy and in the request, what the request holds, whether they match. */
const resources: readonly [pattern: string, resource: string, Context, boolean][] = [
  ["media/${aws:username}/*", "media/bob/a", bobs, true],
  ["media/${aws:username}/*", "media/amy/a", bobs, false],
  ["media/${aws:username}/*", "media/bob/a", {}, false],
  ["media/${aws:username}/*", "media/${aws:username}/a", {}, false],
  ["media/${AWS:UserName}/*", "media/bob/a", bobs, true],
  ["media/${ aws:username }/*", "media/bob/a", bobs, true],
  ["${aws:username}", "bob", bobs, true],
  ["${aws:username}-${aws:username}", "bob-bob", bobs, true],
  ["${aws:username}*", "bobby", bobs, true],
  ["*/${aws:username}/?", "media/x/bob/a", bobs, true],
  ["media/${aws:PrincipalTag/Team}/a", "media/red*/a", bobs, true],
  ["media/${aws:PrincipalTag/Team}/a", "media/redder/a", bobs, false],
  ["media/${aws:PrincipalTag/Desk, 'none'}/a", "media/none/a", bobs, true],
  ["media/${aws:PrincipalTag/Team, 'none'}/a", "media/none/a", bobs, false],
  ["media/${aws:PrincipalTag/Desk,'a}b'}/a", "media/a}b/a", bobs, true],
  ["media/${aws:PrincipalTag/Desk, ''}/a", "media//a", bobs, true],
  ["media/${aws:PrincipalTag/Desk, '*'}/a", "media/x/a", bobs, false],
  ["media/${aws:PrincipalTag/Desk, '*'}/a", "media/*/a", bobs, true],
  ["media/${aws:TagKeys}/a", "media/bob/a", bobs, false],
  ["media/${aws:TagKeys, 'many'}/a", "media/many/a", bobs, true],
  ["media/${*}", "media/*", bobs, true],
  ["media/${*}", "media/a", bobs, false],
  ["media/${?}", "media/?", bobs, true],
  ["media/${?}", "media/a", bobs, false],
  ["media/${$}{aws:username}", "media/${aws:username}", bobs, true],
  ["media/${$}{aws:username}", "media/bob", bobs, false],
  ["media/$a$", "media/$a$", bobs, true],
  ["media/${aws:username}", "media/a:b", { "aws:username": "a:b" }, true],
  ["media/${aws:username}", "media/a/b", { "aws:username": "a/b" }, true],
  ["media/${a:constructor}", "media/x", bobs, false],
  ["media/${credentials-iot:ThingName}/*", "media/porch-cam/a", { "credentials-iot:thingname": "porch-cam" }, true],
];

const byResource = resources.map(
  ([pattern, resource, context, isMatch]): PolicyCase => ({
    name: `Resource ${pattern} ${isMatch ? "is" : "is not"} ${resource} with ${JSON.stringify(context)}`,
    identity: [allow("*", { Resource: `arn:aws:s3:::${pattern}` })],
    resource: `arn:aws:s3:::${resource}`,
    context,
    expected: isMatch ? "allowed" : "implicitDeny",
  }),
);

/** Operator, a value of the policy for `acme:Key`, what the request holds, whether the condition is true. */
const conditions: readonly [operator: string, value: string, Context, boolean][] = [
  ["StringEquals", "${aws:username}", { ...bobs, "acme:key": "bob" }, true],
  ["StringEquals", "${aws:username}", { ...bobs, "acme:key": "amy" }, false],
  ["StringEquals", "${aws:username}", { "acme:key": "${aws:username}" }, false],
  ["StringNotEquals", "${aws:username}", { ...bobs, "acme:key": "bob" }, false],
  ["StringNotEquals", "${aws:username}", { "acme:key": "bob" }, true],
  ["StringNotEquals", "${aws:username}", bobs, true],
  ["StringEquals", "home/${aws:username}/", { ...bobs, "acme:key": "home/bob/" }, true],
  ["StringEquals", "${aws:userid, 'nobody'}", { "acme:key": "nobody" }, true],
  ["StringEqualsIgnoreCase", "X-${aws:username}", { "aws:username": "Bob", "acme:key": "x-bOB" }, true],
  ["StringNotEqualsIgnoreCase", "${aws:username}", { "aws:username": "Bob", "acme:key": "bOB" }, false],
  ["StringLike", "${aws:username}/*", { ...bobs, "acme:key": "bob/a" }, true],
  ["StringLike", "${aws:PrincipalTag/Team}", { ...bobs, "acme:key": "redder" }, false],
  ["StringLike", "${aws:PrincipalTag/Team}", { ...bobs, "acme:key": "red*" }, true],
  ["StringLike", "a${*}?", { "acme:key": "a*b" }, true],
  ["StringLike", "a${*}?", { "acme:key": "abb" }, false],
  ["StringNotLike", "${aws:username}/*", { "acme:key": "bob/a" }, true],
  ["StringNotLike", "${aws:username}/*", { ...bobs, "acme:key": "bob/a" }, false],
  ["ArnLike", "arn:aws:iam::*:user/${aws:username}", { ...bobs, "acme:key": "arn:aws:iam::1:user/bob" }, true],
  ["ArnLike", "arn:aws:iam::*:user/${aws:username}", { "acme:key": "arn:aws:iam::1:user/bob" }, false],
  [
    "ArnEquals",
    "${aws:PrincipalArn}",
    { "aws:principalarn": "arn:aws:iam::1:role/a", "acme:key": "arn:aws:iam::1:role/a" },
    true,
  ],
  [
    "ArnEquals",
    "${aws:PrincipalArn}",
    { "aws:principalarn": "arn:aws:iam::1:role/*", "acme:key": "arn:aws:iam::1:role/a" },
    false,
  ],
  [
    "ArnEquals",
    "arn:aws:sns:*:${aws:PrincipalAccount}:*",
    { "aws:principalaccount": "1", "acme:key": "arn:aws:sns:eu-1:1:a:b" },
    true,
  ],
  ["ArnNotEquals", "arn:aws:sns:*:${aws:PrincipalAccount}:*", { "acme:key": "arn:aws:sns:eu-1:1:a" }, true],
  [
    "ArnNotLike",
    "arn:aws:sns:*:${aws:PrincipalAccount}:*",
    { "aws:principalaccount": "1", "acme:key": "arn:aws:sns:eu-1:1:a" },
    false,
  ],
  ["Bool", "${aws:ViaAWSService}", { "aws:viaawsservice": "True", "acme:key": "true" }, true],
  ["Bool", "${aws:ViaAWSService}", { "acme:key": "true" }, false],
  ["ForAnyValue:StringEquals", "${aws:username}", bobs, false],
  ["ForAnyValue:StringEquals", "${aws:username}", { ...bobs, "acme:key": ["amy", "bob"] }, true],
  ["ForAllValues:StringEquals", "${aws:username}", { ...bobs, "acme:key": ["amy", "bob"] }, false],
  ["StringEqualsIfExists", "${aws:username}", {}, true],
  ["StringEqualsIfExists", "${aws:username}", { "acme:key": "bob" }, false],
];

const byCondition = conditions.map(
  ([operator, value, context, isTrue]): PolicyCase => ({
    name: `${operator} ${value} with ${JSON.stringify(context)} is ${isTrue}`,
    identity: [allow("*", { Condition: { [operator]: { "acme:Key": value } } })],
    context,
    expected: isTrue ? "allowed" : "implicitDeny",
  }),
);

const oldVersion = (more: object) =>
  JSON.stringify({ Version: "2008-10-17", Statement: { Effect: "Allow", Action: "*", Resource: "*", ...more } });

export const variableCases: readonly PolicyCase[] = [
  ...byResource,
  ...byCondition,
  {
    name: "in the old version a variable is text",
    identity: oldVersion({ Resource: "arn:aws:s3:::media/${aws:username}/*" }),
    resource: "arn:aws:s3:::media/${aws:username}/a",
    context: bobs,
    expected: "allowed",
  },
  {
    name: "in the old version a variable has no value",
    identity: oldVersion({ Resource: "arn:aws:s3:::media/${aws:username}/*" }),
    resource: "arn:aws:s3:::media/bob/a",
    context: bobs,
    expected: "implicitDeny",
  },
  {
    name: "in the old version ${*} is a wildcard in braces",
    identity: oldVersion({ Resource: "arn:aws:s3:::media/${*}" }),
    resource: "arn:aws:s3:::media/${abc}",
    expected: "allowed",
  },
  {
    name: "in the old version a condition compares the text of a variable",
    identity: oldVersion({ Condition: { StringEquals: { "acme:Key": "${aws:username}" } } }),
    context: { "aws:username": "bob", "acme:key": "${aws:username}" },
    expected: "allowed",
  },
  {
    name: "a document without a version is of the old one",
    identity: '{"Statement":{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::${aws:username}"}}',
    resource: "arn:aws:s3:::bob",
    context: bobs,
    expected: "implicitDeny",
  },
  {
    name: "a variable without a value is a missing key",
    identity: [allow("*", { Resource: "arn:aws:s3:::media/${aws:PrincipalTag/Desk}/*" })],
    resource: "arn:aws:s3:::media/bob/a",
    expected: "implicitDeny",
    missing: ["aws:PrincipalTag/Desk"],
  },
  {
    name: "an Allow of all but the unknown allows nothing",
    identity: [allow("*", { NotResource: "arn:aws:s3:::media/${aws:username}/*" })],
    resource: "arn:aws:s3:::media/amy/a",
    expected: "implicitDeny",
  },
  {
    name: "an Allow of all but what is known",
    identity: [allow("*", { NotResource: "arn:aws:s3:::media/${aws:username}/*" })],
    resource: "arn:aws:s3:::media/amy/a",
    context: bobs,
    expected: "allowed",
  },
  {
    name: "a Deny of all but the unknown denies everything",
    identity: [allow("*"), deny("*", { NotResource: "arn:aws:s3:::media/${aws:username}/*" })],
    resource: "arn:aws:s3:::media/amy/a",
    expected: "explicitDeny",
  },
  {
    name: "a Deny of the unknown denies nothing",
    identity: [allow("*"), deny("*", { Resource: "arn:aws:s3:::media/${aws:username}/*" })],
    resource: "arn:aws:s3:::media/amy/a",
    expected: "allowed",
  },
];
