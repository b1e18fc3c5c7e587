/**
 * Stored fragments: a document's header and a cluster of it, both whole, as tracks and frames.
 *
 * The same reader as for streams, so that what was taken in is what is played.
 */
import type { Frame, Track } from "../track.ts";
import { defaultTimestampScale } from "./header.ts";
import { MatroskaError } from "./matroska-error.ts";
import { type MatroskaLimits, MatroskaReader } from "./reader.ts";
import type { Tag } from "./tags.ts";

export type Fragment = {
  tracks: readonly Track[];
  /** Nanoseconds a tick. */
  timestampScale: number;
  /** The cluster's, in ticks. */
  timestamp: number;
  /** In decoding order. Their data lies in the buffer that came in, except where a header was stripped from it. */
  frames: Frame[];
  /** All before, between and after. */
  tags: Tag[];
};

/**
 * Reads `header`, a document up to and with its Tracks, and `body`, in which one Cluster stands among any other elements
 * of a Segment.
 *
 * @throws MatroskaError with an offset into the header, or past its end into the body
 */
export function parseFragment(header: Uint8Array, body: Uint8Array, limits: Partial<MatroskaLimits> = {}): Fragment {
  const fragment: Fragment = { tracks: [], timestampScale: defaultTimestampScale, timestamp: 0, frames: [], tags: [] };
  const stripped = new Map<number, Uint8Array>();
  let clusters = 0;
  const reader = new MatroskaReader((event) => {
    switch (event.type) {
      case "info":
        fragment.timestampScale = event.info.timestampScale;
        break;
      case "tracks":
        fragment.tracks = event.tracks;
        for (const { number, strippedHeader } of event.tracks) {
          if (strippedHeader !== undefined && 0 < strippedHeader.length) stripped.set(number, strippedHeader);
        }
        break;
      case "tags":
        fragment.tags.push(...event.tags);
        break;
      case "cluster":
        fragment.timestamp = event.timestamp;
        clusters++;
        break;
      case "frame": {
        const { track, timestamp, keyframe, duration } = event;
        const data = body.subarray(event.dataStart - header.length, event.dataEnd - header.length);
        const whole = restored(data, stripped.get(track));
        fragment.frames.push({
          track,
          timestamp,
          keyframe,
          ...(duration === undefined ? {} : { duration }),
          data: whole,
        });
      }
    }
  }, limits);
  reader.push(header);
  reader.push(body);
  reader.end();
  if (clusters !== 1) throw new MatroskaError("invalid", header.length, `${clusters} clusters, not one`);
  return fragment;
}

function restored(data: Uint8Array, strippedHeader: Uint8Array | undefined): Uint8Array {
  if (strippedHeader === undefined) return data;
  const whole = new Uint8Array(strippedHeader.length + data.length);
  whole.set(strippedHeader);
  whole.set(data, strippedHeader.length);
  return whole;
}
