import type { ReEncryptRequest, ReEncryptResponse } from "@aws-sdk/client-kms";
import type { Operation, With } from "../operation.ts";
import { authorizeBlob, keyOf, openBlob } from "./ciphertext.ts";
import type { KmsContext } from "./context.ts";
import { asAnswered, wouldHaveSucceeded } from "./errors.ts";
import { anyKey, authorizeUse, findKey } from "./find-key.ts";

/** The plaintext is never given out. */
export const reEncrypt: Operation<With<ReEncryptRequest, "DestinationKeyId">, ReEncryptResponse, KmsContext> = {
  async authorize(input, ctx) {
    const { CiphertextBlob: blob, SourceKeyId, DestinationKeyId, GrantTokens: grantTokens } = input;
    const { SourceEncryptionContext: from = {}, DestinationEncryptionContext: to = {} } = input;
    const source = await keyOf(ctx, { blob });
    const target = await ctx.keys.find({ account: ctx.accountId, region: ctx.region }, DestinationKeyId);
    const same = source !== undefined && source.id === target?.id;
    const conditions = { "kms:reencryptonsamekey": String(same) };
    return [
      await authorizeBlob(ctx, "ReEncryptFrom", { blob, keyId: SourceKeyId, context: from, conditions, grantTokens }),
      await authorizeUse(ctx, "ReEncryptTo", DestinationKeyId, { accepts: anyKey, context: to, conditions }),
    ];
  },

  async run(input, ctx) {
    const { SourceEncryptionContext: from = {}, DestinationEncryptionContext: to = {}, DryRun } = input;
    const target = await findKey(ctx, input.DestinationKeyId, anyKey);
    const source = await openBlob(ctx, { blob: input.CiphertextBlob, keyId: input.SourceKeyId, context: from });
    const { blob, materialId } = await asAnswered(ctx.keys.seal(target, source.plaintext, to));
    if (DryRun) throw wouldHaveSucceeded();
    return {
      CiphertextBlob: blob,
      SourceKeyId: source.key.arn,
      KeyId: target.arn,
      SourceEncryptionAlgorithm: "SYMMETRIC_DEFAULT",
      DestinationEncryptionAlgorithm: "SYMMETRIC_DEFAULT",
      SourceKeyMaterialId: source.materialId,
      DestinationKeyMaterialId: materialId,
    };
  },
};
