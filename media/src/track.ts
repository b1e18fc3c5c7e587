/**
 * What containers carry: tracks, and the frames of their tracks. Matroska's terms, because frames arrive in it.
 *
 * @see RFC 9559
 */

export interface Track {
  /** The TrackNumber, by which frames name their track. */
  number: number;
  kind: "video" | "audio" | "other";
  /** The CodecID: `V_MPEG4/ISO/AVC`, `A_AAC`, `A_OPUS`. */
  codecId: string;
  /** `avcC` for H.264, `hvcC` for H.265, AudioSpecificConfig for AAC, the format block for `A_MS/ACM`. */
  codecPrivate?: Uint8Array;
  uid?: bigint;
  name?: string;
  language?: string;
  /** Nanoseconds a frame. */
  defaultDuration?: number;
  /** Nanoseconds. */
  codecDelay?: number;
  /** Nanoseconds. */
  seekPreRoll?: number;
  /** Pixels. The display size stands only where it differs. */
  video?: { width: number; height: number; displayWidth?: number; displayHeight?: number };
  /** Samples per second. */
  audio?: { sampleRate: number; channels: number; bitDepth?: number };
  /** Bytes that the document leaves out at the start of every frame (ContentCompAlgo 3). */
  strippedHeader?: Uint8Array;
  /** What else was done to the frames, by name: they cannot be read as they are. `zlib`, `encryption`. */
  contentEncoding?: string;
}

export interface Frame {
  track: number;
  /** Of presentation, absolute, in ticks of the document's TimestampScale. Frames stand in decoding order. */
  timestamp: number;
  keyframe: boolean;
  /** In ticks; only where the container gives it. */
  duration?: number;
  /** As the container holds it: H.264 and H.265 length-prefixed, AAC without ADTS. */
  data: Uint8Array;
}
