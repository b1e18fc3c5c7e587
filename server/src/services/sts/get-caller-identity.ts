import type { GetCallerIdentityRequest, GetCallerIdentityResponse } from "@aws-sdk/client-sts";
import type { Operation } from "../operation.ts";
import type { StsContext } from "./context.ts";

/** Whoever has signed may ask who they are. */
export const getCallerIdentity: Operation<GetCallerIdentityRequest, GetCallerIdentityResponse, StsContext> = {
  authorize: () => ({ action: "sts:GetCallerIdentity", resource: "*" }),

  async run(_, { caller, accountId }) {
    return { UserId: caller?.userId ?? accountId, Account: accountId, Arn: caller?.principalArn };
  },
};
