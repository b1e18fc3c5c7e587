import type {
  DescribeMappedResourceConfigurationInput,
  DescribeMappedResourceConfigurationOutput,
} from "@aws-sdk/client-kinesis-video";
import type { Operation } from "../operation.ts";
import type { StreamsContext } from "./context.ts";
import { authorizationOf, needStream } from "./find-stream.ts";
import { refuseToken } from "./tags.ts";

/** There are no signalling channels yet that a stream could be mapped to. */
export const describeMappedResourceConfiguration: Operation<
  DescribeMappedResourceConfigurationInput,
  DescribeMappedResourceConfigurationOutput,
  StreamsContext
> = {
  authorize: (input, ctx) => authorizationOf(ctx, "DescribeMappedResourceConfiguration", input),

  async run(input, ctx) {
    refuseToken(input.NextToken);
    await needStream(ctx, input);
    return { MappedResourceConfigurationList: [] };
  },
};
