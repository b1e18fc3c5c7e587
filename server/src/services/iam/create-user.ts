import type { CreateUserRequest, CreateUserResponse } from "@aws-sdk/client-iam";
import { iamId } from "../../base/ids.ts";
import { countUsers, insertUser } from "../../storage/records/users.ts";
import type { Operation, With } from "../operation.ts";
import { userAnswer } from "./answers.ts";
import { checkBoundary, requestedBoundary } from "./boundaries.ts";
import { change, type IamContext } from "./context.ts";
import { exists, quotaExceeded } from "./errors.ts";
import { need, newArn } from "./owners.ts";
import { quotas } from "./quotas.ts";
import { requestTags, withTags } from "./tag-set.ts";

export const createUser: Operation<With<CreateUserRequest, "UserName">, CreateUserResponse, IamContext> = {
  authorize: ({ UserName, Path, PermissionsBoundary, Tags }, ctx) => ({
    action: "iam:CreateUser",
    resource: newArn("user", { name: UserName, path: Path }, ctx),
    context: { ...requestTags(Tags), ...requestedBoundary(PermissionsBoundary) },
  }),

  async run({ UserName, Path = "/", PermissionsBoundary, Tags }, ctx) {
    const wanted = {
      id: iamId("AIDA", ctx.random),
      account: ctx.accountId,
      name: UserName,
      path: Path,
      createdAt: ctx.clock(),
      boundary: PermissionsBoundary,
      tags: withTags({}, Tags),
    };
    const user = await change(ctx, async (db) => {
      await checkBoundary(PermissionsBoundary, ctx, db);
      if ((await insertUser(db, wanted)) === "exists") throw exists("user", UserName);
      if (quotas.UsersPerAccount < (await countUsers(db, ctx.accountId))) {
        throw quotaExceeded("UsersPerAccount", quotas.UsersPerAccount);
      }
      return need("user", UserName, ctx, db);
    });
    return { User: userAnswer(user) };
  },
};
