/**
 * A fragment as GetMedia sends it: a Matroska document of its own, the producer's bytes with tags of the service before and
 * after the cluster.
 *
 * @see Amazon Kinesis Video Streams Developer Guide, API_dataplane_GetMedia
 */
import { buildHeader, buildTags, withOpenSegment } from "@millrace/media/matroska/writer";

const opened = new WeakMap<Uint8Array, Uint8Array>();

/** The producer's header, ready to be followed by one cluster: its Segment no longer says how long it is. */
export function openHeader(header: Uint8Array): Uint8Array {
  let open = opened.get(header);
  if (open === undefined) {
    open = withOpenSegment(header);
    opened.set(header, open);
  }
  return open;
}

type Facts = { number: string; serverTimestamp: number; producerTimestamp: number };

/** Stands before the cluster. */
export function fragmentTags({ number, serverTimestamp, producerTimestamp }: Facts): Uint8Array {
  return buildTags([
    { name: "AWS_KINESISVIDEO_FRAGMENT_NUMBER", value: number },
    { name: "AWS_KINESISVIDEO_SERVER_TIMESTAMP", value: seconds(serverTimestamp) },
    { name: "AWS_KINESISVIDEO_PRODUCER_TIMESTAMP", value: seconds(producerTimestamp) },
  ]);
}

/** Stands behind all of a fragment. The token is its number, as the service's is. */
export function positionTags(number: string, millisBehindNow: number): Uint8Array {
  return buildTags([
    { name: "AWS_KINESISVIDEO_MILLIS_BEHIND_NOW", value: String(Math.max(0, millisBehindNow)) },
    { name: "AWS_KINESISVIDEO_CONTINUATION_TOKEN", value: number },
  ]);
}

/** In the place of a fragment that cannot be read. `id`: 5000 internal error. */
export function errorTags(number: string, id: number, code: string): Uint8Array {
  return buildTags([
    { name: "AWS_KINESISVIDEO_FRAGMENT_NUMBER", value: number },
    { name: "AWS_KINESISVIDEO_ERROR_CODE", value: code },
    { name: "AWS_KINESISVIDEO_ERROR_ID", value: String(id) },
  ]);
}

/** The same as a document of its own, which may stand anywhere between documents. */
export function errorDocument(number: string, id: number, code: string): Uint8Array {
  return Buffer.concat([buildHeader({ tracks: [] }), errorTags(number, id, code)]);
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}
