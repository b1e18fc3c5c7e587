import type { UntagResourceInput, UntagResourceOutput } from "@aws-sdk/client-kinesis-video";
import type { Operation, With } from "../operation.ts";
import type { StreamsContext } from "./context.ts";
import { authorizationOf, changeNamed } from "./find-stream.ts";
import { withoutTags } from "./tags.ts";

export const untagResource: Operation<
  With<UntagResourceInput, "ResourceARN" | "TagKeyList">,
  UntagResourceOutput,
  StreamsContext
> = {
  authorize: ({ ResourceARN, TagKeyList }, ctx) =>
    authorizationOf(ctx, "UntagResource", { StreamARN: ResourceARN }, { change: { removed: TagKeyList } }),

  async run({ ResourceARN, TagKeyList }, ctx) {
    await changeNamed(ctx, { StreamARN: ResourceARN }, ({ tags }) => ({ tags: withoutTags(tags, TagKeyList) }));
    return {};
  },
};
