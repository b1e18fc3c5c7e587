import type { UpdateStreamInput, UpdateStreamOutput } from "@aws-sdk/client-kinesis-video";
import type { Operation, With } from "../operation.ts";
import type { StreamsContext } from "./context.ts";
import { authorizationOf, changeVersion } from "./find-stream.ts";

/** What is not given stays as it is. */
export const updateStream: Operation<With<UpdateStreamInput, "CurrentVersion">, UpdateStreamOutput, StreamsContext> = {
  authorize: (input, ctx) => authorizationOf(ctx, "UpdateStream", input),

  async run(input, ctx) {
    await changeVersion(ctx, input, ({ deviceName, mediaType }) => ({
      deviceName: input.DeviceName ?? deviceName,
      mediaType: input.MediaType ?? mediaType,
    }));
    return {};
  },
};
