import type { EncryptRequest, EncryptResponse } from "@aws-sdk/client-kms";
import type { Operation, With } from "../operation.ts";
import type { KmsContext } from "./context.ts";
import { asAnswered, wouldHaveSucceeded } from "./errors.ts";
import { anyKey, authorizeUse, findKey } from "./find-key.ts";

export const encrypt: Operation<With<EncryptRequest, "KeyId" | "Plaintext">, EncryptResponse, KmsContext> = {
  authorize: ({ KeyId, EncryptionContext: context = {}, GrantTokens }, ctx) =>
    authorizeUse(ctx, "Encrypt", KeyId, { accepts: anyKey, context, grantTokens: GrantTokens }),

  async run({ KeyId, Plaintext, EncryptionContext = {}, DryRun }, ctx) {
    const key = await findKey(ctx, KeyId, anyKey);
    const { blob } = await asAnswered(ctx.keys.seal(key, Plaintext, EncryptionContext));
    if (DryRun) throw wouldHaveSucceeded();
    return { CiphertextBlob: blob, KeyId: key.arn, EncryptionAlgorithm: "SYMMETRIC_DEFAULT" };
  },
};
