import type { TagResourceRequest } from "@aws-sdk/client-kms";
import type { Operation, With } from "../operation.ts";
import { changeNamedKey } from "./change-key.ts";
import type { KmsContext } from "./context.ts";
import { authorizeUse, refusePending } from "./find-key.ts";
import { tagConditions, withTags } from "./tags.ts";

export const tagResource: Operation<With<TagResourceRequest, "KeyId" | "Tags">, object, KmsContext> = {
  authorize: ({ KeyId, Tags }, ctx) => authorizeUse(ctx, "TagResource", KeyId, { conditions: tagConditions(Tags) }),

  async run({ KeyId, Tags }, ctx) {
    await changeNamedKey(ctx, KeyId, (key) => {
      refusePending(key);
      return { tags: withTags(key.tags, Tags) };
    });
    return {};
  },
};
