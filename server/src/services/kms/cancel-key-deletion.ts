import type { CancelKeyDeletionRequest, CancelKeyDeletionResponse } from "@aws-sdk/client-kms";
import type { Operation, With } from "../operation.ts";
import { changeNamedKey } from "./change-key.ts";
import type { KmsContext } from "./context.ts";
import { notPendingDeletion } from "./errors.ts";
import { authorizeUse } from "./find-key.ts";

/** The key is disabled afterwards, whatever it was before. */
export const cancelKeyDeletion: Operation<
  With<CancelKeyDeletionRequest, "KeyId">,
  CancelKeyDeletionResponse,
  KmsContext
> = {
  authorize: ({ KeyId }, ctx) => authorizeUse(ctx, "CancelKeyDeletion", KeyId),

  async run({ KeyId }, ctx) {
    const { arn } = await changeNamedKey(ctx, KeyId, (key) => {
      if (key.state !== "PendingDeletion") throw notPendingDeletion(key.arn);
      return { state: "Disabled", deletesAt: undefined };
    });
    return { KeyId: arn };
  },
};
