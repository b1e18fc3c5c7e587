/**
 * Identity and Access Management, API version 2010-05-08. docs/iam.md tells callers the same at more length.
 *
 * Gaps: not-done.ts, answered by name. An account's root has no keys that IAM shows or makes.
 *
 * By design: what is changed counts at once in this process and within a second in others; names are found without
 * regard to case, as they are unique without it; GetContextKeysFor… is left to the simulators.
 */
import type { IAM, IAMClient } from "@aws-sdk/client-iam";
import type { Service } from "../operation.ts";
import type { SparseOperationsOf } from "../operations-of.ts";
import { addUserToGroup } from "./add-user-to-group.ts";
import { attachedPolicyOperations } from "./attached-policies.ts";
import { iamConstraints } from "./constraints.ts";
import type { IamContext } from "./context.ts";
import { createAccessKey } from "./create-access-key.ts";
import { createGroup } from "./create-group.ts";
import { createPolicy } from "./create-policy.ts";
import { createRole } from "./create-role.ts";
import { createUser } from "./create-user.ts";
import { deleteAccessKey } from "./delete-access-key.ts";
import { deleteGroup } from "./delete-group.ts";
import { deletePolicy } from "./delete-policy.ts";
import { deleteRole } from "./delete-role.ts";
import { deleteUser } from "./delete-user.ts";
import { getAccessKeyLastUsed } from "./get-access-key-last-used.ts";
import { getAccountAuthorizationDetails } from "./get-account-authorization-details.ts";
import { getAccountSummary } from "./get-account-summary.ts";
import { getGroup } from "./get-group.ts";
import { getPolicy } from "./get-policy.ts";
import { getRole } from "./get-role.ts";
import { getUser } from "./get-user.ts";
import { inlinePolicyOperations } from "./inline-policies.ts";
import { listAccessKeys } from "./list-access-keys.ts";
import { listEntitiesForPolicy } from "./list-entities-for-policy.ts";
import { listGroups } from "./list-groups.ts";
import { listGroupsForUser } from "./list-groups-for-user.ts";
import { listPolicies } from "./list-policies.ts";
import { listRoles } from "./list-roles.ts";
import { listUsers } from "./list-users.ts";
import {
  listAccountAliases,
  listInstanceProfiles,
  listInstanceProfilesForRole,
  listMFADevices,
  listServiceSpecificCredentials,
  listSigningCertificates,
  listSSHPublicKeys,
} from "./lists-of-nothing.ts";
import { iamNotDone } from "./not-done.ts";
import {
  addClientIDToOpenIDConnectProvider,
  createOpenIDConnectProvider,
  deleteOpenIDConnectProvider,
  getOpenIDConnectProvider,
  listOpenIDConnectProviders,
  removeClientIDFromOpenIDConnectProvider,
  updateOpenIDConnectProviderThumbprint,
} from "./open-id-connect-providers.ts";
import {
  deleteRolePermissionsBoundary,
  deleteUserPermissionsBoundary,
  putRolePermissionsBoundary,
  putUserPermissionsBoundary,
} from "./permissions-boundaries.ts";
import {
  createPolicyVersion,
  deletePolicyVersion,
  getPolicyVersion,
  listPolicyVersions,
  setDefaultPolicyVersion,
} from "./policy-versions.ts";
import { removeUserFromGroup } from "./remove-user-from-group.ts";
import { simulateCustomPolicy } from "./simulate-custom-policy.ts";
import { simulatePrincipalPolicy } from "./simulate-principal-policy.ts";
import { taggedPolicy, taggedProvider, taggedRole, taggedUser, tagOperations } from "./tags.ts";
import { updateAccessKey } from "./update-access-key.ts";
import { updateGroup } from "./update-group.ts";
import { updateAssumeRolePolicy, updateRole, updateRoleDescription } from "./update-role.ts";
import { updateUser } from "./update-user.ts";

const inline = {
  user: inlinePolicyOperations("user", "UserName"),
  group: inlinePolicyOperations("group", "GroupName"),
  role: inlinePolicyOperations("role", "RoleName"),
};
const attached = {
  user: attachedPolicyOperations("user", "UserName"),
  group: attachedPolicyOperations("group", "GroupName"),
  role: attachedPolicyOperations("role", "RoleName"),
};
const tags = {
  user: tagOperations(taggedUser),
  role: tagOperations(taggedRole),
  policy: tagOperations(taggedPolicy),
  provider: tagOperations(taggedProvider),
};

