import type { UntagResourceRequest } from "@aws-sdk/client-kms";
import type { Operation, With } from "../operation.ts";
import { changeNamedKey } from "./change-key.ts";
import type { KmsContext } from "./context.ts";
import { authorizeUse, refusePending } from "./find-key.ts";
import { withoutTags } from "./tags.ts";

export const untagResource: Operation<With<UntagResourceRequest, "KeyId" | "TagKeys">, object, KmsContext> = {
  authorize: ({ KeyId, TagKeys }, ctx) =>
    authorizeUse(ctx, "UntagResource", KeyId, { conditions: { "aws:tagkeys": TagKeys } }),

  async run({ KeyId, TagKeys }, ctx) {
    await changeNamedKey(ctx, KeyId, (key) => {
      refusePending(key);
      return { tags: withoutTags(key.tags, TagKeys) };
    });
    return {};
  },
};
