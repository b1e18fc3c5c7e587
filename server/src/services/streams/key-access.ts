/**
 * A stream's KMS key, used on a caller's behalf: producers need kms:GenerateDataKey, consumers kms:Decrypt.
 *
 * @see Amazon Kinesis Video Streams Developer Guide, "Using server-side encryption with Kinesis Video Streams"
 */
import { type KeyErrorCode, keyErrorOf } from "../../engine/live/key-errors.ts";
import { KeyFailure, type KmsKey } from "../../storage/keys/key-store.ts";
import { keyContextOf } from "../../storage/keys/keyring.ts";
import { listGrantsTo } from "../../storage/records/kms-grants.ts";
import type { Stream } from "../../storage/records/streams.ts";
import { principalsOf } from "../kms/find-key.ts";
import { keyAuthorization } from "../kms/key-authorization.ts";
import type { Authorization } from "../operation.ts";
import type { Call } from "./context.ts";
import { keyRefused } from "./errors.ts";

/** The stream's KMS key, or why this caller cannot use it now. */
export async function askForKey(
  ctx: Call,
  stream: Stream,
  action: "GenerateDataKey" | "Decrypt",
): Promise<{ arn: string } | { refused: KeyErrorCode }> {
  const { keys } = ctx.engine;
  try {
    const key = await keys.kmsKeyOf(stream);
    if (!(await ctx.mayDo(await useOf(ctx, key, stream, action)))) return { refused: "KMS_KEY_ACCESS_DENIED" };
    await keys.check(key.arn);
    // Not when the first fragment waits for it.
    if (action === "GenerateDataKey" && 0 < stream.retentionHours) await keys.open(stream.id, 0);
    return { arn: key.arn };
  } catch (error) {
    if (error instanceof KeyFailure) return { refused: keyErrorOf(error) };
    throw error;
  }
}

/** The key's ARN. @throws ServiceError */
export async function needKey(ctx: Call, stream: Stream): Promise<string> {
  const key = await askForKey(ctx, stream, "Decrypt");
  if ("refused" in key) throw keyRefused(key.refused);
  return key.arn;
}

/** What becomes of the key while media is read, in the words of the API. */
export async function namingKeyErrors<Result>(work: Promise<Result>): Promise<Result> {
  try {
    return await work;
  } catch (error) {
    throw error instanceof KeyFailure ? keyRefused(keyErrorOf(error)) : error;
  }
}

async function useOf({ records, caller }: Call, key: KmsKey, stream: Stream, action: string): Promise<Authorization> {
  return keyAuthorization(key, action, {
    context: keyContextOf(stream),
    viaService: "kinesisvideo",
    callerAccount: stream.account,
    grants: await listGrantsTo(records.db, key.id, principalsOf(caller!)),
  });
}
