/** Whom Principal and NotPrincipal name. */
import type { PolicyPrincipal } from "../../src/policy/policy.types.ts";
import {
  account,
  allow,
  anonymous,
  bob,
  deny,
  federatedUser,
  otherAccount,
  type PolicyCase,
  root,
  session,
  statement,
  transcoder,
} from "./policy-case.ts";

const stranger = {
  ...bob,
  accountId: otherAccount,
  arn: `arn:aws:iam::${otherAccount}:user/bob`,
  id: "AIDASTRANGER222222222",
};
const device: PolicyPrincipal = {
  type: "web-identity",
  provider: `arn:aws:iam::${account}:oidc-provider/id.example.org/devices`,
};
const canonicalId = "a".repeat(64);

type Named = "direct" | "role" | "account" | "no";

/** Principal of a bucket's policy, who asks, and how it names them. */
const names: readonly [principal: unknown, who: PolicyPrincipal, Named][] = [
  ["*", bob, "direct"],
  ["*", session, "direct"],
  ["*", root, "direct"],
  ["*", federatedUser, "direct"],
  ["*", anonymous, "direct"],
  ["*", transcoder, "direct"],
  ["*", device, "direct"],
  [{ AWS: "*" }, bob, "direct"],
  [{ AWS: "*" }, session, "direct"],
  [{ AWS: "*" }, anonymous, "direct"],
  [{ AWS: ["*"] }, anonymous, "direct"],
  [{ AWS: account }, bob, "account"],
  [{ AWS: account }, session, "account"],
  [{ AWS: account }, federatedUser, "account"],
  [{ AWS: account }, root, "account"],
  [{ AWS: account }, anonymous, "no"],
  [{ AWS: account }, transcoder, "no"],
  [{ AWS: otherAccount }, bob, "no"],
  [{ AWS: `arn:aws:iam::${account}:root` }, bob, "account"],
  [{ AWS: `arn:aws:iam::${account}:root` }, session, "account"],
  [{ AWS: `arn:aws:iam::${account}:root` }, root, "account"],
  [{ AWS: `arn:aws:iam::${otherAccount}:root` }, root, "no"],
  [{ AWS: bob.arn }, bob, "direct"],
  [{ AWS: bob.id }, bob, "direct"],
  [{ AWS: [session.arn, bob.arn] }, bob, "direct"],
  [{ AWS: [account, bob.arn] }, bob, "direct"],
  [{ AWS: `arn:aws:iam::${account}:user/bob` }, bob, "no"],
  [{ AWS: "AIDADELETEDDELETEDD22" }, bob, "no"],
  [{ AWS: bob.arn.toUpperCase().replace("ARN:AWS:IAM", "arn:aws:iam").replace("USER", "user") }, bob, "no"],
  [{ AWS: bob.arn }, session, "no"],
  [{ AWS: bob.arn }, root, "no"],
  [{ AWS: bob.arn }, anonymous, "no"],
  [{ AWS: session.arn }, session, "direct"],
  [{ AWS: `arn:aws:sts::${account}:assumed-role/Editor/s2` }, session, "no"],
  [{ AWS: session.roleArn }, session, "role"],
  [{ AWS: session.roleId }, session, "role"],
  [{ AWS: [session.roleArn, session.arn] }, session, "direct"],
  [{ AWS: `arn:aws:iam::${account}:role/Editor` }, session, "no"],
  [{ AWS: "AROADELETEDDELETEDD22" }, session, "no"],
  [{ AWS: federatedUser.arn }, federatedUser, "direct"],
  [{ AWS: `arn:aws:sts::${account}:federated-user/other` }, federatedUser, "no"],
  [{ Service: "elastictranscoder.amazonaws.com" }, transcoder, "direct"],
  [{ Service: ["sns.amazonaws.com", "elastictranscoder.amazonaws.com"] }, transcoder, "direct"],
  [{ Service: "sns.amazonaws.com" }, transcoder, "no"],
  [{ Service: "elastictranscoder.amazonaws.com" }, bob, "no"],
  [{ Federated: "id.example.org/devices" }, device, "direct"],
  [{ Federated: ["id.example.com", "id.example.org/devices"] }, device, "direct"],
  [{ Federated: `arn:aws:iam::${account}:oidc-provider/id.example.org/devices` }, device, "direct"],
  [{ Federated: `arn:aws:iam::${otherAccount}:oidc-provider/id.example.org/devices` }, device, "no"],
  [{ Federated: `arn:aws:iam::${account}:oidc-provider/id.example.org` }, device, "no"],
  [
    { Federated: `arn:aws:iam::${account}:oidc-provider/id.example.org` },
    { type: "web-identity", provider: "id.example.org" },
    "direct",
  ],
  [{ Federated: "id.example.org" }, bob, "no"],
  [{ AWS: stranger.arn, Service: "elastictranscoder.amazonaws.com" }, transcoder, "direct"],
  [{ CanonicalUser: canonicalId }, { ...bob, canonicalId }, "account"],
  [{ CanonicalUser: canonicalId }, { ...bob, canonicalId: "b".repeat(64) }, "no"],
  [{ CanonicalUser: canonicalId }, bob, "no"],
];

