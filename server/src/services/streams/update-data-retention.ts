import type { UpdateDataRetentionInput, UpdateDataRetentionOutput } from "@aws-sdk/client-kinesis-video";
import type { Operation, With } from "../operation.ts";
import { maxRetentionHours } from "./constraints.ts";
import type { StreamsContext } from "./context.ts";
import { invalidArgument } from "./errors.ts";
import { authorizationOf, changeVersion } from "./find-stream.ts";
import { tell } from "./listeners.ts";

type Input = With<UpdateDataRetentionInput, "CurrentVersion" | "Operation" | "DataRetentionChangeInHours">;

/** Done when it is answered. What is older than a shorter retention goes at once. */
export const updateDataRetention: Operation<Input, UpdateDataRetentionOutput, StreamsContext> = {
  authorize: (input, ctx) => authorizationOf(ctx, "UpdateDataRetention", input),

  async run(input, ctx) {
    const { before, after } = await changeVersion(ctx, input, ({ retentionHours }) => ({
      retentionHours: changedRetention(retentionHours, input),
    }));
    if (after.retentionHours < before.retentionHours) await tell(ctx, "retentionReduced", after);
    return {};
  },
};

function changedRetention(hours: number, { Operation, DataRetentionChangeInHours }: Input): number {
  const changed = hours + (Operation === "INCREASE_DATA_RETENTION" ? 1 : -1) * DataRetentionChangeInHours;
  if (changed < 0 || maxRetentionHours < changed) {
    throw invalidArgument(`The retention would be ${changed} hours. It must be from 0 to ${maxRetentionHours}.`);
  }
  return changed;
}
