import type { ListAccessKeysRequest, ListAccessKeysResponse } from "@aws-sdk/client-iam";
import { accessKeysOfUser } from "../../storage/records/access-keys.ts";
import type { Operation } from "../operation.ts";
import type { IamContext } from "./context.ts";
import { needUser, onOwner } from "./owners.ts";
import { pageIn } from "./paging.ts";

/** By id. Root's own keys are not among IAM's: `millrace keys list` shows them. */
export const listAccessKeys: Operation<ListAccessKeysRequest, ListAccessKeysResponse, IamContext> = {
  authorize: ({ UserName }, ctx) => onOwner("ListAccessKeys", "user", UserName, ctx),

  async run(input, ctx) {
    const user = await needUser(input.UserName, ctx);
    const keys = (await accessKeysOfUser(ctx.records.db, user.id)).toSorted((one, other) =>
      one.id < other.id ? -1 : 1,
    );
    const { page, output } = pageIn(keys, input, ({ id }) => id);
    const AccessKeyMetadata = page.map(({ id, status, created_at }) => ({
      UserName: user.name,
      AccessKeyId: id,
      Status: status,
      CreateDate: new Date(created_at),
    }));
    return { AccessKeyMetadata, ...output };
  },
};
