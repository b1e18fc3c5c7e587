/** What a Matroska stream consists of, as the reader tells it. */
import type { Track } from "../track.ts";
import type { SegmentInfo } from "./header.ts";
import type { Tag } from "./tags.ts";

/** Bytes `[start, end)`, counted from the start of the stream. */
export type Span = { start: number; end: number };

/**
 * Each event comes as soon as the byte before its `end` has. `ebml`, `info`, `tracks`, `tags` and `other` span their
 * element; `segment` its header alone; `cluster` all from its first byte to the end of its Timestamp; `clusterEnd` the
 * whole cluster. One of unknown size ends where the next element begins that is not part of it, or with the stream.
 *
 * Values are copies; nothing in an event lies in a chunk.
 */
export type MatroskaEvent =
  | (Span & { type: "ebml"; docType: string })
  | (Span & {
      type: "segment";
      /** Where its header says that it ends; absent: open. */
      segmentEnd?: number;
    })
  | (Span & { type: "info"; info: SegmentInfo })
  | (Span & { type: "tracks"; tracks: readonly Track[] })
  | (Span & { type: "tags"; tags: readonly Tag[] })
  | (Span & { type: "cluster"; timestamp: number })
  | FrameEvent
  | (Span & { type: "clusterEnd" })
  /** SeekHead, Cues, Chapters, Attachments, Void, CRC-32 and what is unknown, in the document or the Segment. */
  | (Span & { type: "other"; id: number });

/** A frame, in decoding order. It spans its SimpleBlock or BlockGroup, which the frames of a lace have in common. */
export type FrameEvent = Span & {
  type: "frame";
  /** Need not be a declared track. */
  track: number;
  /** Absolute, in ticks; below 0 when the first frames of a cluster at 0 come before it. */
  timestamp: number;
  /** As it is marked. The C producer of Kinesis Video Streams marks no frame of sound. */
  keyframe: boolean;
  discardable: boolean;
  invisible: boolean;
  /** In ticks, from a BlockDuration, of which the frames of a lace have equal shares. */
  duration?: number;
  /** The payload. */
  dataStart: number;
  dataEnd: number;
};
