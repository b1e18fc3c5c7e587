/** Every operator, in all its forms, on keys that are absent, have one value or many. */
import { allow, type PolicyCase } from "./policy-case.ts";

/** A value of the policy, a value of a request that it holds for, one that it does not, and what an absent key makes of it. */
type Row = readonly [operator: string, key: string, value: string, holds: string, fails: string, absent: boolean];

export const operatorRows: readonly Row[] = [
  ["StringEquals", "aws:UserAgent", "vlc", "vlc", "VLC", false],
  ["StringNotEquals", "aws:UserAgent", "vlc", "VLC", "vlc", true],
  ["StringEqualsIgnoreCase", "aws:UserAgent", "vlc", "VLC", "mpv", false],
  ["StringNotEqualsIgnoreCase", "aws:UserAgent", "vlc", "mpv", "VLC", true],
  ["StringLike", "aws:UserAgent", "v?c*", "vlc/3", "VLC/3", false],
  ["StringNotLike", "aws:UserAgent", "v?c*", "VLC/3", "vlc/3", true],
  ["NumericEquals", "s3:max-keys", "10", "10.0", "11", false],
  ["NumericNotEquals", "s3:max-keys", "10", "11", "10.0", true],
  ["NumericLessThan", "s3:max-keys", "10", "9", "10", false],
  ["NumericLessThanEquals", "s3:max-keys", "10", "10", "11", false],
  ["NumericGreaterThan", "s3:max-keys", "10", "100", "10", false],
  ["NumericGreaterThanEquals", "s3:max-keys", "10", "10", "9", false],
  ["DateEquals", "aws:CurrentTime", "2026-03-04T05:06:07Z", "2026-03-04T06:06:07+01:00", "2026-03-04T05:06:08Z", false],
  ["DateNotEquals", "aws:CurrentTime", "2026-03-04T05:06:07Z", "2026-03-04T05:06:08Z", "1772600767", true],
  [
    "DateLessThan",
    "aws:CurrentTime",
    "2026-03-04T05:06:07Z",
    "2026-03-04T05:06:06.999Z",
    "2026-03-04T05:06:07Z",
    false,
  ],
  ["DateLessThanEquals", "aws:CurrentTime", "2026-03-04T05:06:07Z", "1772600767", "1772600768", false],
  ["DateGreaterThan", "aws:CurrentTime", "2026-03-04", "2026-03-04T00:00:00.001Z", "2026-03-04T00:00:00Z", false],
  ["DateGreaterThanEquals", "aws:CurrentTime", "1772600767", "2026-03-04T05:06:07Z", "2026-03-04T05:06:06Z", false],
  ["Bool", "aws:SecureTransport", "true", "TRUE", "false", false],
  ["BinaryEquals", "acme:Key", "QmFzZTY0IQ==", "QmFzZTY0IQ==", "QmFzZTY0Pw==", false],
  ["IpAddress", "aws:SourceIp", "203.0.113.0/24", "203.0.113.255", "203.0.114.0", false],
  ["NotIpAddress", "aws:SourceIp", "203.0.113.0/24", "203.0.114.0", "203.0.113.255", true],
  ["ArnEquals", "aws:SourceArn", "arn:aws:s3:*:*:med?a", "arn:aws:s3:::media", "arn:aws:sns:::media", false],
  ["ArnLike", "aws:SourceArn", "arn:aws:s3:*:*:med?a", "arn:aws:s3:::media", "arn:aws:s3:::medea:x", false],
  ["ArnNotEquals", "aws:SourceArn", "arn:aws:s3:*:*:med?a", "arn:aws:sns:::media", "arn:aws:s3:::media", true],
  ["ArnNotLike", "aws:SourceArn", "arn:aws:s3:*:*:med?a", "arn:aws:s3:::medea:x", "arn:aws:s3:::media", true],
];

/** What the request holds: the values by their part in the row. */
type Asked = "absent" | "holds" | "fails" | "none" | "all" | "some" | "empty";

/**
 * How a form of an operator answers: "row" is what the row says of an absent key. What is written here holds for every
 * operator, negated or not.
 */
const forms: readonly [prefix: string, suffix: string, asked: Asked, expected: boolean | "row"][] = [
  ["", "", "absent", "row"],
  ["", "", "holds", true],
  ["", "", "fails", false],
  ["", "", "empty", "row"],
  ["", "IfExists", "absent", true],
  ["", "IfExists", "holds", true],
  ["", "IfExists", "fails", false],
  ["ForAllValues:", "", "absent", true],
  ["ForAllValues:", "", "empty", true],
  ["ForAllValues:", "", "holds", true],
  ["ForAllValues:", "", "all", true],
  ["ForAllValues:", "", "some", false],
  ["ForAllValues:", "", "none", false],
  ["ForAllValues:", "IfExists", "absent", true],
  ["ForAllValues:", "IfExists", "all", true],
  ["ForAllValues:", "IfExists", "some", false],
  ["ForAnyValue:", "", "absent", false],
  ["ForAnyValue:", "", "empty", false],
  ["ForAnyValue:", "", "holds", true],
  ["ForAnyValue:", "", "all", true],
  ["ForAnyValue:", "", "some", true],
  ["ForAnyValue:", "", "none", false],
  ["ForAnyValue:", "IfExists", "absent", true],
  ["ForAnyValue:", "IfExists", "some", true],
  ["ForAnyValue:", "IfExists", "none", false],
];

export type OperatorCase = PolicyCase & { operator: string; prefix: string; suffix: string; asked: Asked };

export const operatorCases: readonly OperatorCase[] = operatorRows.flatMap(([operator, key, value, ...rest]) => {
  const [holds, fails, absent] = rest;
  const values = { holds, fails, none: [fails, fails], all: [holds, holds], some: [fails, holds], empty: [] };
  return forms.map(([prefix, suffix, asked, expected]): OperatorCase => {
    const isTrue = expected === "row" ? absent : expected;
    return {
      name: `${prefix}${operator}${suffix} of a key that is ${asked} is ${isTrue}`,
      ...{ operator, prefix, suffix, asked },
      identity: [allow("*", { Condition: { [`${prefix}${operator}${suffix}`]: { [key]: value } } })],
      context: asked === "absent" ? {} : { [key.toLowerCase()]: values[asked] },
      expected: isTrue ? "allowed" : "implicitDeny",
      missing: asked === "absent" ? [key] : [],
    };
  });
});
