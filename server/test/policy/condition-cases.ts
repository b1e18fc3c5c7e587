/** Conditions one by one: types of values, lists of them, several operators and keys. */
import { allow, deny, type PolicyCase } from "./policy-case.ts";

type Conditions = Readonly<Record<string, Readonly<Record<string, unknown>>>>;
type Context = NonNullable<PolicyCase["context"]>;

/** The Condition element, what the request holds, whether it is true. */
const truths: readonly [Conditions, Context, boolean][] = [
  // Values of a key are alternatives; negated, none may be met.
  [{ StringEquals: { "s3:prefix": ["a", "b"] } }, { "s3:prefix": "b" }, true],
  [{ StringEquals: { "s3:prefix": ["a", "b"] } }, { "s3:prefix": "c" }, false],
  [{ StringNotEquals: { "s3:prefix": ["a", "b"] } }, { "s3:prefix": "b" }, false],
  [{ StringNotEquals: { "s3:prefix": ["a", "b"] } }, { "s3:prefix": "c" }, true],
  [{ StringEquals: { "s3:prefix": "" } }, { "s3:prefix": "" }, true],
  [{ StringEquals: { "s3:prefix": "" } }, {}, false],
  [{ StringEquals: { "s3:prefix": [] } }, { "s3:prefix": "a" }, false],
  [{ StringNotEquals: { "s3:prefix": [] } }, { "s3:prefix": "a" }, true],
  // Operators and keys must all be met.
  [{ StringEquals: { "s3:prefix": "a", "s3:delimiter": "/" } }, { "s3:prefix": "a", "s3:delimiter": "/" }, true],
  [{ StringEquals: { "s3:prefix": "a", "s3:delimiter": "/" } }, { "s3:prefix": "a", "s3:delimiter": "-" }, false],
  [{ StringEquals: { "s3:prefix": "a", "s3:delimiter": "/" } }, { "s3:prefix": "a" }, false],
  [
    { StringEquals: { "s3:prefix": "a" }, Bool: { "aws:SecureTransport": "true" } },
    { "s3:prefix": "a", "aws:securetransport": "true" },
    true,
  ],
  [
    { StringEquals: { "s3:prefix": "a" }, Bool: { "aws:SecureTransport": "true" } },
    { "s3:prefix": "a", "aws:securetransport": "false" },
    false,
  ],
  [{}, {}, true],
  [{ StringEquals: {} }, {}, true],
  // Names of keys have no case.
  [{ StringEquals: { "AWS:USERNAME": "bob" } }, { "aws:username": "bob" }, true],
  [{ StringEquals: { "aws:PrincipalTag/Team": "red" } }, { "aws:principaltag/team": "red" }, true],
  // A key that is named like something that every object has.
  [{ StringEquals: { "a:constructor": "x" } }, {}, false],
  [{ Null: { "a:toString": "true" } }, {}, true],
  // Text.
  [{ StringEquals: { "s3:prefix": "a*" } }, { "s3:prefix": "ab" }, false],
  [{ StringEquals: { "s3:prefix": "a*" } }, { "s3:prefix": "a*" }, true],
  [{ StringEqualsIgnoreCase: { "s3:prefix": "A*" } }, { "s3:prefix": "ab" }, false],
  [{ StringLike: { "s3:prefix": ["home/", "home/bob/*"] } }, { "s3:prefix": "home/bob/a/b" }, true],
  [{ StringLike: { "s3:prefix": ["home/", "home/bob/*"] } }, { "s3:prefix": "home/amy/" }, false],
  [{ StringLike: { "s3:prefix": "*" } }, { "s3:prefix": "" }, true],
  [{ StringLike: { "s3:prefix": "*" } }, {}, false],
  [{ StringLike: { "s3:prefix": "?*" } }, { "s3:prefix": "" }, false],
  [{ StringLike: { "s3:prefix": "a*b*c" } }, { "s3:prefix": "abc" }, true],
  [{ StringLike: { "s3:prefix": "a*b*c" } }, { "s3:prefix": "acb" }, false],
  [{ StringLike: { "s3:prefix": "ab*ba" } }, { "s3:prefix": "aba" }, false],
  [{ StringEquals: { "s3:prefix": "Grün" } }, { "s3:prefix": "Grün" }, true],
  [{ StringEquals: { "aws:MultiFactorAuthAge": 10 } }, { "aws:multifactorauthage": "10" }, true],
  [{ StringEquals: { "aws:SecureTransport": false } }, { "aws:securetransport": "false" }, true],
  // Numbers, and what is none.
  [{ NumericLessThan: { "aws:MultiFactorAuthAge": 3600 } }, { "aws:multifactorauthage": "3599" }, true],
  [{ NumericLessThan: { "aws:MultiFactorAuthAge": "3600" } }, { "aws:multifactorauthage": "3600" }, false],
  [{ NumericEquals: { "s3:max-keys": "1e2" } }, { "s3:max-keys": "100" }, true],
  [{ NumericEquals: { "s3:max-keys": "-0.5" } }, { "s3:max-keys": "-.50" }, true],
  [{ NumericLessThan: { "s3:max-keys": "9" } }, { "s3:max-keys": "10" }, false],
  [{ NumericEquals: { "s3:max-keys": "10" } }, { "s3:max-keys": "ten" }, false],
  [{ NumericNotEquals: { "s3:max-keys": "10" } }, { "s3:max-keys": "ten" }, true],
  [{ NumericGreaterThanEquals: { "s3:max-keys": "0" } }, { "s3:max-keys": "" }, false],
  [{ NumericLessThan: { "s3:max-keys": "10" } }, { "s3:max-keys": "NaN" }, false],
  [{ NumericLessThan: { "s3:max-keys": "10" } }, { "s3:max-keys": "0x5" }, false],
  // Times: days, zones, fractions, seconds since 1970.
  [
    { DateGreaterThan: { "aws:CurrentTime": "2026-01-01T00:00:00Z" } },
    { "aws:currenttime": "2026-11-26T15:00:00.123Z" },
    true,
  ],
  [{ DateGreaterThan: { "aws:CurrentTime": "2026" } }, { "aws:currenttime": "2025-12-31T23:59:59Z" }, false],
  [{ DateGreaterThanEquals: { "aws:CurrentTime": "2026-01" } }, { "aws:currenttime": "2026-01-01T00:00:00Z" }, true],
  [{ DateLessThan: { "aws:EpochTime": "2026-03-04T05:06:07Z" } }, { "aws:epochtime": "1772600766" }, true],
  [{ NumericLessThan: { "aws:EpochTime": 1772600767 } }, { "aws:epochtime": "1772600766" }, true],
  [
    { DateLessThan: { "aws:CurrentTime": "2026-03-04T05:06-01:00" } },
    { "aws:currenttime": "2026-03-04T06:05:59Z" },
    true,
  ],
  [{ DateLessThan: { "aws:TokenIssueTime": "2026-03-04T05:06:07Z" } }, {}, false],
  [{ DateLessThan: { "aws:CurrentTime": "2026-03-04T05:06:07Z" } }, { "aws:currenttime": "yesterday" }, false],
  [{ DateNotEquals: { "aws:CurrentTime": "2026-03-04T05:06:07Z" } }, { "aws:currenttime": "yesterday" }, true],
  [
    {
      DateGreaterThan: { "aws:CurrentTime": "2026-01-01T00:00:00Z" },
      DateLessThan: { "aws:CurrentTime": "2026-02-01T00:00:00Z" },
    },
    { "aws:currenttime": "2026-01-15T00:00:00Z" },
    true,
  ],
  [
    {
      DateGreaterThan: { "aws:CurrentTime": "2026-01-01T00:00:00Z" },
      DateLessThan: { "aws:CurrentTime": "2026-02-01T00:00:00Z" },
    },
    { "aws:currenttime": "2026-02-15T00:00:00Z" },
    false,
  ],
  // Yes and no.
  [{ Bool: { "aws:SecureTransport": true } }, { "aws:securetransport": "true" }, true],
  [{ Bool: { "aws:SecureTransport": "False" } }, { "aws:securetransport": "false" }, true],
  [{ Bool: { "aws:SecureTransport": "false" } }, { "aws:securetransport": "no" }, false],
  [{ Bool: { "aws:MultiFactorAuthPresent": "false" } }, {}, false],
  [{ BoolIfExists: { "aws:MultiFactorAuthPresent": "false" } }, {}, true],
  [{ Bool: { "aws:ViaAWSService": ["true", "false"] } }, { "aws:viaawsservice": "false" }, true],
  // Bytes.
  [{ BinaryEquals: { "acme:Key": "QQ" } }, { "acme:key": "QQ==" }, true],
  [{ BinaryEquals: { "acme:Key": "QQ==" } }, { "acme:key": "A" }, false],
  [{ BinaryEquals: { "acme:Key": "QQ==" } }, { "acme:key": "Q Q = =" }, false],
  // Addresses.
  [{ IpAddress: { "aws:SourceIp": "203.0.113.7" } }, { "aws:sourceip": "203.0.113.7" }, true],
  [{ IpAddress: { "aws:SourceIp": "203.0.113.7" } }, { "aws:sourceip": "203.0.113.8" }, false],
  [{ IpAddress: { "aws:SourceIp": "203.0.113.7/24" } }, { "aws:sourceip": "203.0.113.200" }, true],
  [{ IpAddress: { "aws:SourceIp": ["10.0.0.0/8", "192.168.0.0/16"] } }, { "aws:sourceip": "192.168.3.4" }, true],
  [{ IpAddress: { "aws:SourceIp": "0.0.0.0/0" } }, { "aws:sourceip": "198.51.100.1" }, true],
  [{ IpAddress: { "aws:SourceIp": "0.0.0.0/0" } }, { "aws:sourceip": "2001:db8::1" }, false],
  [{ IpAddress: { "aws:SourceIp": "::/0" } }, { "aws:sourceip": "2001:db8::1" }, true],
  [{ IpAddress: { "aws:SourceIp": "::/0" } }, { "aws:sourceip": "198.51.100.1" }, false],
  [{ IpAddress: { "aws:SourceIp": "2001:db8::/33" } }, { "aws:sourceip": "2001:db8:7fff::1" }, true],
  [{ IpAddress: { "aws:SourceIp": "2001:db8::/33" } }, { "aws:sourceip": "2001:db8:8000::1" }, false],
  [{ IpAddress: { "aws:SourceIp": "2001:DB8::1" } }, { "aws:sourceip": "2001:db8:0:0::0:1" }, true],
  [{ IpAddress: { "aws:SourceIp": "203.0.113.0/24" } }, { "aws:sourceip": "::ffff:203.0.113.7" }, true],
  [{ IpAddress: { "aws:SourceIp": "203.0.113.0/24" } }, { "aws:sourceip": "::FFFF:cb00:7107" }, true],
  [{ IpAddress: { "aws:SourceIp": "::ffff:203.0.113.0/120" } }, { "aws:sourceip": "203.0.113.7" }, true],
  [{ IpAddress: { "aws:SourceIp": "203.0.113.0/31" } }, { "aws:sourceip": "203.0.113.1" }, true],
  [{ IpAddress: { "aws:SourceIp": "203.0.113.0/31" } }, { "aws:sourceip": "203.0.113.2" }, false],
  [{ NotIpAddress: { "aws:SourceIp": ["10.0.0.0/8", "192.168.0.0/16"] } }, { "aws:sourceip": "192.168.3.4" }, false],
  [{ NotIpAddress: { "aws:SourceIp": ["10.0.0.0/8", "192.168.0.0/16"] } }, { "aws:sourceip": "198.51.100.1" }, true],
  [{ NotIpAddress: { "aws:SourceIp": "10.0.0.0/8" } }, { "aws:sourceip": "no address" }, true],
  [{ IpAddress: { "aws:SourceIp": "0.0.0.0/0" } }, { "aws:sourceip": "no address" }, false],
  // ARNs.
  [{ ArnLike: { "aws:SourceArn": "*" } }, { "aws:sourcearn": "arn:aws:s3:::media" }, true],
  [{ ArnLike: { "aws:SourceArn": "*" } }, { "aws:sourcearn": "media" }, false],
  [{ ArnLike: { "aws:SourceArn": "arn:aws:s3:::media" } }, { "aws:sourcearn": "arn:aws:s3:::media" }, true],
  [
    { ArnEquals: { "aws:SourceArn": "arn:aws:sns:*:111122223333:*" } },
    { "aws:sourcearn": "arn:aws:sns:eu-west-1:111122223333:a:b" },
    true,
  ],
  [
    { ArnLike: { "aws:SourceArn": "arn:aws:sns:*:done" } },
    { "aws:sourcearn": "arn:aws:sns:eu-west-1:111122223333:done" },
    false,
  ],
  [
    { ArnLike: { "aws:SourceArn": "arn:aws:s*:*:*:*" } },
    { "aws:sourcearn": "arn:aws:sns:eu-west-1:111122223333:done" },
    true,
  ],
  [
    { ArnLike: { "aws:PrincipalArn": "arn:aws:iam::*:role/team/*" } },
    { "aws:principalarn": "arn:aws:iam::111122223333:role/team/Editor" },
    true,
  ],
  [
    { ArnNotLike: { "aws:PrincipalArn": ["arn:aws:iam::*:role/a", "arn:aws:iam::*:role/b"] } },
    { "aws:principalarn": "arn:aws:iam::1:role/b" },
    false,
  ],
  [{ ArnNotEquals: { "aws:SourceArn": "arn:aws:s3:::media" } }, { "aws:sourcearn": "no ARN" }, true],
  [
    { StringLike: { "aws:SourceArn": "arn:aws:sns:*:done" } },
    { "aws:sourcearn": "arn:aws:sns:eu-west-1:111122223333:done" },
    true,
  ],
  // Whether a key is there.
  [{ Null: { "aws:TokenIssueTime": "true" } }, {}, true],
  [{ Null: { "aws:TokenIssueTime": "true" } }, { "aws:tokenissuetime": "2026-03-04T05:06:07Z" }, false],
  [{ Null: { "aws:TokenIssueTime": "false" } }, {}, false],
  [{ Null: { "aws:TokenIssueTime": "false" } }, { "aws:tokenissuetime": "2026-03-04T05:06:07Z" }, true],
  [{ Null: { "aws:TokenIssueTime": true } }, {}, true],
  [{ Null: { "aws:TagKeys": "true" } }, { "aws:tagkeys": [] }, true],
  [{ Null: { "aws:TagKeys": "false" } }, { "aws:tagkeys": ["a"] }, true],
  [{ Null: { "s3:prefix": "false" } }, { "s3:prefix": "" }, true],
  [{ Null: { "s3:prefix": ["true", "false"] } }, {}, true],
  // Keys with many values.
  [{ "ForAllValues:StringEquals": { "aws:TagKeys": ["team", "cost"] } }, { "aws:tagkeys": ["team", "cost"] }, true],
  [{ "ForAllValues:StringEquals": { "aws:TagKeys": ["team", "cost"] } }, { "aws:tagkeys": ["team"] }, true],
  [{ "ForAllValues:StringEquals": { "aws:TagKeys": ["team", "cost"] } }, { "aws:tagkeys": ["team", "owner"] }, false],
  [{ "ForAllValues:StringEquals": { "aws:TagKeys": ["team", "cost"] } }, {}, true],
  [{ "ForAllValues:StringEquals": { "aws:TagKeys": "team" }, Null: { "aws:TagKeys": "false" } }, {}, false],
  [
    { "ForAllValues:StringEquals": { "aws:TagKeys": "team" }, Null: { "aws:TagKeys": "false" } },
    { "aws:tagkeys": ["team"] },
    true,
  ],
  [{ "ForAllValues:StringEquals": { "aws:TagKeys": "team" } }, { "aws:tagkeys": "" }, true],
  [{ "ForAnyValue:StringEquals": { "aws:TagKeys": ["", "team"] } }, { "aws:tagkeys": "" }, false],
  [{ "ForAnyValue:StringEquals": { "aws:TagKeys": ["team", "cost"] } }, { "aws:tagkeys": ["owner", "cost"] }, true],
  [{ "ForAnyValue:StringEquals": { "aws:TagKeys": ["team", "cost"] } }, { "aws:tagkeys": ["owner"] }, false],
  [
    { "ForAllValues:StringNotEquals": { "aws:TagKeys": ["secret", "cost"] } },
    { "aws:tagkeys": ["team", "owner"] },
    true,
  ],
  [
    { "ForAllValues:StringNotEquals": { "aws:TagKeys": ["secret", "cost"] } },
    { "aws:tagkeys": ["team", "cost"] },
    false,
  ],
  [
    { "ForAnyValue:StringNotEquals": { "aws:TagKeys": ["secret", "cost"] } },
    { "aws:tagkeys": ["secret", "team"] },
    true,
  ],
  [
    { "ForAnyValue:StringNotEquals": { "aws:TagKeys": ["secret", "cost"] } },
    { "aws:tagkeys": ["secret", "cost"] },
    false,
  ],
  [
    { "ForAnyValue:StringLike": { "aws:CalledVia": "*.amazonaws.com" } },
    { "aws:calledvia": ["s3.amazonaws.com"] },
    true,
  ],
  [{ "ForAllValues:StringLike": { "aws:TagKeys": "public-*" } }, { "aws:tagkeys": ["public-a", "public-b"] }, true],
  [{ StringEquals: { "aws:TagKeys": "team" } }, { "aws:tagkeys": ["team"] }, true],
  [{ StringEquals: { "aws:TagKeys": "team" } }, { "aws:tagkeys": ["owner", "team"] }, true],
  [{ StringNotEquals: { "aws:TagKeys": "team" } }, { "aws:tagkeys": ["owner", "team"] }, false],
  [{ StringNotEquals: { "aws:TagKeys": "team" } }, { "aws:tagkeys": ["owner"] }, true],
];

