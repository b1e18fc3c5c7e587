import type { GetClipInput, GetClipOutput } from "@aws-sdk/client-kinesis-video-archived-media";
import type { Bytes, Operation, With } from "../operation.ts";
import type { Call, StreamsContext } from "./context.ts";
import { noFragments, tooManyAtOnce } from "./errors.ts";
import { authorizationOf, needStream } from "./find-stream.ts";
import { needKey } from "./key-access.ts";
import { namingMediaErrors, needRetention, selectionOf } from "./playback-selector.ts";

type Answer = Omit<GetClipOutput, "Payload"> & { Payload: Bytes };

/** A clip is whole in memory while it is sent, so there are only some at a time. */
export const getClip: Operation<With<GetClipInput, "ClipFragmentSelector">, Answer, StreamsContext> = {
  authorize: (input, ctx) => authorizationOf(ctx, "GetClip", input),

  async run(input, ctx) {
    const selector = selectionOf(input.ClipFragmentSelector, "ON_DEMAND", ctx.clock());
    const stream = await needStream(ctx, input);
    needRetention(stream);
    const keyArn = await needKey(ctx, stream);
    const leave = await turnOf(ctx);
    try {
      const { cutClip } = await ctx.playback();
      const parts = await namingMediaErrors(cutClip(stream.id, selector));
      if (parts === undefined) throw noFragments(stream.name, "ON_DEMAND");
      return { ContentType: "video/mp4", Payload: sending(parts, () => ctx.engine.keys.check(keyArn), leave) };
    } catch (error) {
      leave();
      throw error;
    }
  },
};

const longestWaitMs = 30_000;

/** @throws ServiceError */
async function turnOf({ playback, signal }: Call): Promise<() => void> {
  const waited = AbortSignal.timeout(longestWaitMs);
  const { clips } = await playback();
  const leave = await clips.take(AbortSignal.any([signal, waited])).catch((error) => {
    throw waited.aborted ? tooManyAtOnce("clips") : error;
  });
  // Who has gone does not begin to read.
  signal.addEventListener("abort", leave, { once: true });
  return leave;
}

const chunkBytes = 256 << 10;

/** Frames are many and small: each write costs more than its copy. Breaks off with the key. */
async function* sending(parts: readonly Uint8Array[], checkKey: () => Promise<void>, leave: () => void): Bytes {
  try {
    let from = 0;
    for (let size = 0, to = 0; to < parts.length; to++) {
      size += parts[to]!.length;
      if (size < chunkBytes && to < parts.length - 1) continue;
      await checkKey();
      yield Buffer.concat(parts.slice(from, to + 1), size);
      [from, size] = [to + 1, 0];
    }
  } finally {
    leave();
  }
}
