import type {
  GenerateDataKeyWithoutPlaintextRequest,
  GenerateDataKeyWithoutPlaintextResponse,
} from "@aws-sdk/client-kms";
import type { Operation, With } from "../operation.ts";
import type { KmsContext } from "./context.ts";
import { makeDataKey } from "./data-key.ts";
import { anyKey, authorizeUse } from "./find-key.ts";

type Input = With<GenerateDataKeyWithoutPlaintextRequest, "KeyId">;

export const generateDataKeyWithoutPlaintext: Operation<Input, GenerateDataKeyWithoutPlaintextResponse, KmsContext> = {
  authorize: ({ KeyId, EncryptionContext: context = {}, GrantTokens: grantTokens }, ctx) =>
    authorizeUse(ctx, "GenerateDataKeyWithoutPlaintext", KeyId, { accepts: anyKey, context, grantTokens }),

  async run(input, ctx) {
    const { Plaintext: _, ...answer } = await makeDataKey(ctx, input);
    return answer;
  },
};
