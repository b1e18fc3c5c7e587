import type { DescribeKeyRequest, DescribeKeyResponse } from "@aws-sdk/client-kms";
import type { Operation, With } from "../operation.ts";
import type { KmsContext } from "./context.ts";
import { anyKey, authorizeUse, findKey } from "./find-key.ts";
import { keyMetadata } from "./key-metadata.ts";

export const describeKey: Operation<With<DescribeKeyRequest, "KeyId">, DescribeKeyResponse, KmsContext> = {
  authorize: ({ KeyId, GrantTokens }, ctx) =>
    authorizeUse(ctx, "DescribeKey", KeyId, { accepts: anyKey, grantTokens: GrantTokens }),

  async run({ KeyId }, ctx) {
    return { KeyMetadata: await keyMetadata(ctx, await findKey(ctx, KeyId, anyKey)) };
  },
};
