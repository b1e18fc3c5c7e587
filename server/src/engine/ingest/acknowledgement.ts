/**
 * What PutMedia tells a producer, as it goes over the wire.
 *
 * @see Amazon Kinesis Video Streams Developer Guide, API_dataplane_PutMedia
 */
import { keyErrors } from "../live/key-errors.ts";

export type FragmentState = "BUFFERING" | "RECEIVED" | "PERSISTED";

export type Acknowledgement =
  | {
      EventType: FragmentState;
      /** The cluster's timestamp as it came, in ticks. */
      FragmentTimecode: number;
      FragmentNumber: string;
    }
  | { EventType: "ERROR"; FragmentTimecode?: number; FragmentNumber?: string; ErrorCode: string; ErrorId: number }
  | { EventType: "IDLE" };

/** The session ends after any of them. */
export const ingestErrors = {
  STREAM_READ_ERROR: 4000,
  MAX_FRAGMENT_SIZE_REACHED: 4001,
  MAX_FRAGMENT_DURATION_REACHED: 4002,
  MAX_CONNECTION_DURATION_REACHED: 4003,
  FRAGMENT_TIMECODE_LESSER_THAN_PREVIOUS: 4004,
  INVALID_MKV_DATA: 4006,
  INVALID_PRODUCER_TIMESTAMP: 4007,
  STREAM_NOT_ACTIVE: 4008,
  FRAGMENT_METADATA_LIMIT_REACHED: 4009,
  TRACK_NUMBER_MISMATCH: 4010,
  FRAMES_MISSING_FOR_TRACK: 4011,
  MORE_THAN_ALLOWED_TRACKS_FOUND: 4012,
  ...keyErrors,
  INTERNAL_ERROR: 5000,
  ARCHIVAL_ERROR: 5001,
} as const;

export type IngestErrorCode = keyof typeof ingestErrors;
