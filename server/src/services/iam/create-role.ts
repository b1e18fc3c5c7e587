import type { CreateRoleRequest, CreateRoleResponse } from "@aws-sdk/client-iam";
import { iamId } from "../../base/ids.ts";
import { countRoles, insertRole } from "../../storage/records/roles.ts";
import type { Operation, With } from "../operation.ts";
import { roleAnswer } from "./answers.ts";
import { checkBoundary, requestedBoundary } from "./boundaries.ts";
import { change, type IamContext } from "./context.ts";
import { exists, quotaExceeded } from "./errors.ts";
import { need, newArn } from "./owners.ts";
import { quotas } from "./quotas.ts";
import { requestTags, withTags } from "./tag-set.ts";
import { readTrustPolicy } from "./trust-policy.ts";

const defaultSeconds = 3600;

export const createRole: Operation<
  With<CreateRoleRequest, "RoleName" | "AssumeRolePolicyDocument">,
  CreateRoleResponse,
  IamContext
> = {
  authorize: ({ RoleName, Path, PermissionsBoundary, Tags }, ctx) => ({
    action: "iam:CreateRole",
    resource: newArn("role", { name: RoleName, path: Path }, ctx),
    context: { ...requestTags(Tags), ...requestedBoundary(PermissionsBoundary) },
  }),

  async run(input, ctx) {
    const { RoleName, Path = "/", PermissionsBoundary, Tags, MaxSessionDuration = defaultSeconds } = input;
    const wanted = {
      id: iamId("AROA", ctx.random),
      account: ctx.accountId,
      name: RoleName,
      path: Path,
      createdAt: ctx.clock(),
      description: input.Description,
      maxSessionSeconds: MaxSessionDuration,
      boundary: PermissionsBoundary,
      tags: withTags({}, Tags),
    };
    const role = await change(ctx, async (db) => {
      const trustPolicy = await readTrustPolicy(input.AssumeRolePolicyDocument, db);
      await checkBoundary(PermissionsBoundary, ctx, db);
      if ((await insertRole(db, { ...wanted, trustPolicy })) === "exists") throw exists("role", RoleName);
      if (quotas.RolesPerAccount < (await countRoles(db, ctx.accountId))) {
        throw quotaExceeded("RolesPerAccount", quotas.RolesPerAccount);
      }
      return need("role", RoleName, ctx, db);
    });
    const { RoleLastUsed: _, ...Role } = await roleAnswer(role, ctx.records.db);
    return { Role };
  },
};
