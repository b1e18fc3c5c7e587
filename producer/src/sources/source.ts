/** Where frames come from. */
import type { MediaFrame } from "../producer.ts";
import type { Track } from "../tracks.ts";

/** Tracks first, and again where they change. Times count from any point, in milliseconds. */
export type SourceEvent = { type: "tracks"; tracks: readonly Track[] } | { type: "frame"; frame: MediaFrame };

/** Ended early by its `return`, it lets go of what it has opened. */
export type FrameSource = AsyncIterable<SourceEvent>;
