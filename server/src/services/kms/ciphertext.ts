/**
 * Ciphertexts as calls give them: which key is asked for, and what lies within.
 */
import type { EncryptionContext } from "../../storage/keys/key-store.ts";
import type { Key } from "../../storage/records/kms-keys.ts";
import type { Authorization } from "../operation.ts";
import { type Call, homeOf } from "./context.ts";
import { asAnswered, incorrectKey, invalid, invalidCiphertext } from "./errors.ts";
import { anyKey, authorizeKey, authorizeUse, findKey } from "./find-key.ts";
import { checkGrantTokens } from "./grant-tokens.ts";

export type Ciphertext = {
  blob: Uint8Array | undefined;
  /** The key that it must be of. */
  keyId: string | undefined;
  context: EncryptionContext;
  grantTokens?: readonly string[] | undefined;
  conditions?: Readonly<Record<string, string>>;
};

/** What opening it asks for: of the key that is named, else of the one that the blob names. */
export async function authorizeBlob(ctx: Call, action: string, ciphertext: Ciphertext): Promise<Authorization> {
  const { keyId, context, conditions = {}, grantTokens } = ciphertext;
  if (keyId !== undefined)
    return authorizeUse(ctx, action, keyId, { accepts: anyKey, context, conditions, grantTokens });
  checkGrantTokens(grantTokens);
  const key = await keyOf(ctx, ciphertext);
  if (key !== undefined) return authorizeKey(ctx, action, key, { context, conditions });
  const { account, region } = homeOf(ctx);
  return { action: `kms:${action}`, resource: `arn:aws:kms:${region}:${account}:key/*` };
}

/** @throws ServiceError in one way for whatever is wrong with the blob, once its key can be used */
export async function openBlob(
  ctx: Call,
  ciphertext: Ciphertext,
): Promise<{ key: Key; plaintext: Uint8Array; materialId: string }> {
  if (ciphertext.blob === undefined) throw invalid("1 validation error detected: CiphertextBlob is missing.");
  const named = ciphertext.keyId === undefined ? undefined : await findKey(ctx, ciphertext.keyId, anyKey);
  const key = await keyOf(ctx, ciphertext);
  if (key === undefined) throw invalidCiphertext();
  if (named !== undefined && named.id !== key.id) throw incorrectKey();
  return { key, ...(await asAnswered(ctx.keys.open(key, ciphertext.blob, ciphertext.context))) };
}

export async function keyOf(ctx: Call, { blob }: Pick<Ciphertext, "blob">): Promise<Key | undefined> {
  const key = blob && (await ctx.keys.keyOf(blob));
  return key?.region === ctx.region ? key : undefined;
}
