import type {
  EntityType,
  GetAccountAuthorizationDetailsRequest,
  GetAccountAuthorizationDetailsResponse,
  GroupDetail,
  ManagedPolicyDetail,
  PolicyDetail,
  RoleDetail,
  UserDetail,
} from "@aws-sdk/client-iam";
import { builtInPolicies } from "../../storage/records/built-in-policies.ts";
import { groupsOfUser, listGroups } from "../../storage/records/groups.ts";
import { inlinePoliciesOf } from "../../storage/records/inline-policies.ts";
import { findManagedPolicy, listManagedPolicies, policyVersionsOf } from "../../storage/records/managed-policies.ts";
import { attachedPoliciesOf, policyUsage } from "../../storage/records/policy-attachments.ts";
import { listRoles } from "../../storage/records/roles.ts";
import { listUsers } from "../../storage/records/users.ts";
import type { Operation } from "../operation.ts";
import {
  attachedAnswer,
  boundaryMember,
  groupAnswer,
  lastUsedAnswer,
  listedRole,
  listedUser,
  policyAnswer,
  versionAnswer,
} from "./answers.ts";
import type { Call, Database, IamContext } from "./context.ts";
import { encodeDocument } from "./documents.ts";
import { invalid } from "./errors.ts";
import { limitOf } from "./paging.ts";
import { tagMember } from "./tag-set.ts";

/** All kinds one after the other, as if they were one list; a marker is `KIND:NAME` of the last one told. */
export const getAccountAuthorizationDetails: Operation<
  GetAccountAuthorizationDetailsRequest,
  GetAccountAuthorizationDetailsResponse,
  IamContext
> = {
  authorize: () => ({ action: "iam:GetAccountAuthorizationDetails", resource: "*" }),

  async run(input, ctx) {
    const { Filter = kinds, Marker } = input;
    const limit = limitOf(input);
    const begin = Marker === undefined ? undefined : parseMarker(Marker);
    const told: Told[] = [];
    for (const kind of kinds.slice(kinds.indexOf(begin?.kind ?? kinds[0]!))) {
      if (limit < told.length || !Filter.includes(kind)) continue;
      const after = kind === begin?.kind ? begin.name : undefined;
      told.push(...(await readers[kind]!(ctx, { after, limit: limit + 1 - told.length })));
    }
    const page = told.slice(0, limit);
    const IsTruncated = page.length < told.length;
    const last = page.at(-1);
    return {
      UserDetailList: page.flatMap(({ user }) => user ?? []),
      GroupDetailList: page.flatMap(({ group }) => group ?? []),
      RoleDetailList: page.flatMap(({ role }) => role ?? []),
      Policies: page.flatMap(({ policy }) => policy ?? []),
      IsTruncated,
      ...(IsTruncated && { Marker: `${last!.kind}:${last!.name}` }),
    };
  },
};

const kinds: readonly EntityType[] = ["User", "Group", "Role", "LocalManagedPolicy", "AWSManagedPolicy"];

type Told = {
  kind: EntityType;
  /** What it is sorted by. */
  name: string;
  user?: UserDetail;
  group?: GroupDetail;
  role?: RoleDetail;
  policy?: ManagedPolicyDetail;
};

type Part = { after: string | undefined; limit: number };

const readers: Readonly<Record<string, (ctx: Call, part: Part) => Promise<Told[]>>> = {
  async User({ records: { db }, accountId }, part) {
    const users = await listUsers(db, accountId, part);
    return Promise.all(
      users.map(async (user) => ({
        kind: "User" as const,
        name: user.name,
        user: {
          ...listedUser(user),
          UserPolicyList: await inlineDetails(user.id, db),
          GroupList: (await groupsOfUser(db, user.id)).map(({ name }) => name),
          AttachedManagedPolicies: (await attachedPoliciesOf(db, user.id)).map(attachedAnswer),
          ...boundaryMember(user),
          ...tagMember(user.tags),
        },
      })),
    );
  },

  async Group({ records: { db }, accountId }, part) {
    const groups = await listGroups(db, accountId, part);
    return Promise.all(
      groups.map(async (group) => ({
        kind: "Group" as const,
        name: group.name,
        group: {
          ...groupAnswer(group),
          GroupPolicyList: await inlineDetails(group.id, db),
          AttachedManagedPolicies: (await attachedPoliciesOf(db, group.id)).map(attachedAnswer),
        },
      })),
    );
  },

  async Role({ records: { db }, accountId }, part) {
    const roles = await listRoles(db, accountId, part);
    return Promise.all(
      roles.map(async (role) => {
        const { Description: _, MaxSessionDuration: __, ...listed } = await listedRole(role, db);
        return {
          kind: "Role" as const,
          name: role.name,
          role: {
            ...listed,
            InstanceProfileList: [],
            RolePolicyList: await inlineDetails(role.id, db),
            AttachedManagedPolicies: (await attachedPoliciesOf(db, role.id)).map(attachedAnswer),
            ...boundaryMember(role),
            ...tagMember(role.tags),
            RoleLastUsed: lastUsedAnswer(role),
          },
        };
      }),
    );
  },

  async LocalManagedPolicy(ctx, part) {
    const own = await listManagedPolicies(ctx.records.db, ctx.accountId);
    return policyDetails(
      "LocalManagedPolicy",
      own.map(({ arn }) => arn),
      ctx,
      part,
    );
  },

  AWSManagedPolicy: (ctx, part) => policyDetails("AWSManagedPolicy", [...builtInPolicies.keys()], ctx, part),
};

async function policyDetails(
  kind: EntityType,
  arns: readonly string[],
  { records: { db }, accountId }: Call,
  { after, limit }: Part,
): Promise<Told[]> {
  const usage = await policyUsage(db, accountId);
  const wanted = arns.toSorted().filter((arn) => after === undefined || after < arn);
  const details = wanted.slice(0, limit).map(async (arn): Promise<Told[]> => {
    const policy = await findManagedPolicy(db, arn);
    if (policy === undefined) return [];
    const { Tags: _, ...answer } = policyAnswer(policy, usage.get(arn) ?? { attachments: 0, boundaries: 0 });
    const versions = await policyVersionsOf(db, policy);
    const PolicyVersionList = versions.map((version) => versionAnswer(version, policy));
    return [{ kind, name: arn, policy: { ...answer, PolicyVersionList } }];
  });
  return (await Promise.all(details)).flat();
}

async function inlineDetails(ownerId: string, db: Database): Promise<PolicyDetail[]> {
  const policies = await inlinePoliciesOf(db, ownerId);
  return policies.map(({ name, document }) => ({ PolicyName: name, PolicyDocument: encodeDocument(document) }));
}

function parseMarker(marker: string): { kind: EntityType; name: string } {
  const colon = marker.indexOf(":");
  const kind = kinds.find((one) => one === marker.slice(0, colon));
  if (kind === undefined) throw invalid("Invalid Marker.");
  return { kind, name: marker.slice(colon + 1) };
}