const byTruth = truths.map(
  ([Condition, context, isTrue]): PolicyCase => ({
    name: `${JSON.stringify(Condition)} with ${JSON.stringify(context)} is ${isTrue}`,
    identity: [allow("*", { Condition })],
    context,
    expected: isTrue ? "allowed" : "implicitDeny",
  }),
);

export const conditionCases: readonly PolicyCase[] = [
  ...byTruth,
  {
    name: "a Deny without TLS, over TLS",
    identity: [allow("*"), deny("*", { Condition: { Bool: { "aws:SecureTransport": "false" } } })],
    context: { "aws:securetransport": "true" },
    expected: "allowed",
  },
  {
    name: "a Deny without TLS, in clear",
    identity: [allow("*"), deny("*", { Sid: "TlsOnly", Condition: { Bool: { "aws:SecureTransport": "false" } } })],
    context: { "aws:securetransport": "false" },
    expected: "explicitDeny",
    matched: ["TlsOnly"],
  },
  {
    name: "a Deny outside a network meets who comes from nowhere",
    identity: [allow("*"), deny("*", { Condition: { NotIpAddress: { "aws:SourceIp": "10.0.0.0/8" } } })],
    expected: "explicitDeny",
    missing: ["aws:SourceIp"],
  },
  {
    name: "IfExists changes nothing about that: what is absent is true",
    identity: [allow("*"), deny("*", { Condition: { NotIpAddressIfExists: { "aws:SourceIp": "10.0.0.0/8" } } })],
    expected: "explicitDeny",
  },
  {
    name: "all missing keys are told, also those after a false condition",
    identity: [
      allow("*", {
        Condition: {
          StringEquals: { "s3:prefix": "a", "aws:PrincipalTag/Team": "red" },
          Null: { "aws:TokenIssueTime": "false" },
        },
      }),
    ],
    context: { "s3:prefix": "b" },
    expected: "implicitDeny",
    missing: ["aws:PrincipalTag/Team", "aws:TokenIssueTime"],
  },
  {
    name: "keys of statements about something else are not missing",
    identity: [allow("sns:*", { Condition: { StringEquals: { "sns:Protocol": "https" } } }), allow("s3:*")],
    expected: "allowed",
    missing: [],
  },
];
