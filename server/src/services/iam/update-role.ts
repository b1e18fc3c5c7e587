import type {
  UpdateAssumeRolePolicyRequest,
  UpdateRoleDescriptionRequest,
  UpdateRoleDescriptionResponse,
  UpdateRoleRequest,
} from "@aws-sdk/client-iam";
import { type RoleChange, updateRole as writeRole } from "../../storage/records/roles.ts";
import type { Operation, With } from "../operation.ts";
import { roleAnswer } from "./answers.ts";
import { type Call, change, type Database, type IamContext } from "./context.ts";
import { need, onOwner } from "./owners.ts";
import { readTrustPolicy } from "./trust-policy.ts";

/** What is not given stays. */
export const updateRole: Operation<With<UpdateRoleRequest, "RoleName">, object, IamContext> = {
  authorize: ({ RoleName }, ctx) => onOwner("UpdateRole", "role", RoleName, ctx),

  async run({ RoleName, Description, MaxSessionDuration }, ctx) {
    await rewrite(RoleName, ctx, () => ({
      ...(Description !== undefined && { description: Description }),
      ...(MaxSessionDuration !== undefined && { maxSessionSeconds: MaxSessionDuration }),
    }));
    return {};
  },
};

export const updateRoleDescription: Operation<
  With<UpdateRoleDescriptionRequest, "RoleName" | "Description">,
  UpdateRoleDescriptionResponse,
  IamContext
> = {
  authorize: ({ RoleName }, ctx) => onOwner("UpdateRoleDescription", "role", RoleName, ctx),

  async run({ RoleName, Description }, ctx) {
    await rewrite(RoleName, ctx, () => ({ description: Description }));
    return { Role: await roleAnswer(await need("role", RoleName, ctx), ctx.records.db) };
  },
};

export const updateAssumeRolePolicy: Operation<
  With<UpdateAssumeRolePolicyRequest, "RoleName" | "PolicyDocument">,
  object,
  IamContext
> = {
  authorize: ({ RoleName }, ctx) => onOwner("UpdateAssumeRolePolicy", "role", RoleName, ctx),

  async run({ RoleName, PolicyDocument }, ctx) {
    await rewrite(RoleName, ctx, async (db) => ({ trustPolicy: await readTrustPolicy(PolicyDocument, db) }));
    return {};
  },
};

function rewrite(name: string, ctx: Call, read: (db: Database) => RoleChange | Promise<RoleChange>): Promise<void> {
  return change(ctx, async (db) => writeRole(db, await need("role", name, ctx, db), await read(db)));
}
