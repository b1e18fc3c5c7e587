import type {
  GetHLSStreamingSessionURLInput,
  GetHLSStreamingSessionURLOutput,
} from "@aws-sdk/client-kinesis-video-archived-media";
import type { Operation } from "../operation.ts";
import type { StreamsContext } from "./context.ts";
import { dataOrigin } from "./data-origin.ts";
import { noFragments } from "./errors.ts";
import { authorizationOf, needStream } from "./find-stream.ts";
import { needKey } from "./key-access.ts";
import { namingMediaErrors, needRetention, selectionOf } from "./playback-selector.ts";

/** What lies behind the URL is in playback-links.ts. */
export const getHLSStreamingSessionURL: Operation<
  GetHLSStreamingSessionURLInput,
  GetHLSStreamingSessionURLOutput,
  StreamsContext
> = {
  authorize: (input, ctx) => authorizationOf(ctx, "GetHLSStreamingSessionURL", input),

  async run(input, ctx) {
    const { PlaybackMode: mode = "LIVE", ContainerFormat = "FRAGMENTED_MP4", Expires = 300 } = input;
    const now = ctx.clock();
    const selection = selectionOf(input.HLSFragmentSelector ?? {}, mode, now);
    const stream = await needStream(ctx, input);
    needRetention(stream);
    await needKey(ctx, stream);
    const playback = await ctx.playback();
    const token = await namingMediaErrors(
      playback.start({
        ...selection,
        streamId: stream.id,
        protocol: "hls",
        mode,
        container: ContainerFormat,
        discontinuityMode: input.DiscontinuityMode ?? (selection.timeline === "server" ? "ALWAYS" : "NEVER"),
        showTimestamps: input.DisplayFragmentTimestamp === "ALWAYS",
        showNumbers: false,
        limit: input.MaxMediaPlaylistFragmentResults ?? (mode === "ON_DEMAND" ? 1000 : 5),
        createdAt: now,
        expiresAt: now + Expires * 1000,
      }),
    );
    if (token === undefined) throw noFragments(stream.name, mode);
    return { HLSStreamingSessionURL: `${dataOrigin(ctx)}/hls/v1/getHLSMasterPlaylist.m3u8?SessionToken=${token}` };
  },
};
