import type { UntagStreamInput, UntagStreamOutput } from "@aws-sdk/client-kinesis-video";
import type { Operation, With } from "../operation.ts";
import type { StreamsContext } from "./context.ts";
import { changeNamed, tagAuthorizationOf } from "./find-stream.ts";
import { withoutTags } from "./tags.ts";

export const untagStream: Operation<With<UntagStreamInput, "TagKeyList">, UntagStreamOutput, StreamsContext> = {
  authorize: (input, ctx) => tagAuthorizationOf(ctx, "UntagStream", input, { removed: input.TagKeyList }),

  async run(input, ctx) {
    await changeNamed(ctx, input, ({ tags }) => ({ tags: withoutTags(tags, input.TagKeyList) }));
    return {};
  },
};
