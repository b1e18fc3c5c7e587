import type { DecryptRequest, DecryptResponse } from "@aws-sdk/client-kms";
import type { Operation } from "../operation.ts";
import { authorizeBlob, openBlob } from "./ciphertext.ts";
import type { KmsContext } from "./context.ts";
import { unsupported, wouldHaveSucceeded } from "./errors.ts";

export const decrypt: Operation<DecryptRequest, DecryptResponse, KmsContext> = {
  authorize: ({ CiphertextBlob, KeyId, EncryptionContext: context = {}, GrantTokens: grantTokens }, ctx) =>
    authorizeBlob(ctx, "Decrypt", { blob: CiphertextBlob, keyId: KeyId, context, grantTokens }),

  async run({ CiphertextBlob, KeyId, EncryptionContext: context = {}, Recipient, DryRun }, ctx) {
    if (Recipient !== undefined) throw unsupported("There are no attested recipients.");
    const { key, plaintext, materialId } = await openBlob(ctx, { blob: CiphertextBlob, keyId: KeyId, context });
    if (DryRun) throw wouldHaveSucceeded();
    return {
      KeyId: key.arn,
      Plaintext: plaintext,
      EncryptionAlgorithm: "SYMMETRIC_DEFAULT",
      KeyMaterialId: materialId,
    };
  },
};
