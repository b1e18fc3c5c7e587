import type {
  UpdateNotificationConfigurationInput,
  UpdateNotificationConfigurationOutput,
} from "@aws-sdk/client-kinesis-video";
import type { NotificationDocument } from "../../storage/records/streams.ts";
import type { Operation } from "../operation.ts";
import type { StreamsContext } from "./context.ts";
import { noDataRetention } from "./errors.ts";
import { authorizationOf, changeNamed } from "./find-stream.ts";

/** Without a configuration it removes the one that is there, also from a stream that keeps no data. */
export const updateNotificationConfiguration: Operation<
  UpdateNotificationConfigurationInput,
  UpdateNotificationConfigurationOutput,
  StreamsContext
> = {
  authorize: (input, ctx) => authorizationOf(ctx, "UpdateNotificationConfiguration", input),

  async run(input, ctx) {
    // The edge has seen to it that its members are there.
    const notifications = input.NotificationConfiguration as NotificationDocument | undefined;
    await changeNamed(ctx, input, ({ name, retentionHours }) => {
      if (notifications !== undefined && retentionHours === 0) throw noDataRetention(name);
      return { notifications };
    });
    return {};
  },
};
