/**
 * The versions of a managed policy: five at most, one of which is in force.
 */
import type {
  CreatePolicyVersionRequest,
  CreatePolicyVersionResponse,
  DeletePolicyVersionRequest,
  GetPolicyVersionRequest,
  GetPolicyVersionResponse,
  ListPolicyVersionsRequest,
  ListPolicyVersionsResponse,
  SetDefaultPolicyVersionRequest,
} from "@aws-sdk/client-iam";
import {
  insertPolicyVersion,
  type ManagedPolicy,
  type PolicyVersion,
  policyVersionsOf,
  deletePolicyVersion as removeVersion,
  setDefaultVersion,
} from "../../storage/records/managed-policies.ts";
import type { Operation, With } from "../operation.ts";
import { listedVersion, versionAnswer } from "./answers.ts";
import { change, type Database, type IamContext } from "./context.ts";
import { checkPolicyDocument } from "./create-policy.ts";
import { deleteConflict, limitExceeded, noSuchVersion } from "./errors.ts";
import { pageIn } from "./paging.ts";
import { needOwnPolicy, needPolicy, onPolicy, versionNumber } from "./policies.ts";
import { quotas } from "./quotas.ts";

export const createPolicyVersion: Operation<
  With<CreatePolicyVersionRequest, "PolicyArn" | "PolicyDocument">,
  CreatePolicyVersionResponse,
  IamContext
> = {
  authorize: ({ PolicyArn }, ctx) => onPolicy("CreatePolicyVersion", PolicyArn, ctx),

  async run({ PolicyArn, PolicyDocument, SetAsDefault = false }, ctx) {
    checkPolicyDocument(PolicyDocument);
    const wanted = { document: PolicyDocument, createdAt: ctx.clock(), asDefault: SetAsDefault };
    const PolicyVersion = await change(ctx, async (db) => {
      const policy = await needOwnPolicy(PolicyArn, ctx, db);
      if (quotas.VersionsPerPolicy <= (await policyVersionsOf(db, policy)).length) {
        throw limitExceeded(
          `A managed policy can have up to ${quotas.VersionsPerPolicy} versions. Before you create a new version, you must delete an existing version.`,
        );
      }
      const version = await insertPolicyVersion(db, policy, wanted);
      return listedVersion(version, { defaultVersion: SetAsDefault ? version.number : policy.defaultVersion });
    });
    return { PolicyVersion };
  },
};

export const getPolicyVersion: Operation<
  With<GetPolicyVersionRequest, "PolicyArn" | "VersionId">,
  GetPolicyVersionResponse,
  IamContext
> = {
  authorize: ({ PolicyArn }, ctx) => onPolicy("GetPolicyVersion", PolicyArn, ctx),

  async run({ PolicyArn, VersionId }, ctx) {
    const policy = await needPolicy(PolicyArn, ctx);
    return { PolicyVersion: versionAnswer(await needVersion(ctx.records.db, policy, VersionId), policy) };
  },
};

/** Newest first. */
export const listPolicyVersions: Operation<
  With<ListPolicyVersionsRequest, "PolicyArn">,
  ListPolicyVersionsResponse,
  IamContext
> = {
  authorize: ({ PolicyArn }, ctx) => onPolicy("ListPolicyVersions", PolicyArn, ctx),

  async run(input, ctx) {
    const policy = await needPolicy(input.PolicyArn, ctx);
    const versions = await policyVersionsOf(ctx.records.db, policy);
    const { page, output } = pageIn(versions, input, ({ number }) => String(2 ** 32 - number));
    return { Versions: page.map((version) => listedVersion(version, policy)), ...output };
  },
};

export const setDefaultPolicyVersion: Operation<
  With<SetDefaultPolicyVersionRequest, "PolicyArn" | "VersionId">,
  object,
  IamContext
> = {
  authorize: ({ PolicyArn }, ctx) => onPolicy("SetDefaultPolicyVersion", PolicyArn, ctx),

  async run({ PolicyArn, VersionId }, ctx) {
    const now = ctx.clock();
    await change(ctx, async (db) => {
      const policy = await needOwnPolicy(PolicyArn, ctx, db);
      const { number } = await needVersion(db, policy, VersionId);
      await setDefaultVersion(db, policy.id, number, now);
    });
    return {};
  },
};

export const deletePolicyVersion: Operation<
  With<DeletePolicyVersionRequest, "PolicyArn" | "VersionId">,
  object,
  IamContext
> = {
  authorize: ({ PolicyArn }, ctx) => onPolicy("DeletePolicyVersion", PolicyArn, ctx),

  async run({ PolicyArn, VersionId }, ctx) {
    await change(ctx, async (db) => {
      const policy = await needOwnPolicy(PolicyArn, ctx, db);
      const { number } = await needVersion(db, policy, VersionId);
      if (number === policy.defaultVersion) throw deleteConflict("Cannot delete the default version of a policy.");
      await removeVersion(db, policy.id, number);
    });
    return {};
  },
};

/** @throws ServiceError */
async function needVersion(db: Database, policy: ManagedPolicy, id: string): Promise<PolicyVersion> {
  const number = versionNumber(id);
  const version = (await policyVersionsOf(db, policy)).find((one) => one.number === number);
  if (version === undefined) throw noSuchVersion(policy.arn, id);
  return version;
}
