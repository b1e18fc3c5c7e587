import type { DescribeStreamInput, DescribeStreamOutput } from "@aws-sdk/client-kinesis-video";
import type { Operation } from "../operation.ts";
import type { StreamsContext } from "./context.ts";
import { authorizationOf, needStream } from "./find-stream.ts";
import { streamAnswer } from "./stream-answer.ts";

export const describeStream: Operation<DescribeStreamInput, DescribeStreamOutput, StreamsContext> = {
  authorize: (input, ctx) => authorizationOf(ctx, "DescribeStream", input),

  async run(input, ctx) {
    return { StreamInfo: streamAnswer(await needStream(ctx, input)) };
  },
};
