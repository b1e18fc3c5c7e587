import type { GetRoleRequest, GetRoleResponse } from "@aws-sdk/client-iam";
import type { Operation, With } from "../operation.ts";
import { roleAnswer } from "./answers.ts";
import type { IamContext } from "./context.ts";
import { need, onOwner } from "./owners.ts";

export const getRole: Operation<With<GetRoleRequest, "RoleName">, GetRoleResponse, IamContext> = {
  authorize: ({ RoleName }, ctx) => onOwner("GetRole", "role", RoleName, ctx),

  async run({ RoleName }, ctx) {
    return { Role: await roleAnswer(await need("role", RoleName, ctx), ctx.records.db) };
  },
};
