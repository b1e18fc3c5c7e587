/**
 * The permissions boundary of a user or a role: set and taken away.
 */
import type {
  DeleteRolePermissionsBoundaryRequest,
  DeleteUserPermissionsBoundaryRequest,
  PutRolePermissionsBoundaryRequest,
  PutUserPermissionsBoundaryRequest,
} from "@aws-sdk/client-iam";
import { updateRole } from "../../storage/records/roles.ts";
import { updateUser } from "../../storage/records/users.ts";
import type { Operation, With } from "../operation.ts";
import { checkBoundary, requestedBoundary } from "./boundaries.ts";
import { change, type IamContext } from "./context.ts";
import { noSuchEntity } from "./errors.ts";
import { need, onOwner } from "./owners.ts";

export const putUserPermissionsBoundary: Operation<
  With<PutUserPermissionsBoundaryRequest, "UserName" | "PermissionsBoundary">,
  object,
  IamContext
> = {
  authorize: ({ UserName, PermissionsBoundary }, ctx) =>
    onOwner("PutUserPermissionsBoundary", "user", UserName, ctx, requestedBoundary(PermissionsBoundary)),

  async run({ UserName, PermissionsBoundary }, ctx) {
    await change(ctx, async (db) => {
      const user = await need("user", UserName, ctx, db);
      await checkBoundary(PermissionsBoundary, ctx, db);
      await updateUser(db, user, { boundary: PermissionsBoundary });
    });
    return {};
  },
};

export const putRolePermissionsBoundary: Operation<
  With<PutRolePermissionsBoundaryRequest, "RoleName" | "PermissionsBoundary">,
  object,
  IamContext
> = {
  authorize: ({ RoleName, PermissionsBoundary }, ctx) =>
    onOwner("PutRolePermissionsBoundary", "role", RoleName, ctx, requestedBoundary(PermissionsBoundary)),

  async run({ RoleName, PermissionsBoundary }, ctx) {
    await change(ctx, async (db) => {
      const role = await need("role", RoleName, ctx, db);
      await checkBoundary(PermissionsBoundary, ctx, db);
      await updateRole(db, role, { boundary: PermissionsBoundary });
    });
    return {};
  },
};

export const deleteUserPermissionsBoundary: Operation<
  With<DeleteUserPermissionsBoundaryRequest, "UserName">,
  object,
  IamContext
> = {
  authorize: ({ UserName }, ctx) => onOwner("DeleteUserPermissionsBoundary", "user", UserName, ctx),

  async run({ UserName }, ctx) {
    await change(ctx, async (db) => {
      const user = await need("user", UserName, ctx, db);
      if (user.boundary === undefined) throw noBoundary("user", UserName);
      await updateUser(db, user, { boundary: undefined });
    });
    return {};
  },
};

export const deleteRolePermissionsBoundary: Operation<
  With<DeleteRolePermissionsBoundaryRequest, "RoleName">,
  object,
  IamContext
> = {
  authorize: ({ RoleName }, ctx) => onOwner("DeleteRolePermissionsBoundary", "role", RoleName, ctx),

  async run({ RoleName }, ctx) {
    await change(ctx, async (db) => {
      const role = await need("role", RoleName, ctx, db);
      if (role.boundary === undefined) throw noBoundary("role", RoleName);
      await updateRole(db, role, { boundary: undefined });
    });
    return {};
  },
};

function noBoundary(kind: "user" | "role", name: string) {
  return noSuchEntity(`The ${kind} with name ${name} has no permissions boundary.`);
}
