import type {
  DescribeNotificationConfigurationInput,
  DescribeNotificationConfigurationOutput,
} from "@aws-sdk/client-kinesis-video";
import type { Operation } from "../operation.ts";
import type { StreamsContext } from "./context.ts";
import { authorizationOf, needStream } from "./find-stream.ts";

export const describeNotificationConfiguration: Operation<
  DescribeNotificationConfigurationInput,
  DescribeNotificationConfigurationOutput,
  StreamsContext
> = {
  authorize: (input, ctx) => authorizationOf(ctx, "DescribeNotificationConfiguration", input),

  async run(input, ctx) {
    return { NotificationConfiguration: (await needStream(ctx, input)).notifications };
  },
};
