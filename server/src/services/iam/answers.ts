/**
 * Users, groups, roles, policies and keys as answers show them. Lists leave out what only the answer about one tells.
 */
import type * as wire from "@aws-sdk/client-iam";
import type { Group } from "../../storage/records/groups.ts";
import type { ManagedPolicySummary, PolicyVersion } from "../../storage/records/managed-policies.ts";
import type { Role } from "../../storage/records/roles.ts";
import type { User } from "../../storage/records/users.ts";
import type { Database } from "./context.ts";
import { encodeDocument } from "./documents.ts";
import { versionId } from "./policies.ts";
import { tagMember } from "./tag-set.ts";
import { showTrustPolicy } from "./trust-policy.ts";

export function listedUser({ path, name, id, arn, createdAt }: User) {
  return { Path: path, UserName: name, UserId: id, Arn: arn, CreateDate: new Date(createdAt) } satisfies wire.User;
}

export function userAnswer(user: User) {
  return { ...listedUser(user), ...boundaryMember(user), ...tagMember(user.tags) } satisfies wire.User;
}

export function groupAnswer({ path, name, id, arn, createdAt }: Group) {
  return { Path: path, GroupName: name, GroupId: id, Arn: arn, CreateDate: new Date(createdAt) } satisfies wire.Group;
}

export async function listedRole(role: Role, db: Database) {
  const { path, name, id, arn, createdAt, description, maxSessionSeconds, trustPolicy } = role;
  return {
    Path: path,
    RoleName: name,
    RoleId: id,
    Arn: arn,
    CreateDate: new Date(createdAt),
    AssumeRolePolicyDocument: encodeDocument(await showTrustPolicy(trustPolicy, db)),
    ...(description !== undefined && { Description: description }),
    MaxSessionDuration: maxSessionSeconds,
  } satisfies wire.Role;
}

export async function roleAnswer(role: Role, db: Database) {
  return {
    ...(await listedRole(role, db)),
    ...boundaryMember(role),
    ...tagMember(role.tags),
    RoleLastUsed: lastUsedAnswer(role),
  } satisfies wire.Role;
}

/** Of a role that nobody has taken yet: an empty one. */
export function lastUsedAnswer({ lastUsed }: Role): wire.RoleLastUsed {
  return lastUsed === undefined ? {} : { LastUsedDate: new Date(lastUsed.at), Region: lastUsed.region };
}

export type PolicyUsage = { attachments: number; boundaries: number };

export function listedPolicy(policy: ManagedPolicySummary, { attachments, boundaries }: PolicyUsage) {
  return {
    PolicyName: policy.name,
    PolicyId: policy.id,
    Arn: policy.arn,
    Path: policy.path,
    DefaultVersionId: versionId(policy.defaultVersion),
    AttachmentCount: attachments,
    PermissionsBoundaryUsageCount: boundaries,
    IsAttachable: true,
    CreateDate: new Date(policy.createdAt),
    UpdateDate: new Date(policy.updatedAt),
  } satisfies wire.Policy;
}

export function policyAnswer(policy: ManagedPolicySummary, usage: PolicyUsage) {
  const { description, tags } = policy;
  return {
    ...listedPolicy(policy, usage),
    ...(description !== undefined && { Description: description }),
    Tags: tagMember(tags).Tags ?? [],
  } satisfies wire.Policy;
}

export function listedVersion({ number, createdAt }: PolicyVersion, { defaultVersion }: { defaultVersion: number }) {
  return {
    VersionId: versionId(number),
    IsDefaultVersion: number === defaultVersion,
    CreateDate: new Date(createdAt),
  } satisfies wire.PolicyVersion;
}

export function versionAnswer(version: PolicyVersion, policy: { defaultVersion: number }) {
  return {
    Document: encodeDocument(version.document),
    ...listedVersion(version, policy),
  } satisfies wire.PolicyVersion;
}

/** On the wire its type is "Policy", whatever the model says. */
export function boundaryMember({ boundary }: { boundary: string | undefined }): Pick<wire.User, "PermissionsBoundary"> {
  if (boundary === undefined) return {};
  const PermissionsBoundaryType = "Policy" as wire.PermissionsBoundaryAttachmentType;
  return { PermissionsBoundary: { PermissionsBoundaryType, PermissionsBoundaryArn: boundary } };
}

/** The name at the end of a policy's ARN stands for it. */
export function attachedAnswer(arn: string): wire.AttachedPolicy {
  return { PolicyName: arn.slice(arn.lastIndexOf("/") + 1), PolicyArn: arn };
}
