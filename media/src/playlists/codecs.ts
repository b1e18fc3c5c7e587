/**
 * Codec names for CODECS attributes.
 *
 * @see RFC 6381
 */

const h264Profiles: Record<string, string> = { baseline: "42", main: "4d", high: "64" };

/** With the constraint flags zeroed, as Elastic Transcoder writes it. `level` as coded: 31 is 3.1. */
export function h264Name(profile: "baseline" | "main" | "high", level: number): string {
  return `avc1.${h264Profiles[profile]}00${level.toString(16).padStart(2, "0")}`;
}

export const audioNames = {
  "AAC-LC": "mp4a.40.2",
  "HE-AAC": "mp4a.40.5",
  "HE-AACv2": "mp4a.40.29",
  mp3: "mp4a.40.34",
} as const;
