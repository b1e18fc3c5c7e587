import type { DisableKeyRequest } from "@aws-sdk/client-kms";
import type { Operation, With } from "../operation.ts";
import { changeNamedKey } from "./change-key.ts";
import type { KmsContext } from "./context.ts";
import { authorizeUse, refusePending } from "./find-key.ts";

export const disableKey: Operation<With<DisableKeyRequest, "KeyId">, object, KmsContext> = {
  authorize: ({ KeyId }, ctx) => authorizeUse(ctx, "DisableKey", KeyId),

  async run({ KeyId }, ctx) {
    await changeNamedKey(ctx, KeyId, (key) => {
      refusePending(key);
      return { state: "Disabled" };
    });
    return {};
  },
};