export const iamOperations = {
  AddClientIDToOpenIDConnectProvider: addClientIDToOpenIDConnectProvider,
  AddUserToGroup: addUserToGroup,
  AttachGroupPolicy: attached.group.attach,
  AttachRolePolicy: attached.role.attach,
  AttachUserPolicy: attached.user.attach,
  CreateAccessKey: createAccessKey,
  CreateGroup: createGroup,
  CreateOpenIDConnectProvider: createOpenIDConnectProvider,
  CreatePolicy: createPolicy,
  CreatePolicyVersion: createPolicyVersion,
  CreateRole: createRole,
  CreateUser: createUser,
  DeleteAccessKey: deleteAccessKey,
  DeleteGroup: deleteGroup,
  DeleteGroupPolicy: inline.group.remove,
  DeleteOpenIDConnectProvider: deleteOpenIDConnectProvider,
  DeletePolicy: deletePolicy,
  DeletePolicyVersion: deletePolicyVersion,
  DeleteRole: deleteRole,
  DeleteRolePermissionsBoundary: deleteRolePermissionsBoundary,
  DeleteRolePolicy: inline.role.remove,
  DeleteUser: deleteUser,
  DeleteUserPermissionsBoundary: deleteUserPermissionsBoundary,
  DeleteUserPolicy: inline.user.remove,
  DetachGroupPolicy: attached.group.detach,
  DetachRolePolicy: attached.role.detach,
  DetachUserPolicy: attached.user.detach,
  GetAccessKeyLastUsed: getAccessKeyLastUsed,
  GetAccountAuthorizationDetails: getAccountAuthorizationDetails,
  GetAccountSummary: getAccountSummary,
  GetGroup: getGroup,
  GetGroupPolicy: inline.group.get,
  GetOpenIDConnectProvider: getOpenIDConnectProvider,
  GetPolicy: getPolicy,
  GetPolicyVersion: getPolicyVersion,
  GetRole: getRole,
  GetRolePolicy: inline.role.get,
  GetUser: getUser,
  GetUserPolicy: inline.user.get,
  ListAccessKeys: listAccessKeys,
  ListAccountAliases: listAccountAliases,
  ListAttachedGroupPolicies: attached.group.list,
  ListAttachedRolePolicies: attached.role.list,
  ListAttachedUserPolicies: attached.user.list,
  ListEntitiesForPolicy: listEntitiesForPolicy,
  ListGroupPolicies: inline.group.list,
  ListGroups: listGroups,
  ListGroupsForUser: listGroupsForUser,
  ListInstanceProfiles: listInstanceProfiles,
  ListInstanceProfilesForRole: listInstanceProfilesForRole,
  ListMFADevices: listMFADevices,
  ListOpenIDConnectProviders: listOpenIDConnectProviders,
  ListOpenIDConnectProviderTags: tags.provider.list,
  ListPolicies: listPolicies,
  ListPolicyTags: tags.policy.list,
  ListPolicyVersions: listPolicyVersions,
  ListRolePolicies: inline.role.list,
  ListRoles: listRoles,
  ListRoleTags: tags.role.list,
  ListServiceSpecificCredentials: listServiceSpecificCredentials,
  ListSigningCertificates: listSigningCertificates,
  ListSSHPublicKeys: listSSHPublicKeys,
  ListUserPolicies: inline.user.list,
  ListUsers: listUsers,
  ListUserTags: tags.user.list,
  PutGroupPolicy: inline.group.put,
  PutRolePermissionsBoundary: putRolePermissionsBoundary,
  PutRolePolicy: inline.role.put,
  PutUserPermissionsBoundary: putUserPermissionsBoundary,
  PutUserPolicy: inline.user.put,
  RemoveClientIDFromOpenIDConnectProvider: removeClientIDFromOpenIDConnectProvider,
  RemoveUserFromGroup: removeUserFromGroup,
  SetDefaultPolicyVersion: setDefaultPolicyVersion,
  SimulateCustomPolicy: simulateCustomPolicy,
  SimulatePrincipalPolicy: simulatePrincipalPolicy,
  TagOpenIDConnectProvider: tags.provider.tag,
  TagPolicy: tags.policy.tag,
  TagRole: tags.role.tag,
  TagUser: tags.user.tag,
  UntagOpenIDConnectProvider: tags.provider.untag,
  UntagPolicy: tags.policy.untag,
  UntagRole: tags.role.untag,
  UntagUser: tags.user.untag,
  UpdateAccessKey: updateAccessKey,
  UpdateAssumeRolePolicy: updateAssumeRolePolicy,
  UpdateGroup: updateGroup,
  UpdateOpenIDConnectProviderThumbprint: updateOpenIDConnectProviderThumbprint,
  UpdateRole: updateRole,
  UpdateRoleDescription: updateRoleDescription,
  UpdateUser: updateUser,
} satisfies Omit<SparseOperationsOf<IAM, IAMClient, IamContext>, keyof typeof iamNotDone>;

export function openIamService(context: IamContext): Service<IamContext> {
  return { model: "iam", context, operations: iamOperations, notDone: iamNotDone, constraints: iamConstraints };
}
