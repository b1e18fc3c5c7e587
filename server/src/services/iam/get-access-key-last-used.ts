import type { GetAccessKeyLastUsedRequest, GetAccessKeyLastUsedResponse } from "@aws-sdk/client-iam";
import { findAccessKeyAndUser } from "../../storage/records/access-keys.ts";
import type { Operation, With } from "../operation.ts";
import type { Call, IamContext } from "./context.ts";
import { noSuchKey } from "./errors.ts";
import { onOwner } from "./owners.ts";

/** Of a key that was never used, service and region are `N/A`. */
export const getAccessKeyLastUsed: Operation<
  With<GetAccessKeyLastUsedRequest, "AccessKeyId">,
  GetAccessKeyLastUsedResponse,
  IamContext
> = {
  async authorize({ AccessKeyId }, ctx) {
    const found = await find(AccessKeyId, ctx);
    if (found === undefined) return { action: "iam:GetAccessKeyLastUsed", resource: "*" };
    return onOwner("GetAccessKeyLastUsed", "user", found.user.name, ctx);
  },

  async run({ AccessKeyId }, ctx) {
    const found = await find(AccessKeyId, ctx);
    if (found === undefined) throw noSuchKey(AccessKeyId);
    const { last_used_at, last_used_service, last_used_region } = found.key;
    return {
      UserName: found.user.name,
      AccessKeyLastUsed: {
        ...(last_used_at !== null && { LastUsedDate: new Date(last_used_at) }),
        ServiceName: last_used_service ?? "N/A",
        Region: last_used_region ?? "N/A",
      },
    };
  },
};

async function find(id: string, { records, accountId }: Call) {
  const { key, user } = (await findAccessKeyAndUser(records.db, id)) ?? {};
  return key !== undefined && user?.account === accountId ? { key, user } : undefined;
}
