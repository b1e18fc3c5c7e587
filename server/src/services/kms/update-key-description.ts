import type { UpdateKeyDescriptionRequest } from "@aws-sdk/client-kms";
import type { Operation, With } from "../operation.ts";
import { changeNamedKey } from "./change-key.ts";
import type { KmsContext } from "./context.ts";
import { authorizeUse, refusePending } from "./find-key.ts";

type Input = With<UpdateKeyDescriptionRequest, "KeyId" | "Description">;

export const updateKeyDescription: Operation<Input, object, KmsContext> = {
  authorize: ({ KeyId }, ctx) => authorizeUse(ctx, "UpdateKeyDescription", KeyId),

  async run({ KeyId, Description }, ctx) {
    await changeNamedKey(ctx, KeyId, (key) => {
      refusePending(key);
      return { description: Description };
    });
    return {};
  },
};
