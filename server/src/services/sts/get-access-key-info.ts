import type { GetAccessKeyInfoRequest, GetAccessKeyInfoResponse } from "@aws-sdk/client-sts";
import { findAccessKey } from "../../storage/records/access-keys.ts";
import type { Operation, With } from "../operation.ts";
import type { StsContext } from "./context.ts";
import { invalid } from "./errors.ts";

/** Keys of sessions are kept nowhere: nothing is known of them here. */
export const getAccessKeyInfo: Operation<
  With<GetAccessKeyInfoRequest, "AccessKeyId">,
  GetAccessKeyInfoResponse,
  StsContext
> = {
  authorize: () => ({ action: "sts:GetAccessKeyInfo", resource: "*" }),

  async run({ AccessKeyId }, { records, caller }) {
    if (AccessKeyId === caller?.accessKeyId) return { Account: caller.accountId };
    const key = await findAccessKey(records.db, AccessKeyId);
    if (key === undefined) throw invalid(`Invalid access key: ${AccessKeyId}`);
    return { Account: key.account };
  },
};
