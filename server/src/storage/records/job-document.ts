/**
 * What a job row's JSON holds. The transcoder service writes it, the jobs engine runs it and changes the states.
 *
 * Members of requests keep AWS's names and forms (strings for numbers); what only we know is in our own words.
 */
import type { JobStatus } from "./tables.ts";

export type TimeSpan = { StartTime?: string | null; Duration?: string | null };

export type PresetDocument = {
  Name: string;
  Description?: string | null;
  Container: string;
  Audio?: AudioSettings | null;
  Video?: VideoSettings | null;
  Thumbnails?: ThumbnailSettings | null;
};

export type AudioSettings = {
  Codec?: string;
  SampleRate?: string;
  BitRate?: string;
  Channels?: string;
  AudioPackingMode?: string;
  CodecOptions?: { Profile?: string; BitDepth?: string; BitOrder?: string; Signed?: string } | null;
};

export type VideoSettings = {
  Codec?: string;
  CodecOptions?: Record<string, string> | null;
  KeyframesMaxDist?: string;
  FixedGOP?: string;
  BitRate?: string;
  FrameRate?: string;
  MaxFrameRate?: string;
  Resolution?: string;
  AspectRatio?: string;
  MaxWidth?: string;
  MaxHeight?: string;
  DisplayAspectRatio?: string;
  SizingPolicy?: string;
  PaddingPolicy?: string;
  Watermarks?: readonly PresetWatermark[] | null;
};

export type PresetWatermark = {
  Id: string;
  MaxWidth?: string;
  MaxHeight?: string;
  SizingPolicy?: string;
  HorizontalAlign?: string;
  HorizontalOffset?: string;
  VerticalAlign?: string;
  VerticalOffset?: string;
  Opacity?: string;
  Target?: string;
};

export type ThumbnailSettings = {
  Format?: string;
  Interval?: string;
  Resolution?: string;
  AspectRatio?: string;
  MaxWidth?: string;
  MaxHeight?: string;
  SizingPolicy?: string;
  PaddingPolicy?: string;
};

/** As requests write them; `Key` is the ciphertext that KMS made of the key, in base64. Blank members are left out. */
export type CipherKeyDocument = { Key?: string; KeyMd5?: string; InitializationVector?: string };

export type EncryptionMode = "s3" | "s3-aws-kms" | "aes-cbc-pkcs7" | "aes-ctr" | "aes-gcm";

export type EncryptionDocument = CipherKeyDocument & { Mode: EncryptionMode };

export type ContentProtectionDocument = CipherKeyDocument & {
  Method: string;
  LicenseAcquisitionUrl?: string;
  KeyStoragePolicy?: string;
};

export type InputDocument = {
  Key: string;
  FrameRate?: string | null;
  Resolution?: string | null;
  AspectRatio?: string | null;
  Interlaced?: string | null;
  Container?: string | null;
  Encryption?: EncryptionDocument;
  TimeSpan?: TimeSpan | null;
  /** Set once the input has been probed. */
  DetectedProperties?: {
    Width?: number;
    Height?: number;
    FrameRate?: string;
    FileSize?: number;
    DurationMillis?: number;
  } | null;
};

export type JobWatermarkDocument = {
  PresetWatermarkId?: string | null;
  InputKey?: string | null;
  Encryption?: EncryptionDocument;
};

export type OutputDocument = {
  /** "1", "2", … in the order of the request. */
  Id: string;
  Key: string;
  ThumbnailPattern?: string | null;
  /** A key that was not given is made by the first attempt, and kept here for all others. */
  ThumbnailEncryption?: EncryptionDocument;
  Rotate?: string | null;
  PresetId: string;
  SegmentDuration?: string | null;
  Watermarks?: readonly JobWatermarkDocument[] | null;
  Composition?: readonly { TimeSpan?: TimeSpan | null }[] | null;
  Encryption?: EncryptionDocument;
  /** The preset as it was when the job was made. */
  preset: PresetDocument;
  Status: JobStatus;
  /** Failure: `<code> <uuid>: <sentence>`; warning on a Complete output: a bare sentence. */
  StatusDetail?: string | null;
  Duration?: number | null;
  DurationMillis?: number | null;
  Width?: number | null;
  Height?: number | null;
  FrameRate?: string | null;
  FileSize?: number | null;
  AppliedColorSpaceConversion?: string | null;
  /**
   * Written before any file gets its final key, so that a crash in the middle is finished by the next attempt instead
   * of being taken for a stranger's file (3002).
   */
  publishing?: readonly { bucket: string; from: string; to: string }[] | null;
};

export type PlaylistDocument = {
  Name: string;
  Format: string;
  OutputKeys: readonly string[];
  HlsContentProtection?: ContentProtectionDocument;
  Status: JobStatus;
  StatusDetail?: string | null;
  publishing?: readonly { bucket: string; from: string; to: string }[] | null;
};

export type JobDocument = {
  /** `Inputs`, or the one `Input` of the request; outputs likewise. Answers carry both forms. */
  inputs: readonly InputDocument[];
  outputs: readonly OutputDocument[];
  playlists: readonly PlaylistDocument[];
  OutputKeyPrefix?: string | null;
  UserMetadata?: Record<string, string> | null;
  /** Buckets where temporary keys of this job may lie. Kept, because its pipeline may name others by now. */
  stagedIn?: readonly string[];
};

/** Overwritten about once a second while a job runs. */
export type JobProgress = {
  /** 0 to 100, never falls within an attempt. */
  percent: number;
  /** Media seconds per second of wall time. */
  speed?: number;
  etaSeconds?: number;
  stage: "waiting" | "probing" | "transcoding" | "storing" | "done";
  outputs: readonly { id: string; percent: number; speed?: number; etaSeconds?: number }[];
};

/** Staged by some attempt, and promised by the row: what is left is to publish. */
export function isPublishing(document: JobDocument): boolean {
  return [...document.outputs, ...document.playlists].some(({ publishing }) => publishing);
}
