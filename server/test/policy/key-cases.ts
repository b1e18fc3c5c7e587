/** Who may use a key: key policies, which allow by themselves or leave it to the account. */
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
} from "./policy-case.ts";

const keyArn = `arn:aws:kms:eu-west-1:${account}:key/1234abcd-12ab-34cd-56ef-1234567890ab`;

const delegating: PolicyText = [
  allow("kms:*", { Sid: "Enable IAM User Permissions", Principal: { AWS: `arn:aws:iam::${account}:root` } }),
];
const keyOf = (Principal: unknown, more = {}): PolicyText => [
  allow(["kms:Decrypt", "kms:GenerateDataKey*"], { Principal, ...more }),
];
const decrypt = { action: "kms:Decrypt", resource: keyArn } as const;
const mayDecrypt: PolicyText = [allow("kms:Decrypt", { Resource: `arn:aws:kms:*:${account}:key/*` })];
const lacksKey = "because no resource-based policy allows the kms:Decrypt action";

const keyRows: readonly CaseRow[] = [
  ["key leaves it to the account, user may", { ...decrypt, identity: mayDecrypt, key: delegating }, "allowed"],
  [
    "key leaves it to the account, user has no policy",
    { ...decrypt, key: delegating },
    "implicitDeny",
    "because no identity-based policy allows the kms:Decrypt action",
  ],
  ["key names the user alone", { ...decrypt, key: keyOf({ AWS: bob.arn }) }, "allowed"],
  [
    "key says nothing, user may",
    { ...decrypt, identity: mayDecrypt, key: keyOf({ AWS: session.roleArn }) },
    "implicitDeny",
    lacksKey,
  ],
  ["key names the role", { ...decrypt, principal: session, key: keyOf({ AWS: session.roleArn }) }, "allowed"],
  [
    "key allows another action",
    { ...decrypt, action: "kms:ScheduleKeyDeletion", identity: [allow("kms:*")], key: keyOf({ AWS: account }) },
    "implicitDeny",
  ],
  ["root, key leaves it to the account", { ...decrypt, principal: root, key: delegating }, "allowed"],
  [
    "root, key does not name the account",
    { ...decrypt, principal: root, key: keyOf({ AWS: bob.arn }) },
    "implicitDeny",
    lacksKey,
  ],
  [
    "key denies",
    { ...decrypt, identity: mayDecrypt, key: [...(delegating as []), deny("kms:Decrypt", { Principal: "*" })] },
    "explicitDeny",
  ],
  [
    "key by way of a service",
    {
      ...decrypt,
      context: { "kms:viaservice": "kinesisvideo.eu-west-1.amazonaws.com" },
      identity: mayDecrypt,
      key: keyOf(
        { AWS: account },
        { Condition: { StringEquals: { "kms:ViaService": "kinesisvideo.eu-west-1.amazonaws.com" } } },
      ),
    },
    "allowed",
  ],
  [
    "key not by way of a service",
    {
      ...decrypt,
      identity: mayDecrypt,
      key: keyOf(
        { AWS: account },
        { Condition: { StringEquals: { "kms:ViaService": "kinesisvideo.eu-west-1.amazonaws.com" } } },
      ),
    },
    "implicitDeny",
    lacksKey,
  ],
  [
    "key with an encryption context",
    {
      ...decrypt,
      context: { "kms:encryptioncontext:stream": "porch" },
      key: keyOf({ AWS: bob.arn }, { Condition: { StringEquals: { "kms:EncryptionContext:stream": "porch" } } }),
    },
    "allowed",
  ],
  [
    "another account's key, both allow",
    { ...decrypt, owner: otherAccount, identity: mayDecrypt, key: keyOf({ AWS: account }) },
    "allowed",
  ],
  ["another account's key alone", { ...decrypt, owner: otherAccount, key: keyOf({ AWS: bob.arn }) }, "implicitDeny"],
  [
    "another account's key says nothing",
    { ...decrypt, owner: otherAccount, identity: mayDecrypt, key: keyOf({ AWS: otherAccount }) },
    "implicitDeny",
    lacksKey,
  ],
];

export const keyCases = casesOf(keyRows);
