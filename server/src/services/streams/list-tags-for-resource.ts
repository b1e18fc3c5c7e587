import type { ListTagsForResourceInput, ListTagsForResourceOutput } from "@aws-sdk/client-kinesis-video";
import type { Operation, With } from "../operation.ts";
import type { StreamsContext } from "./context.ts";
import { authorizationOf, needStream } from "./find-stream.ts";
import { refuseToken } from "./tags.ts";

export const listTagsForResource: Operation<
  With<ListTagsForResourceInput, "ResourceARN">,
  ListTagsForResourceOutput,
  StreamsContext
> = {
  authorize: ({ ResourceARN }, ctx) => authorizationOf(ctx, "ListTagsForResource", { StreamARN: ResourceARN }),

  async run({ ResourceARN, NextToken }, ctx) {
    refuseToken(NextToken);
    const { tags } = await needStream(ctx, { StreamARN: ResourceARN });
    return { Tags: { ...tags } };
  },
};
