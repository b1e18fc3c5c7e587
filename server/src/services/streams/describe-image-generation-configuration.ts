import type {
  DescribeImageGenerationConfigurationInput,
  DescribeImageGenerationConfigurationOutput,
} from "@aws-sdk/client-kinesis-video";
import type { Operation } from "../operation.ts";
import type { StreamsContext } from "./context.ts";
import { authorizationOf, needStream } from "./find-stream.ts";

export const describeImageGenerationConfiguration: Operation<
  DescribeImageGenerationConfigurationInput,
  DescribeImageGenerationConfigurationOutput,
  StreamsContext
> = {
  authorize: (input, ctx) => authorizationOf(ctx, "DescribeImageGenerationConfiguration", input),

  async run(input, ctx) {
    return { ImageGenerationConfiguration: (await needStream(ctx, input)).images };
  },
};
