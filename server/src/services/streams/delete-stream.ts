import type { DeleteStreamInput, DeleteStreamOutput } from "@aws-sdk/client-kinesis-video";
import { beginDeletion, type Stream } from "../../storage/records/streams.ts";
import type { Operation, With } from "../operation.ts";
import { homeOf, type StreamsContext } from "./context.ts";
import { authorizationOf, checkVersion, inTurnOf } from "./find-stream.ts";
import { tell } from "./listeners.ts";

/** Nobody finds the stream from here on, and its name is free. Its media goes by and by, its keys first. */
export const deleteStream: Operation<With<DeleteStreamInput, "StreamARN">, DeleteStreamOutput, StreamsContext> = {
  authorize: (input, ctx) => authorizationOf(ctx, "DeleteStream", input),

  async run({ StreamARN, CurrentVersion }, ctx) {
    const check = (stream: Stream) => {
      if (CurrentVersion !== undefined) checkVersion(stream, CurrentVersion);
    };
    const deleted = await inTurnOf(ctx, { StreamARN }, (db, key) => beginDeletion(db, homeOf(ctx), key, check));
    await tell(ctx, "deleted", deleted);
    return {};
  },
};
