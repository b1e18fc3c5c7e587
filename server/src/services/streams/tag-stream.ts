import type { TagStreamInput, TagStreamOutput } from "@aws-sdk/client-kinesis-video";
import type { Operation, With } from "../operation.ts";
import type { StreamsContext } from "./context.ts";
import { changeNamed, tagAuthorizationOf } from "./find-stream.ts";
import { withTags } from "./tags.ts";

/** The version of a stream stays: it is not about tags. */
export const tagStream: Operation<With<TagStreamInput, "Tags">, TagStreamOutput, StreamsContext> = {
  authorize: (input, ctx) => tagAuthorizationOf(ctx, "TagStream", input, { added: input.Tags }),

  async run(input, ctx) {
    await changeNamed(ctx, input, ({ tags }) => ({ tags: withTags(tags, input.Tags) }));
    return {};
  },
};
