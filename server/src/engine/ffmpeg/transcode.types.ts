/**
 * The seam between the jobs engine, which knows rows, leases and buckets, and FFmpeg, which knows files.
 */
import type { Random } from "../../base/random.ts";
import type { InputDocument, PlaylistDocument, PresetDocument, TimeSpan } from "../../storage/records/job-document.ts";
import type { HeldProbe } from "./held-probe.ts";

export type TranscodeRequest = {
  jobId: string;
  pipelineId: string;
  /** `url`: a local address that answers ranges (range-server.ts), or a file path. */
  input: InputDocument & { url: string; sizeBytes: number };
  outputs: readonly TranscodeOutput[];
  playlists: readonly Pick<PlaylistDocument, "Name" | "Format" | "OutputKeys">[];
  outputKeyPrefix: string;
  userMetadata: Readonly<Record<string, string>>;
  /** An empty folder of this attempt's own. Everything is written below it; the caller removes it. */
  scratchFolder: string;
};

export type TranscodeOutput = {
  id: string;
  /** As in the request, without the prefix. */
  key: string;
  preset: PresetDocument;
  rotate: string;
  segmentDuration?: number;
  thumbnailPattern?: string;
  /** In drawing order. `path`: an image that was fetched into the scratch folder; `text`: a template. */
  watermarks: readonly ({ presetWatermarkId: string } & ({ path: string } | { text: string }))[];
  /** Of the output (Composition) or else of the input. */
  timeSpan?: TimeSpan | null;
  /** Of segments that will be encrypted when they are stored: what their playlist says of the key. */
  contentKey?: { uri: string; iv: Uint8Array };
  /** What a media file of so many bytes becomes when it is stored; absent: the same. */
  storedSize?(sizeBytes: number): number;
};

/** A finished file and the key it gets, prefix included. Thumbnails have a bucket of their own. */
export type ProducedFile = {
  path: string;
  key: string;
  kind: "media" | "thumbnail" | "playlist" | "key";
  /** Absent in playlists of several outputs. */
  outputId?: string;
  contentType: string;
};

/** `code` and `sentence` become `<code> <uuid>: <sentence>`. */
export type Failure = { code: number; sentence: string };

export type OutputResult =
  | { id: string; failure: Failure }
  | {
      id: string;
      files: readonly ProducedFile[];
      durationMillis: number;
      width?: number;
      height?: number;
      frameRate?: string;
      /** Of the media file, or of all segments together, as they are stored. */
      fileSizeBytes: number;
      appliedColorSpaceConversion?: string;
      /** A bare sentence for StatusDetail of a Complete output. */
      warning?: string;
    };

export type PlaylistResult = { name: string; files: readonly ProducedFile[] } | { name: string; failure: Failure };

export type TranscodeResult = {
  detected?: NonNullable<InputDocument["DetectedProperties"]>;
  /** One for each output of the request, in its order. A failed input fails them all, each by name. */
  outputs: readonly OutputResult[];
  playlists: readonly PlaylistResult[];
};

export type TranscodeProgress = {
  stage: "probing" | "transcoding";
  /** Of this stage, 0 to 100. */
  percent: number;
  speed?: number;
  outputs: readonly { id: string; percent: number }[];
};

export type TranscodeOptions = {
  /** Ends FFmpeg within a second; `transcode` then throws the signal's reason. */
  signal: AbortSignal;
  onProgress(progress: TranscodeProgress): void;
  onDetected?(detected: NonNullable<InputDocument["DetectedProperties"]>): void;
  /**
   * Media files that are complete while others are still made: the result will name them, unless their output fails or
   * is made again under the same path.
   */
  onComplete?(files: readonly ProducedFile[]): void;
  /** Lines for the job's log: each command line exactly as it was run, FFmpeg's own words, what was decided and why. */
  onLog(line: string): void;
  limits: TranscodeLimits;
  random: Random;
  /** Looks at the input in place of a fresh ffprobe; its address is the input's. The caller closes it. */
  heldProbe?: HeldProbe;
  /** Where ffmpeg and ffprobe are; default: on the PATH. */
  ffmpegPath?: string;
  ffprobePath?: string;
};

export type TranscodeLimits = {
  /** Wall time of one FFmpeg run. */
  maxSeconds: number;
  /** Sum of all files that one job writes. */
  maxOutputBytes: number;
};
