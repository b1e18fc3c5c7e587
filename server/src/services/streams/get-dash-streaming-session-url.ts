import type {
  GetDASHStreamingSessionURLInput,
  GetDASHStreamingSessionURLOutput,
} from "@aws-sdk/client-kinesis-video-archived-media";
import type { Operation } from "../operation.ts";
import type { StreamsContext } from "./context.ts";
import { dataOrigin } from "./data-origin.ts";
import { noFragments } from "./errors.ts";
import { authorizationOf, needStream } from "./find-stream.ts";
import { needKey } from "./key-access.ts";
import { namingMediaErrors, needRetention, selectionOf } from "./playback-selector.ts";

/** What lies behind the URL is in playback-links.ts. */
export const getDASHStreamingSessionURL: Operation<
  GetDASHStreamingSessionURLInput,
  GetDASHStreamingSessionURLOutput,
  StreamsContext
> = {
  authorize: (input, ctx) => authorizationOf(ctx, "GetDASHStreamingSessionURL", input),

  async run(input, ctx) {
    const { PlaybackMode: mode = "LIVE", Expires = 300 } = input;
    const now = ctx.clock();
    const selection = selectionOf(input.DASHFragmentSelector ?? {}, mode, now);
    const stream = await needStream(ctx, input);
    needRetention(stream);
    await needKey(ctx, stream);
    const playback = await ctx.playback();
    const token = await namingMediaErrors(
      playback.start({
        ...selection,
        streamId: stream.id,
        protocol: "dash",
        mode,
        container: "FRAGMENTED_MP4",
        discontinuityMode: "NEVER",
        showTimestamps: input.DisplayFragmentTimestamp === "ALWAYS",
        showNumbers: input.DisplayFragmentNumber === "ALWAYS",
        limit: input.MaxManifestFragmentResults ?? (mode === "ON_DEMAND" ? 1000 : 5),
        createdAt: now,
        expiresAt: now + Expires * 1000,
      }),
    );
    if (token === undefined) throw noFragments(stream.name, mode);
    return { DASHStreamingSessionURL: `${dataOrigin(ctx)}/dash/v1/getDASHManifest.mpd?SessionToken=${token}` };
  },
};
