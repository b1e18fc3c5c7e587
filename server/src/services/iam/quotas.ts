/**
 * How much of each an account may have: AWS's defaults.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
 */
export const quotas = {
  UsersPerAccount: 5000,
  GroupsPerAccount: 300,
  RolesPerAccount: 1000,
  PoliciesPerAccount: 1500,
  OpenIdConnectProvidersPerAccount: 100,
  AccessKeysPerUser: 2,
  GroupsPerUser: 10,
  AttachedPolicies: 10,
  VersionsPerPolicy: 5,
  Tags: 50,
  ClientIdsPerOpenIdConnectProvider: 100,
  ThumbprintsPerOpenIdConnectProvider: 5,
  /** Characters but blanks. */
  PolicySize: 6144,
  TrustPolicySize: 2048,
  /** The same, of all inline policies together. */
  InlinePolicies: { user: 2048, group: 5120, role: 10_240 },
} as const;
