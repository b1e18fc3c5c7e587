/** Who may assume a role: trust policies of roles, for principals of the account, of others, services and web identities. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how policies write variables.
import type { PolicyPrincipal } from "../../src/policy/policy.types.ts";
import {
  account,
  allow,
  bob,
  type CaseRow,
  casesOf,
  deny,
  otherAccount,
  type PolicyText,
  root,
  session,
  statement,
  transcoder,
} from "./policy-case.ts";

const roleArn = `arn:aws:iam::${account}:role/Transcode`;

/** A trust policy has no Resource. */
const trusting = (Principal: unknown, Condition?: unknown, Action = "sts:AssumeRole"): PolicyText => [
  statement("Allow", { Resource: undefined, Principal, Action, ...(Condition !== undefined && { Condition }) }),
];
const mayAssume: PolicyText = [allow("sts:AssumeRole", { Resource: roleArn })];
const lacksTrust = "because no resource-based policy allows the sts:AssumeRole action";
const assume = { action: "sts:AssumeRole", resource: roleArn } as const;
const outside = {
  ...assume,
  owner: account,
  principal: { ...bob, accountId: otherAccount, arn: `arn:aws:iam::${otherAccount}:user/bob` },
};

const trustRows: readonly CaseRow[] = [
  [
    "role trusts a service",
    { ...assume, principal: transcoder, trust: trusting({ Service: transcoder.name }) },
    "allowed",
  ],
  [
    "role trusts another service",
    { ...assume, principal: transcoder, trust: trusting({ Service: "rekognition.amazonaws.com" }) },
    "implicitDeny",
    lacksTrust,
  ],
  [
    "role trusts one of services",
    {
      ...assume,
      principal: { type: "service", name: "lambda.amazonaws.com" },
      trust: trusting({ Service: ["lambda.amazonaws.com", "edgelambda.amazonaws.com"] }),
    },
    "allowed",
  ],
  ["role trusts a user, who needs no policy", { ...assume, trust: trusting({ AWS: bob.arn }) }, "allowed"],
  ["role trusts a user by id", { ...assume, trust: trusting({ AWS: bob.id }) }, "allowed"],
  [
    "role trusts a deleted user",
    { ...assume, identity: mayAssume, trust: trusting({ AWS: "AIDADELETEDDELETEDD22" }) },
    "implicitDeny",
    lacksTrust,
  ],
  [
    "role trusts the account, user may",
    { ...assume, identity: mayAssume, trust: trusting({ AWS: account }) },
    "allowed",
  ],
  [
    "role trusts the account, user has no policy",
    { ...assume, trust: trusting({ AWS: account }) },
    "implicitDeny",
    "because no identity-based policy allows the sts:AssumeRole action",
  ],
  [
    "role trusts nobody here, user may",
    { ...assume, identity: mayAssume, trust: trusting({ AWS: otherAccount }) },
    "implicitDeny",
    lacksTrust,
  ],
  [
    "role trusts the account, user may another role",
    { ...assume, identity: [allow("sts:AssumeRole", { Resource: `${roleArn}r` })], trust: trusting({ AWS: account }) },
    "implicitDeny",
  ],
  [
    "role trusts a user who is denied",
    { ...assume, identity: [deny("sts:*")], trust: trusting({ AWS: bob.arn }) },
    "explicitDeny",
  ],
  [
    "role denies",
    {
      ...assume,
      identity: mayAssume,
      trust: [
        ...trusting({ AWS: account }),
        statement("Deny", { Resource: undefined, Principal: { AWS: bob.arn }, Action: "sts:AssumeRole" }),
      ] as PolicyText,
    },
    "explicitDeny",
  ],
  [
    "role trusts a role, chained",
    { ...assume, principal: session, trust: trusting({ AWS: session.roleArn }) },
    "allowed",
  ],
  [
    "role trusts a role whose session is limited",
    { ...assume, principal: session, session: [[allow("s3:*")]], trust: trusting({ AWS: session.roleArn }) },
    "implicitDeny",
  ],
  [
    "root is not trusted",
    { ...assume, principal: root, trust: trusting({ AWS: bob.arn }) },
    "implicitDeny",
    lacksTrust,
  ],
  [
    "another account is trusted, its user may",
    { ...outside, identity: mayAssume, trust: trusting({ AWS: otherAccount }) },
    "allowed",
  ],
  [
    "another account is trusted, its user has no policy",
    { ...outside, trust: trusting({ AWS: otherAccount }) },
    "implicitDeny",
  ],
  [
    "another account's user is trusted without its account's leave",
    { ...outside, trust: trusting({ AWS: outside.principal.arn }) },
    "implicitDeny",
  ],
  [
    "external id as agreed",
    {
      ...outside,
      identity: mayAssume,
      context: { "sts:externalid": "u1" },
      trust: trusting({ AWS: otherAccount }, { StringEquals: { "sts:ExternalId": "u1" } }),
    },
    "allowed",
  ],
  [
    "external id wrong",
    {
      ...outside,
      identity: mayAssume,
      context: { "sts:externalid": "u2" },
      trust: trusting({ AWS: otherAccount }, { StringEquals: { "sts:ExternalId": "u1" } }),
    },
    "implicitDeny",
  ],
  [
    "external id absent",
    {
      ...outside,
      identity: mayAssume,
      trust: trusting({ AWS: otherAccount }, { StringEquals: { "sts:ExternalId": "u1" } }),
    },
    "implicitDeny",
  ],
  [
    "session name must be the user's",
    {
      ...assume,
      context: { "sts:rolesessionname": "bob", "aws:username": "bob" },
      trust: trusting({ AWS: bob.arn }, { StringLike: { "sts:RoleSessionName": "${aws:username}" } }),
    },
    "allowed",
  ],
  [
    "session name of somebody else",
    {
      ...assume,
      context: { "sts:rolesessionname": "amy", "aws:username": "bob" },
      trust: trusting({ AWS: bob.arn }, { StringLike: { "sts:RoleSessionName": "${aws:username}" } }),
    },
    "implicitDeny",
  ],
  [
    "to tag a session is an action of its own",
    { ...assume, action: "sts:TagSession", trust: trusting({ AWS: bob.arn }) },
    "implicitDeny",
  ],
  [
    "to set a source identity is allowed beside",
    {
      ...assume,
      action: "sts:SetSourceIdentity",
      trust: [
        statement("Allow", {
          Resource: undefined,
          Principal: { AWS: bob.arn },
          Action: ["sts:AssumeRole", "sts:SetSourceIdentity"],
        }),
      ],
    },
    "allowed",
  ],
];

