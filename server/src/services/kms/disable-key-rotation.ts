import type { DisableKeyRotationRequest } from "@aws-sdk/client-kms";
import type { Operation, With } from "../operation.ts";
import { changeNamedKey } from "./change-key.ts";
import type { KmsContext } from "./context.ts";
import { authorizeUse, refuseDisabled, refusePending } from "./find-key.ts";

export const disableKeyRotation: Operation<With<DisableKeyRotationRequest, "KeyId">, object, KmsContext> = {
  authorize: ({ KeyId }, ctx) => authorizeUse(ctx, "DisableKeyRotation", KeyId),

  async run({ KeyId }, ctx) {
    await changeNamedKey(ctx, KeyId, (key) => {
      refusePending(key);
      refuseDisabled(key);
      return { rotationDays: undefined, rotatesAt: undefined };
    });
    return {};
  },
};
