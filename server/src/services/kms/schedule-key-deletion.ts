import type { ScheduleKeyDeletionRequest, ScheduleKeyDeletionResponse } from "@aws-sdk/client-kms";
import { dayMs } from "../../base/clock.ts";
import type { Operation, With } from "../operation.ts";
import { changeNamedKey } from "./change-key.ts";
import type { KmsContext } from "./context.ts";
import { authorizeUse, refusePending } from "./find-key.ts";

const defaultDays = 30;

type Input = With<ScheduleKeyDeletionRequest, "KeyId">;

/** From now on the key is of no use; on the last day its bytes are destroyed (engine/retention/key-sweeper.ts). */
export const scheduleKeyDeletion: Operation<Input, ScheduleKeyDeletionResponse, KmsContext> = {
  authorize: ({ KeyId, PendingWindowInDays: days = defaultDays }, ctx) =>
    authorizeUse(ctx, "ScheduleKeyDeletion", KeyId, {
      conditions: { "kms:scheduledeletionpendingwindowindays": String(days) },
    }),

  async run({ KeyId, PendingWindowInDays: days = defaultDays }, ctx) {
    const deletesAt = ctx.clock() + days * dayMs;
    const { arn } = await changeNamedKey(ctx, KeyId, (key) => {
      refusePending(key);
      return { state: "PendingDeletion", deletesAt };
    });
    return { KeyId: arn, DeletionDate: new Date(deletesAt), KeyState: "PendingDeletion", PendingWindowInDays: days };
  },
};
