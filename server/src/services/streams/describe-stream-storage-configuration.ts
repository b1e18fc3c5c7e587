import type {
  DescribeStreamStorageConfigurationInput,
  DescribeStreamStorageConfigurationOutput,
} from "@aws-sdk/client-kinesis-video";
import { buildStreamArn } from "../../storage/records/streams.ts";
import type { Operation } from "../operation.ts";
import type { StreamsContext } from "./context.ts";
import { authorizationOf, needStream } from "./find-stream.ts";

export const describeStreamStorageConfiguration: Operation<
  DescribeStreamStorageConfigurationInput,
  DescribeStreamStorageConfigurationOutput,
  StreamsContext
> = {
  authorize: (input, ctx) => authorizationOf(ctx, "DescribeStreamStorageConfiguration", input),

  async run(input, ctx) {
    const stream = await needStream(ctx, input);
    return {
      StreamName: stream.name,
      StreamARN: buildStreamArn(stream),
      StreamStorageConfiguration: { DefaultStorageTier: stream.storageTier },
    };
  },
};