const device: PolicyPrincipal = { type: "web-identity", provider: "id.example.org" };
const oidc = (Condition: unknown): PolicyText =>
  trusting(
    { Federated: `arn:aws:iam::${account}:oidc-provider/id.example.org` },
    Condition,
    "sts:AssumeRoleWithWebIdentity",
  );
const webIdentity = { action: "sts:AssumeRoleWithWebIdentity", resource: roleArn, principal: device } as const;
const claims = {
  "id.example.org:aud": "millrace",
  "id.example.org:sub": "cam-7",
  "id.example.org:amr": ["authenticated", "x"],
};

const webRows: readonly CaseRow[] = [
  [
    "web identity with the right audience",
    { ...webIdentity, context: claims, trust: oidc({ StringEquals: { "id.example.org:aud": "millrace" } }) },
    "allowed",
  ],
  [
    "web identity with another audience",
    { ...webIdentity, context: claims, trust: oidc({ StringEquals: { "id.example.org:aud": "other" } }) },
    "implicitDeny",
  ],
  [
    "web identity with the right subject",
    { ...webIdentity, context: claims, trust: oidc({ StringLike: { "id.example.org:sub": "cam-*" } }) },
    "allowed",
  ],
  [
    "web identity that is authenticated",
    {
      ...webIdentity,
      context: claims,
      trust: oidc({ "ForAnyValue:StringEquals": { "id.example.org:amr": "authenticated" } }),
    },
    "allowed",
  ],
  [
    "web identity of another provider",
    {
      ...webIdentity,
      principal: { type: "web-identity", provider: "id.example.com" },
      context: claims,
      trust: oidc({}),
    },
    "implicitDeny",
  ],
  [
    "web identity to a role that trusts users",
    { ...webIdentity, context: claims, trust: trusting({ AWS: account }) },
    "implicitDeny",
  ],
];

export const trustCases = casesOf([...trustRows, ...webRows]);
