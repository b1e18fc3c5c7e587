import type { Tag, TagResourceInput, TagResourceOutput } from "@aws-sdk/client-kinesis-video";
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
  authorize: ({ ResourceARN, Tags }, ctx) =>
    authorizationOf(ctx, "TagResource", { StreamARN: ResourceARN }, { change: { added: asMap(Tags) } }),

  async run({ ResourceARN, Tags }, ctx) {
    const added = asMap(Tags);
    await changeNamed(ctx, { StreamARN: ResourceARN }, ({ tags }) => ({ tags: withTags(tags, added) }));
    return {};
  },
};

function asMap(tags: readonly Tag[]): Record<string, string> {
  return Object.fromEntries(tags.map(({ Key, Value }) => [Key!, Value!]));
}
