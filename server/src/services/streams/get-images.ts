import type { GetImagesInput, GetImagesOutput } from "@aws-sdk/client-kinesis-video-archived-media";
import type { ImageFormat } from "../../engine/playback/image-plan.ts";
import type { Image } from "../../engine/playback/images.ts";
import type { Operation, With } from "../operation.ts";
import type { StreamsContext } from "./context.ts";
import { invalidArgument } from "./errors.ts";
import { authorizationOf, needStream } from "./find-stream.ts";
import { namingKeyErrors, needKey } from "./key-access.ts";
import { needRetention } from "./playback-selector.ts";
import { timelineOf } from "./timestamp-range.ts";

type Input = With<GetImagesInput, "ImageSelectorType" | "StartTimestamp" | "EndTimestamp" | "Format">;

/** API reference, "GetImages". The interval's default is nowhere told; the shortest of older models is taken. */
const longestRangeMs = 300_000;
const defaultIntervalMs = 3000;
const mostImages = 25;
const longestContent = 6_291_456;
/** A page ends early when its images are so large together. */
const pageBytes = 32 << 20;

/** An element for each moment from the start on, also where there is nothing to see. */
export const getImages: Operation<Input, GetImagesOutput, StreamsContext> = {
  authorize: (input, ctx) => authorizationOf(ctx, "GetImages", input),

  async run(input, ctx) {
    const format = formatOf(input);
    const moments = momentsOf(input);
    const stream = await needStream(ctx, input);
    needRetention(stream);
    await needKey(ctx, stream);
    const page = moments.slice(0, Math.min(input.MaxResults ?? mostImages, mostImages));
    const asked = { streamId: stream.id, timeline: timelineOf(input.ImageSelectorType), moments: page, format };
    const { images } = await ctx.playback();
    const Images = await namingKeyErrors(answerOf(images(asked, ctx.signal)));
    const next = moments[Images.length];
    return { Images, NextToken: next === undefined ? undefined : buildToken(next) };
  },
};

type Images = NonNullable<GetImagesOutput["Images"]>;

async function answerOf(making: AsyncIterable<Image>): Promise<Images> {
  const answer: Images = [];
  let size = 0;
  for await (const made of making) {
    const TimeStamp = new Date(made.atMs);
    const content = "image" in made ? Buffer.from(made.image).toString("base64") : "";
    if ("error" in made) answer.push({ TimeStamp, Error: made.error });
    else if (longestContent < content.length) answer.push({ TimeStamp, Error: "MEDIA_ERROR" });
    else answer.push({ TimeStamp, ImageContent: content });
    size += content.length;
    if (pageBytes < size) break;
  }
  return answer;
}

/** Those that are left. @throws ServiceError */
function momentsOf(input: Input): number[] {
  const { SamplingInterval = defaultIntervalMs, NextToken } = input;
  const [start, end] = [input.StartTimestamp.getTime(), input.EndTimestamp.getTime()];
  if (end < start) throw invalidArgument("EndTimestamp must not be before StartTimestamp.");
  if (longestRangeMs < end - start) {
    throw invalidArgument("EndTimestamp must be within 300 seconds of StartTimestamp.");
  }
  const count = Math.max(1, Math.ceil((end - start) / SamplingInterval));
  const all = Array.from({ length: count }, (_, i) => start + i * SamplingInterval);
  if (NextToken === undefined) return all;
  const from = all.findIndex((atMs) => buildToken(atMs) === NextToken);
  if (from < 0) throw invalidArgument("NextToken is not one that GetImages has given for this range.");
  return all.slice(from);
}

function buildToken(atMs: number): string {
  return Buffer.from(`from ${atMs}`).toString("base64");
}

/** @throws ServiceError */
function formatOf({ Format, FormatConfig, WidthPixels, HeightPixels }: Input): ImageFormat {
  const quality = FormatConfig?.JPEGQuality ?? "80";
  if (!/^([1-9]\d?|100)$/.test(quality)) throw invalidArgument("JPEGQuality must be a whole number from 1 to 100.");
  return {
    format: Format,
    quality: Number(quality),
    ...(WidthPixels === undefined ? {} : { width: WidthPixels }),
    ...(HeightPixels === undefined ? {} : { height: HeightPixels }),
  };
}
