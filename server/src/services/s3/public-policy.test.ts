import assert from "node:assert/strict";
import { test } from "node:test";
import { isPublicPolicy } from "./public-policy.ts";

const everybody = { Effect: "Allow", Principal: "*", Action: "s3:GetObject", Resource: "arn:aws:s3:::b/*" };
const when = (Condition: object) => ({ ...everybody, Condition });

for (const [what, statements, expected] of [
  ["everybody", [everybody], true],
  ["everybody in an object", [{ ...everybody, Principal: { AWS: "*" } }], true],
  ["everybody in a list", [{ ...everybody, Principal: { AWS: ["123456789012", "*"] } }], true],
  ["one statement of two", [{ ...everybody, Principal: { AWS: "123456789012" } }, everybody], true],
  ["all but somebody", [{ ...everybody, Principal: undefined, NotPrincipal: { AWS: "123456789012" } }], true],
  ["an account", [{ ...everybody, Principal: { AWS: "arn:aws:iam::123456789012:root" } }], false],
  ["a service", [{ ...everybody, Principal: { Service: "elastictranscoder.amazonaws.com" } }], false],
  ["a denial", [{ ...everybody, Effect: "Deny" }], false],
  ["from a network", [when({ IpAddress: { "aws:SourceIp": "10.1.0.0/16" } })], false],
  ["from half the world", [when({ IpAddress: { "aws:SourceIp": ["10.1.0.0/16", "128.0.0.0/1"] } })], true],
  ["from a network of version 6", [when({ IpAddress: { "aws:SourceIp": "2001:db8::/32" } })], false],
  ["from a large one", [when({ IpAddress: { "aws:SourceIp": "2000::/3" } })], true],
  ["not from a network", [when({ NotIpAddress: { "aws:SourceIp": "10.1.0.0/16" } })], true],
  ["an organization", [when({ StringEquals: { "aws:PrincipalOrgID": "o-1" } })], false],
  ["any organization", [when({ StringLike: { "aws:PrincipalOrgID": "o-*" } })], true],
  ["if there is one", [when({ StringEqualsIfExists: { "aws:PrincipalOrgID": "o-1" } })], true],
  ["a referrer, which anybody can write", [when({ StringEquals: { "aws:Referer": "https://a.example" } })], true],
  ["its own name", [when({ StringEquals: { "aws:userid": "$" + "{aws:userid}" } })], true],
] as const)
  test(`a policy that allows ${what} is ${expected ? "" : "not "}public`, () => {
    assert.equal(isPublicPolicy(JSON.stringify({ Statement: statements })), expected);
    if (statements.length === 1) assert.equal(isPublicPolicy(JSON.stringify({ Statement: statements[0] })), expected);
  });
