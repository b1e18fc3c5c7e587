/** What identities, boundaries, sessions and resources of one account make of a question together. */
import {
  account,
  allow,
  bob,
  type CaseRow,
  casesOf,
  deny,
  otherAccount,
  type PolicyText,
  session,
} from "./policy-case.ts";

export const reading: PolicyText = [allow("s3:Get*")];
export const writing: PolicyText = [allow("s3:Put*")];
export const denying: PolicyText = [allow("*"), deny("s3:GetObject")];

export const lacksIdentity = "because no identity-based policy allows the s3:GetObject action";
export const lacksBoundary = "because no permissions boundary allows the s3:GetObject action";
export const lacksSession = "because no session policy allows the s3:GetObject action";
export const lacksResource = "because no resource-based policy allows the s3:GetObject action";

/** A bucket's policy that allows reading to whom `Principal` names. */
export const bucket = (Principal: unknown): PolicyText => [allow("s3:Get*", { Principal })];
export const toBob = bucket({ AWS: bob.arn });
export const toRole = bucket({ AWS: session.roleArn });
export const toSession = bucket({ AWS: session.arn });
export const toAccount = bucket({ AWS: account });
export const toAll = bucket("*");

const rows: readonly CaseRow[] = [
  // One account, an identity and its limits.
  ["identity allows", { identity: reading }, "allowed", "by an identity-based policy"],
  ["identity says nothing", { identity: writing }, "implicitDeny", lacksIdentity],
  ["identity denies", { identity: denying }, "explicitDeny", "with an explicit deny in an identity-based policy"],
  ["boundary allows too", { identity: reading, boundary: reading }, "allowed"],
  ["boundary says nothing", { identity: reading, boundary: writing }, "implicitDeny", lacksBoundary],
  ["boundary alone gives nothing", { boundary: reading }, "implicitDeny", lacksIdentity],
  [
    "boundary denies",
    { identity: reading, boundary: denying },
    "explicitDeny",
    "with an explicit deny in a permissions boundary",
  ],
  [
    "boundary denies what nothing allows",
    { boundary: denying },
    "explicitDeny",
    "with an explicit deny in a permissions boundary",
  ],
  ["session policy allows too", { principal: session, identity: reading, session: [reading] }, "allowed"],
  [
    "one of two session policies allows",
    { principal: session, identity: reading, session: [writing, reading] },
    "allowed",
  ],
  [
    "session policy says nothing",
    { principal: session, identity: reading, session: [writing] },
    "implicitDeny",
    lacksSession,
  ],
  ["session policy alone gives nothing", { principal: session, session: [reading] }, "implicitDeny", lacksIdentity],
  ["a session without its own policy", { principal: session, identity: reading }, "allowed"],
  [
    "an empty list of session policies",
    { principal: session, identity: reading, session: [] },
    "implicitDeny",
    lacksSession,
  ],
  [
    "session policy denies",
    { principal: session, identity: reading, session: [denying] },
    "explicitDeny",
    "with an explicit deny in a session policy",
  ],
  [
    "a second session policy denies",
    { principal: session, identity: reading, session: [reading, denying] },
    "explicitDeny",
  ],
  ["all three allow", { principal: session, identity: reading, boundary: reading, session: [reading] }, "allowed"],
  [
    "boundary lacks before session",
    { principal: session, identity: reading, boundary: writing, session: [writing] },
    "implicitDeny",
    lacksBoundary,
  ],
  [
    "identity lacks before all",
    { principal: session, identity: writing, boundary: writing, session: [writing] },
    "implicitDeny",
    lacksIdentity,
  ],
  [
    "each allows something else",
    { principal: session, identity: reading, boundary: writing, session: [reading] },
    "implicitDeny",
    lacksBoundary,
  ],
  [
    "denies of several sides: identity is named",
    { identity: denying, boundary: denying },
    "explicitDeny",
    "with an explicit deny in an identity-based policy",
  ],

  // One account, and the resource has a policy.
  ["bucket names the user", { resourcePolicy: toBob }, "allowed", "by a resource-based policy"],
  ["bucket names the user, boundary says nothing", { boundary: writing, resourcePolicy: toBob }, "allowed"],
  ["bucket names the user, boundary denies", { boundary: denying, resourcePolicy: toBob }, "explicitDeny"],
  ["bucket names the user, identity denies", { identity: denying, resourcePolicy: toBob }, "explicitDeny"],
  ["bucket names everybody", { resourcePolicy: toAll }, "allowed"],
  ["bucket names everybody, boundary says nothing", { boundary: writing, resourcePolicy: toAll }, "allowed"],
  ["bucket names the account, identity says nothing", { resourcePolicy: toAccount }, "implicitDeny", lacksIdentity],
  ["bucket names the account, identity allows", { identity: reading, resourcePolicy: toAccount }, "allowed"],
  [
    "bucket names the account, boundary says nothing",
    { identity: reading, boundary: writing, resourcePolicy: toAccount },
    "implicitDeny",
    lacksBoundary,
  ],
  [
    "bucket says nothing, identity allows",
    { identity: reading, resourcePolicy: bucket({ AWS: otherAccount }) },
    "allowed",
    "by an identity-based policy",
  ],
  [
    "bucket says nothing, identity neither",
    { resourcePolicy: bucket({ AWS: otherAccount }) },
    "implicitDeny",
    lacksIdentity,
  ],
  ["bucket names the session", { principal: session, resourcePolicy: toSession }, "allowed"],
  [
    "bucket names the session, its policy says nothing",
    { principal: session, session: [writing], resourcePolicy: toSession },
    "allowed",
  ],
  [
    "bucket names the session, boundary and session say nothing",
    { principal: session, boundary: writing, session: [], resourcePolicy: toSession },
    "allowed",
  ],
  [
    "bucket names the session, its policy denies",
    { principal: session, session: [denying], resourcePolicy: toSession },
    "explicitDeny",
  ],
  ["bucket names the role", { principal: session, resourcePolicy: toRole }, "allowed"],
  [
    "bucket names the role, session policy allows",
    { principal: session, session: [reading], resourcePolicy: toRole },
    "allowed",
  ],
  [
    "bucket names the role, session policy says nothing",
    { principal: session, session: [writing], resourcePolicy: toRole },
    "implicitDeny",
    lacksSession,
  ],
  [
    "bucket names the role, boundary says nothing",
    { principal: session, boundary: writing, resourcePolicy: toRole },
    "implicitDeny",
    lacksBoundary,
  ],
  [
    "bucket names the role, boundary allows",
    { principal: session, boundary: reading, resourcePolicy: toRole },
    "allowed",
  ],
  [
    "bucket names the account of a session",
    { principal: session, identity: reading, session: [reading], resourcePolicy: toAccount },
    "allowed",
  ],
  [
    "bucket names the account of a session that may not",
    { principal: session, identity: reading, session: [writing], resourcePolicy: toAccount },
    "implicitDeny",
    lacksSession,
  ],
  [
    "bucket denies",
    { identity: reading, resourcePolicy: [deny("s3:*", { Principal: "*" })] },
    "explicitDeny",
    "with an explicit deny in a resource-based policy",
  ],
  [
    "bucket denies the account",
    { identity: reading, resourcePolicy: [deny("s3:*", { Principal: { AWS: account } })] },
    "explicitDeny",
  ],
  [
    "bucket denies the role",
    { principal: session, identity: reading, resourcePolicy: [deny("s3:*", { Principal: { AWS: session.roleId } })] },
    "explicitDeny",
  ],
  [
    "bucket denies somebody else",
    { identity: reading, resourcePolicy: [deny("s3:*", { Principal: { AWS: session.arn } })] },
    "allowed",
  ],
  [
    "bucket allows some and the account all",
    {
      resourcePolicy: [
        allow("*", { Principal: { AWS: account } }),
        allow("s3:GetObject", { Principal: { AWS: bob.id } }),
      ],
    },
    "allowed",
  ],
];

export const sideCases = casesOf(rows);
