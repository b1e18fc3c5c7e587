import type { ListTagsForStreamInput, ListTagsForStreamOutput } from "@aws-sdk/client-kinesis-video";
import type { Operation } from "../operation.ts";
import type { StreamsContext } from "./context.ts";
import { needStream, tagAuthorizationOf } from "./find-stream.ts";
import { refuseToken } from "./tags.ts";

export const listTagsForStream: Operation<ListTagsForStreamInput, ListTagsForStreamOutput, StreamsContext> = {
  authorize: (input, ctx) => tagAuthorizationOf(ctx, "ListTagsForStream", input),

  async run(input, ctx) {
    refuseToken(input.NextToken);
    const { tags } = await needStream(ctx, input);
    return { Tags: { ...tags } };
  },
};
