import type { GetAccountSummaryResponse } from "@aws-sdk/client-iam";
import { countGroups } from "../../storage/records/groups.ts";
import { countPolicyVersions, listManagedPolicies } from "../../storage/records/managed-policies.ts";
import { listOidcProviders } from "../../storage/records/oidc-providers.ts";
import { countRoles } from "../../storage/records/roles.ts";
import { countUsers } from "../../storage/records/users.ts";
import type { Operation } from "../operation.ts";
import type { IamContext } from "./context.ts";
import { quotas } from "./quotas.ts";

export const getAccountSummary: Operation<object, GetAccountSummaryResponse, IamContext> = {
  authorize: () => ({ action: "iam:GetAccountSummary", resource: "*" }),

  async run(_, { accountId, records: { db } }) {
    const SummaryMap = {
      Users: await countUsers(db, accountId),
      UsersQuota: quotas.UsersPerAccount,
      Groups: await countGroups(db, accountId),
      GroupsQuota: quotas.GroupsPerAccount,
      Roles: await countRoles(db, accountId),
      RolesQuota: quotas.RolesPerAccount,
      Policies: (await listManagedPolicies(db, accountId)).length,
      PoliciesQuota: quotas.PoliciesPerAccount,
      PolicyVersionsInUse: await countPolicyVersions(db, accountId),
      PolicyVersionsInUseQuota: quotas.PoliciesPerAccount * quotas.VersionsPerPolicy,
      Providers: (await listOidcProviders(db, accountId)).length,
      AccessKeysPerUserQuota: quotas.AccessKeysPerUser,
      GroupsPerUserQuota: quotas.GroupsPerUser,
      AttachedPoliciesPerUserQuota: quotas.AttachedPolicies,
      AttachedPoliciesPerGroupQuota: quotas.AttachedPolicies,
      AttachedPoliciesPerRoleQuota: quotas.AttachedPolicies,
      VersionsPerPolicyQuota: quotas.VersionsPerPolicy,
      PolicySizeQuota: quotas.PolicySize,
      AssumeRolePolicySizeQuota: quotas.TrustPolicySize,
      UserPolicySizeQuota: quotas.InlinePolicies.user,
      GroupPolicySizeQuota: quotas.InlinePolicies.group,
      RolePolicySizeQuota: quotas.InlinePolicies.role,
      // Whether the root has access keys: it cannot be without.
      AccountAccessKeysPresent: 1,
      AccountMFAEnabled: 0,
      MFADevices: 0,
      MFADevicesInUse: 0,
      InstanceProfiles: 0,
      ServerCertificates: 0,
    };
    return { SummaryMap };
  },
};
