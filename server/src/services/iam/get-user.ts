import type { GetUserRequest, GetUserResponse, User } from "@aws-sdk/client-iam";
import type { Operation } from "../operation.ts";
import { userAnswer } from "./answers.ts";
import type { IamContext } from "./context.ts";
import { needUser, onOwner } from "./owners.ts";

/** Root, asked about itself, is a user without a name. */
export const getUser: Operation<GetUserRequest, GetUserResponse, IamContext> = {
  authorize: ({ UserName }, ctx) => onOwner("GetUser", "user", UserName, ctx),

  async run({ UserName }, ctx) {
    if (UserName === undefined && ctx.caller?.isRoot) {
      const root: Partial<User> = { UserId: ctx.accountId, Arn: ctx.caller.principalArn, CreateDate: new Date(0) };
      return { User: root as User };
    }
    return { User: userAnswer(await needUser(UserName, ctx)) };
  },
};
