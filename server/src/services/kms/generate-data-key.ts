import type { GenerateDataKeyRequest, GenerateDataKeyResponse } from "@aws-sdk/client-kms";
import type { Operation, With } from "../operation.ts";
import type { KmsContext } from "./context.ts";
import { makeDataKey } from "./data-key.ts";
import { unsupported } from "./errors.ts";
import { anyKey, authorizeUse } from "./find-key.ts";

export const generateDataKey: Operation<With<GenerateDataKeyRequest, "KeyId">, GenerateDataKeyResponse, KmsContext> = {
  authorize: ({ KeyId, EncryptionContext: context = {}, GrantTokens: grantTokens }, ctx) =>
    authorizeUse(ctx, "GenerateDataKey", KeyId, { accepts: anyKey, context, grantTokens }),

  async run(input, ctx) {
    if (input.Recipient !== undefined) throw unsupported("There are no attested recipients.");
    return makeDataKey(ctx, input);
  },
};