const whoOf = (who: PolicyPrincipal) => JSON.stringify(Object.values(who));

const byName = names.flatMap(([principal, who, named]): PolicyCase[] => {
  const form = `Principal ${JSON.stringify(principal)}, ${whoOf(who)}`;
  // Where the account is named the decision is left to its own policies, of which its root needs none.
  const isAlone = named === "direct" || named === "role" || who.type === "root";
  return [
    {
      name: `${form}: allowed by the bucket's policy`,
      principal: who,
      resourcePolicy: [allow("s3:*", { Principal: principal })],
      expected: isAlone ? "allowed" : "implicitDeny",
    },
    {
      name: `${form}: denied by the bucket's policy`,
      principal: who,
      identity: [allow("*")],
      resourcePolicy: [allow("*", { Principal: "*" }), deny("s3:*", { Principal: principal })],
      expected: named === "no" ? "allowed" : "explicitDeny",
    },
  ];
});

/** NotPrincipal of a bucket's policy, who asks, whether a Deny meets them, whether an Allow does. */
const exceptions: readonly [notPrincipal: unknown, who: PolicyPrincipal, denied: boolean, allowed: boolean][] = [
  [{ AWS: bob.arn }, bob, false, false],
  [{ AWS: bob.id }, bob, false, false],
  [{ AWS: [bob.arn, account] }, bob, false, false],
  [{ AWS: stranger.arn }, bob, true, true],
  [{ AWS: account }, bob, true, false],
  [{ AWS: account }, root, false, false],
  [{ AWS: bob.arn }, root, true, true],
  [{ AWS: bob.arn }, anonymous, true, true],
  [{ AWS: bob.arn }, transcoder, true, true],
  [{ Service: "elastictranscoder.amazonaws.com" }, transcoder, false, false],
  [{ Service: "elastictranscoder.amazonaws.com" }, bob, true, true],
  [{ AWS: session.roleArn }, session, true, false],
  [{ AWS: session.arn }, session, true, false],
  [{ AWS: [session.arn, session.roleArn] }, session, false, false],
  [{ AWS: [session.arn, session.roleId] }, session, false, false],
  [{ AWS: [session.arn, session.roleArn] }, { ...session, arn: `${session.arn}2` }, true, false],
  [{ AWS: federatedUser.arn }, federatedUser, false, false],
  [{ AWS: "*" }, bob, false, false],
  [{ AWS: "*" }, session, false, false],
];

const byException = exceptions.flatMap(([principal, who, denied, allowed]): PolicyCase[] => {
  const form = `NotPrincipal ${JSON.stringify(principal)}, ${whoOf(who)}`;
  return [
    {
      name: `${form}: a Deny`,
      principal: who,
      resourcePolicy: [allow("*", { Principal: "*" }), statement("Deny", { Action: "s3:*", NotPrincipal: principal })],
      expected: denied ? "explicitDeny" : "allowed",
      reason: denied ? "with an explicit deny in a resource-based policy" : "by a resource-based policy",
    },
    {
      name: `${form}: an Allow`,
      principal: who,
      resourcePolicy: [statement("Allow", { Action: "s3:*", NotPrincipal: principal })],
      expected: allowed || who.type === "root" ? "allowed" : "implicitDeny",
    },
  ];
});

export const principalCases: readonly PolicyCase[] = [...byName, ...byException];
