/**
 * Images that producers ask for by a tag in a fragment: made when it is stored, and put into the bucket of the stream's
 * configuration.
 *
 * @see Amazon Kinesis Video Streams Developer Guide, "Automated image generation (Amazon S3 delivery)"
 */
import { uuid } from "../../base/ids.ts";
import type { Log } from "../../base/log.ts";
import type { Random } from "../../base/random.ts";
import type { FragmentEvent } from "../../engine/events/fragment-events.ts";
import type { Playback } from "../../engine/playback/playback.ts";
import type { BucketStore } from "../../storage/buckets/bucket-store.ts";
import type { Records } from "../../storage/records/records.ts";
import { findStreamById, type ImageDocument, type Stream } from "../../storage/records/streams.ts";

export type ImageTools = {
  records: Records;
  buckets: BucketStore;
  playback(): Promise<Playback>;
  random: Random;
  log: Log;
};

const mark = "AWS_KINESISVIDEO_IMAGE_GENERATION";
const prefixTag = "AWS_KINESISVIDEO_IMAGE_PREFIX";
const mostPairs = 10;
const longestMs = 120_000;

/** Nothing for a fragment that is not marked, and for a stream that wants none. */
export async function storeImages(tools: ImageTools, event: FragmentEvent): Promise<void> {
  const { fragment, tags } = event;
  if (!tags.some(({ name }) => name === mark)) return;
  const stream = await findStreamById(tools.records.db, fragment.streamId);
  const asked = stream?.images;
  if (stream === undefined || asked?.Status !== "ENABLED") return;
  const target = parseUri(asked.DestinationConfig.Uri);
  if (target === undefined) {
    tools.log.error({ stream: stream.name, uri: asked.DestinationConfig.Uri }, "images go to no bucket");
    return;
  }
  const timeline = asked.ImageSelectorType === "PRODUCER_TIMESTAMP" ? "producer" : "server";
  const moments = momentsOf(event, asked);
  const signal = AbortSignal.timeout(longestMs);
  const { images } = await tools.playback();
  const made = images({ streamId: stream.id, timeline, moments, format: formatOf(asked) }, signal);
  const metadata = metadataOf(event);
  for await (const image of made) {
    if ("error" in image) {
      const { atMs, error } = image;
      tools.log.warn({ stream: stream.name, fragment: fragment.number, atMs, error }, "an image could not be made");
      continue;
    }
    const key = target.prefix + nameOf(stream, event, image.atMs, asked, uuid(tools.random));
    const contentType = asked.Format === "PNG" ? "image/png" : "image/jpeg";
    await tools.buckets.write({ bucket: target.bucket, key }, once(image.image), { contentType, metadata, signal });
  }
}

/** `s3://bucket/folder/` and the like. The pattern of the API lets other things through. */
function parseUri(uri: string): { bucket: string; prefix: string } | undefined {
  const [, bucket, path = ""] = /^s3:\/\/([^/]+)\/?(.*)$/i.exec(uri) ?? [];
  if (bucket === undefined) return undefined;
  return { bucket, prefix: path === "" || path.endsWith("/") ? path : `${path}/` };
}

/** The first at the start of the fragment. */
function momentsOf({ fragment }: FragmentEvent, { ImageSelectorType, SamplingInterval }: ImageDocument): number[] {
  const { producerTimestamp, serverTimestamp, durationMs } = fragment;
  const start = ImageSelectorType === "PRODUCER_TIMESTAMP" ? producerTimestamp : serverTimestamp;
  const count = Math.max(1, Math.ceil(durationMs / SamplingInterval));
  return Array.from({ length: count }, (_, at) => start + at * SamplingInterval);
}

function formatOf({ Format, FormatConfig, WidthPixels, HeightPixels }: ImageDocument) {
  return {
    format: Format,
    quality: Number(FormatConfig?.JPEGQuality ?? 80),
    ...(WidthPixels === undefined ? {} : { width: WidthPixels }),
    ...(HeightPixels === undefined ? {} : { height: HeightPixels }),
  };
}

/** ImagePrefix_AccountID_StreamName_ImageTimecode_RandomGUID.ext */
function nameOf(stream: Stream, { tags }: FragmentEvent, atMs: number, { Format }: ImageDocument, id: string): string {
  const prefix = tags.find(({ name }) => name === prefixTag)?.value;
  const parts = [...(prefix ? [prefix] : []), stream.account, stream.name, atMs, id];
  return `${parts.join("_")}.${Format === "PNG" ? "png" : "jpg"}`;
}

/** A tag's name may hold what a header's may not. */
function metadataOf({ fragment, tags }: FragmentEvent): Record<string, string> {
  const pairs = tags.filter(({ name }) => !name.startsWith("AWS")).slice(0, mostPairs);
  return {
    ...Object.fromEntries(pairs.map(({ name, value }) => [name.toLowerCase().replace(/[^a-z0-9_.-]/g, "_"), value])),
    aws_kinesisvideo_fragment_number: fragment.number,
    aws_kinesisvideo_producer_timestamp: String(fragment.producerTimestamp),
    aws_kinesisvideo_server_timestamp: String(fragment.serverTimestamp),
  };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
