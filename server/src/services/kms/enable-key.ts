import type { EnableKeyRequest } from "@aws-sdk/client-kms";
import type { Operation, With } from "../operation.ts";
import { changeNamedKey } from "./change-key.ts";
import type { KmsContext } from "./context.ts";
import { authorizeUse, refusePending } from "./find-key.ts";

export const enableKey: Operation<With<EnableKeyRequest, "KeyId">, object, KmsContext> = {
  authorize: ({ KeyId }, ctx) => authorizeUse(ctx, "EnableKey", KeyId),

  async run({ KeyId }, ctx) {
    await changeNamedKey(ctx, KeyId, (key) => {
      refusePending(key);
      return { state: "Enabled" };
    });
    return {};
  },
};
