import type { TagResourceInput, TagResourceOutput } from "@aws-sdk/client-kinesis-video";
import type { Operation, With } from "../operation.ts";
import type { StreamsContext } from "./context.ts";
import { authorizationOf, changeNamed } from "./find-stream.ts";
import { withTags } from "./tags.ts";

/** TagStream for any resource. Streams are the only ones here. Of a key that is given twice, the later one holds. */
export const tagResource: Operation<
  With<TagResourceInput, "ResourceARN" | "Tags">,
  TagResourceOutput,
  StreamsContext
> = {
  authorize: ({ ResourceARN }, ctx) => authorizationOf(ctx, "TagResource", { StreamARN: ResourceARN }),

  async run({ ResourceARN, Tags }, ctx) {
    const added = Object.fromEntries(Tags.map(({ Key, Value }) => [Key!, Value!]));
    await changeNamed(ctx, { StreamARN: ResourceARN }, ({ tags }) => ({ tags: withTags(tags, added) }));
    return {};
  },
};
