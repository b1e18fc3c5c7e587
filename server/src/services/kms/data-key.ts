/**
 * A new data key, and the same encrypted.
 */
import type { GenerateDataKeyRequest } from "@aws-sdk/client-kms";
import type { Call } from "./context.ts";
import { asAnswered, invalid, wouldHaveSucceeded } from "./errors.ts";
import { anyKey, findKey } from "./find-key.ts";

/** @throws ServiceError */
export async function makeDataKey(ctx: Call, input: GenerateDataKeyRequest) {
  const sizeBytes = sizeOf(input);
  const key = await findKey(ctx, input.KeyId!, anyKey);
  const plaintext = ctx.random(sizeBytes);
  const { blob, materialId } = await asAnswered(ctx.keys.seal(key, plaintext, input.EncryptionContext ?? {}));
  if (input.DryRun) throw wouldHaveSucceeded();
  return { CiphertextBlob: blob, Plaintext: plaintext, KeyId: key.arn, KeyMaterialId: materialId };
}

function sizeOf({ KeySpec, NumberOfBytes }: GenerateDataKeyRequest): number {
  if ((KeySpec === undefined) === (NumberOfBytes === undefined)) {
    throw invalid("Please specify either number of bytes or key spec.");
  }
  return NumberOfBytes ?? (KeySpec === "AES_128" ? 16 : 32);
}
