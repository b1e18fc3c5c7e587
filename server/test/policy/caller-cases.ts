/** Callers for whom the rules are others: federated users, root, other accounts, services and nobody. */
import {
  account,
  allow,
  anonymous,
  bob,
  type CaseRow,
  casesOf,
  deny,
  federatedUser,
  otherAccount,
  root,
  session,
  transcoder,
} from "./policy-case.ts";
import {
  bucket,
  denying,
  lacksBoundary,
  lacksIdentity,
  lacksResource,
  lacksSession,
  reading,
  toAccount,
  toAll,
  toBob,
  toRole,
  toSession,
  writing,
} from "./side-cases.ts";

const rows: readonly CaseRow[] = [
  // Federated users.
  [
    "federated user with a session policy",
    { principal: federatedUser, identity: reading, session: [reading] },
    "allowed",
  ],
  [
    "federated user, session policy says nothing",
    { principal: federatedUser, identity: reading, session: [writing] },
    "implicitDeny",
    lacksSession,
  ],
  [
    "federated user without a session policy",
    { principal: federatedUser, identity: reading },
    "implicitDeny",
    lacksSession,
  ],
  [
    "federated user without a session policy, named by the bucket",
    { principal: federatedUser, resourcePolicy: bucket({ AWS: federatedUser.arn }) },
    "allowed",
  ],
  [
    "federated user without a session policy, account named",
    { principal: federatedUser, identity: reading, resourcePolicy: toAccount },
    "implicitDeny",
    lacksSession,
  ],

  // Root.
  ["root needs no policy", { principal: root }, "allowed", "as the root of the account"],
  ["root, bucket says nothing", { principal: root, resourcePolicy: toBob }, "allowed"],
  ["root, bucket denies", { principal: root, resourcePolicy: [deny("s3:*", { Principal: "*" })] }, "explicitDeny"],
  [
    "root, bucket denies the account",
    { principal: root, resourcePolicy: [deny("s3:*", { Principal: { AWS: account } })] },
    "explicitDeny",
  ],
  [
    "root, bucket denies bob",
    { principal: root, resourcePolicy: [deny("s3:*", { Principal: { AWS: bob.arn } })] },
    "allowed",
  ],
  ["root of another account", { principal: root, owner: otherAccount }, "implicitDeny", lacksResource],
  [
    "root of another account, which is named",
    { principal: root, owner: otherAccount, resourcePolicy: toAccount },
    "allowed",
  ],
  ["a limited session of root", { principal: root, session: [writing] }, "implicitDeny", lacksSession],

  // Another account's resource: both sides must allow.
  ["abroad, identity alone", { owner: otherAccount, identity: reading }, "implicitDeny", lacksResource],
  ["abroad, bucket alone", { owner: otherAccount, resourcePolicy: toBob }, "implicitDeny", lacksIdentity],
  ["abroad, both, user named", { owner: otherAccount, identity: reading, resourcePolicy: toBob }, "allowed"],
  ["abroad, both, account named", { owner: otherAccount, identity: reading, resourcePolicy: toAccount }, "allowed"],
  ["abroad, both, everybody named", { owner: otherAccount, identity: reading, resourcePolicy: toAll }, "allowed"],
  [
    "abroad, both, boundary says nothing",
    { owner: otherAccount, identity: reading, boundary: writing, resourcePolicy: toBob },
    "implicitDeny",
    lacksBoundary,
  ],
  [
    "abroad, bucket names others",
    { owner: otherAccount, identity: reading, resourcePolicy: bucket({ AWS: otherAccount }) },
    "implicitDeny",
    lacksResource,
  ],
  [
    "abroad, bucket denies",
    {
      owner: otherAccount,
      identity: reading,
      resourcePolicy: [allow("*", { Principal: "*" }), deny("*", { Principal: { AWS: account } })],
    },
    "explicitDeny",
  ],
  ["abroad, identity denies", { owner: otherAccount, identity: denying, resourcePolicy: toBob }, "explicitDeny"],
  [
    "abroad, role named, role allows",
    { principal: session, owner: otherAccount, identity: reading, resourcePolicy: toRole },
    "allowed",
  ],
  [
    "abroad, role named, role says nothing",
    { principal: session, owner: otherAccount, resourcePolicy: toRole },
    "implicitDeny",
    lacksIdentity,
  ],
  [
    "abroad, session named, session policy says nothing",
    { principal: session, owner: otherAccount, identity: reading, session: [writing], resourcePolicy: toSession },
    "implicitDeny",
    lacksSession,
  ],
  [
    "abroad, session named, all allow",
    {
      principal: session,
      owner: otherAccount,
      identity: reading,
      boundary: reading,
      session: [reading],
      resourcePolicy: toSession,
    },
    "allowed",
  ],

  // Who has no account is judged by the resource alone.
  ["nobody, no policy", { principal: anonymous }, "implicitDeny", lacksResource],
  ["nobody, everybody named", { principal: anonymous, resourcePolicy: toAll }, "allowed", "by a resource-based policy"],
  ["nobody, account named", { principal: anonymous, resourcePolicy: toAccount }, "implicitDeny", lacksResource],
  [
    "nobody, everybody allowed and denied",
    { principal: anonymous, resourcePolicy: [allow("*", { Principal: "*" }), deny("s3:*", { Principal: "*" })] },
    "explicitDeny",
  ],
  [
    "nobody, from a network",
    {
      principal: anonymous,
      context: { "aws:sourceip": "10.1.2.3" },
      resourcePolicy: [allow("*", { Principal: "*", Condition: { IpAddress: { "aws:SourceIp": "10.0.0.0/8" } } })],
    },
    "allowed",
  ],
  [
    "nobody, from elsewhere",
    {
      principal: anonymous,
      context: { "aws:sourceip": "198.51.100.1" },
      resourcePolicy: [allow("*", { Principal: "*", Condition: { IpAddress: { "aws:SourceIp": "10.0.0.0/8" } } })],
    },
    "implicitDeny",
    lacksResource,
  ],
  ["service, no policy", { principal: transcoder }, "implicitDeny", lacksResource],
  ["service, named", { principal: transcoder, resourcePolicy: bucket({ Service: transcoder.name }) }, "allowed"],
  [
    "service, other named",
    { principal: transcoder, resourcePolicy: bucket({ Service: "sns.amazonaws.com" }) },
    "implicitDeny",
    lacksResource,
  ],
  [
    "service, denied",
    {
      principal: transcoder,
      resourcePolicy: [allow("*", { Principal: { Service: transcoder.name } }), deny("*", { Principal: "*" })],
    },
    "explicitDeny",
  ],
  [
    "service, a Deny that spares services",
    {
      principal: transcoder,
      context: { "aws:principalisawsservice": "true" },
      resourcePolicy: [
        allow("*", { Principal: { Service: transcoder.name } }),
        deny("*", { Principal: "*", Condition: { Bool: { "aws:PrincipalIsAWSService": "false" } } }),
      ],
    },
    "allowed",
  ],
];

export const callerCases = casesOf(rows);
