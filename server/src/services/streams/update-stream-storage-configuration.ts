import type {
  UpdateStreamStorageConfigurationInput,
  UpdateStreamStorageConfigurationOutput,
} from "@aws-sdk/client-kinesis-video";
import type { Operation, With } from "../operation.ts";
import type { StreamsContext } from "./context.ts";
import { authorizationOf, changeVersion } from "./find-stream.ts";

type Input = With<UpdateStreamStorageConfigurationInput, "CurrentVersion" | "StreamStorageConfiguration">;

/** Both tiers lie in the same place; the name is kept and given back. */
export const updateStreamStorageConfiguration: Operation<
  Input,
  UpdateStreamStorageConfigurationOutput,
  StreamsContext
> = {
  authorize: (input, ctx) => authorizationOf(ctx, "UpdateStreamStorageConfiguration", input),

  async run(input, ctx) {
    // The edge has seen to it that the tier is there.
    const storageTier = input.StreamStorageConfiguration.DefaultStorageTier!;
    await changeVersion(ctx, input, () => ({ storageTier }));
    return {};
  },
};
