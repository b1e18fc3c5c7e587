/**
 * Changes of a key that users may change.
 */
import type { Key, KeyChange } from "../../storage/records/kms-keys.ts";
import type { Call } from "./context.ts";
import { keyNotFound } from "./errors.ts";
import { findKey, refuseServiceKey } from "./find-key.ts";

/**
 * `change` sees the key as it is when its turn comes, and may throw to leave it so.
 *
 * @throws ServiceError
 */
export async function changeNamedKey(ctx: Call, keyId: string, change: (key: Key) => KeyChange): Promise<Key> {
  const key = await findKey(ctx, keyId);
  refuseServiceKey(key);
  const changed = await ctx.keys.change(key.id, change);
  if (changed === undefined) throw keyNotFound(key.arn);
  return changed;
}
