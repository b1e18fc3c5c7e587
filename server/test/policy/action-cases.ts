/** What Action and NotAction match. */
import { allow, deny, type PolicyCase, statement } from "./policy-case.ts";

/** Action of the policy, the action asked for, whether they match. */
const matches: readonly [pattern: string | string[], action: string, boolean][] = [
  ["*", "s3:GetObject", true],
  ["*", "kinesisvideo:PutMedia", true],
  ["s3:*", "s3:GetObject", true],
  ["s3:*", "s3-object-lambda:GetObject", false],
  ["s3:*", "sns:Publish", false],
  ["s3:GetObject", "s3:GetObject", true],
  ["s3:GetObject", "s3:GetObjectAcl", false],
  ["s3:GetObjectAcl", "s3:GetObject", false],
  ["S3:GETOBJECT", "s3:GetObject", true],
  ["s3:getobject", "S3:GetObject", true],
  ["s3:Get*", "s3:GetObject", true],
  ["s3:Get*", "s3:PutObject", false],
  ["s3:Get*", "s3:get", true],
  ["s3:*Object", "s3:GetObject", true],
  ["s3:*Object", "s3:GetObjectAcl", false],
  ["s3:*Object*", "s3:GetObjectAcl", true],
  ["s3:*obj*acl", "s3:GetObjectVersionAcl", true],
  ["s3:*Acl*Version*", "s3:GetObjectVersionAcl", false],
  ["s3:???Object", "s3:GetObject", true],
  ["s3:???Object", "s3:DeleteObject", false],
  ["s3:?et*", "s3:GetObject", true],
  ["s3:?", "s3:GetObject", false],
  ["s3:**", "s3:GetObject", true],
  ["s3:*?", "s3:GetObject", true],
  ["s3:G*t*t", "s3:GetObject", true],
  ["s3:GetObject*", "s3:GetObject", true],
  ["s3:GetObject?", "s3:GetObject", false],
  [["sns:Publish", "s3:GetObject"], "s3:GetObject", true],
  [["sns:Publish", "s3:PutObject"], "s3:GetObject", false],
  ["kinesisvideo:Get*", "kinesisvideo:GetDataEndpoint", true],
  ["kinesisvideo:Get*", "kinesisvideo:PutMedia", false],
  ["elastictranscoder:*Job*", "elastictranscoder:ListJobsByPipeline", true],
  ["elastictranscoder:*Job", "elastictranscoder:ListJobsByPipeline", false],
  ["sts:AssumeRole", "sts:AssumeRoleWithWebIdentity", false],
  ["iam:PassRole", "iam:PassRole", true],
];

const byAction = matches.flatMap(([pattern, action, isMatch]): PolicyCase[] => [
  {
    name: `Action ${pattern} ${isMatch ? "is" : "is not"} ${action}`,
    action,
    identity: [allow(pattern)],
    expected: isMatch ? "allowed" : "implicitDeny",
  },
  {
    name: `NotAction ${pattern} ${isMatch ? "leaves out" : "means"} ${action}`,
    action,
    identity: [statement("Allow", { NotAction: pattern })],
    expected: isMatch ? "implicitDeny" : "allowed",
  },
]);

export const actionCases: readonly PolicyCase[] = [
  ...byAction,
  {
    name: "no policy at all",
    expected: "implicitDeny",
    reason: "because no identity-based policy allows the s3:GetObject action",
  },
  { name: "Deny decides over Allow", identity: [allow("*"), deny("s3:GetObject")], expected: "explicitDeny" },
  { name: "Deny decides wherever it stands", identity: [deny("s3:GetObject"), allow("*")], expected: "explicitDeny" },
  { name: "Deny of something else", identity: [allow("*"), deny("s3:PutObject")], expected: "allowed" },
  {
    name: "Deny NotAction spares what it lists",
    identity: [allow("*"), statement("Deny", { NotAction: ["s3:Get*", "iam:*"] })],
    expected: "allowed",
  },
  {
    name: "Deny NotAction takes the rest",
    action: "s3:PutObject",
    identity: [allow("*"), statement("Deny", { Sid: "OnlyReading", NotAction: ["s3:Get*", "iam:*"] })],
    expected: "explicitDeny",
    matched: ["OnlyReading"],
  },
  {
    name: "any of many statements may allow",
    identity: [allow("sns:*"), allow("s3:Put*"), allow("s3:Get*", { Sid: "Third" }), allow("kms:*")],
    expected: "allowed",
    matched: ["Third"],
  },
  {
    name: "one statement without a list is a policy",
    identity: '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}}',
    expected: "allowed",
  },
  {
    name: "a dollar sign in an action is text",
    identity: [allow("s3:$")],
    action: "s3:$",
    expected: "allowed",
  },
];
