/**
 * Which tracks which protocol carries.
 *
 * @see Amazon Kinesis Video Streams Developer Guide, "Video playback": requirements of HLS, MPEG-DASH and GetClip
 */
import type { TrackFormat } from "@millrace/media/codecs/describe-track";
import { CodecError } from "@millrace/media/codecs/errors";
import type { Track } from "@millrace/media/track";
import type { MediaHeader, Role } from "./stored-media.ts";

export type PlayableTrack<Format = TrackFormat> = { track: Track; format: Format; id: string };

const codecs: Readonly<Record<"hls" | "dash" | "clip", readonly TrackFormat["codec"][]>> = {
  hls: ["h264", "h265", "aac"],
  dash: ["h264", "h265", "aac", "alaw", "mulaw"],
  clip: ["h264", "h265", "aac", "alaw", "mulaw"],
};

export type Destination = keyof typeof codecs;

/** `undefined`: there is none, or none that can be played there. */
export function playableTrack<R extends Role>(
  header: MediaHeader,
  role: R,
  destination: Destination,
): PlayableTrack<TrackFormat & { kind: R }> | undefined {
  const found = header[role];
  if (found === undefined || found.format instanceof CodecError) return undefined;
  if (found.format.kind !== role || !codecs[destination].includes(found.format.codec)) return undefined;
  return { track: found.track, format: found.format as TrackFormat & { kind: R }, id: found.id };
}

/** @throws CodecError unless every track of pictures or sound can be played there, and there is one */
export function checkPlayable(header: MediaHeader, destination: Destination): void {
  const tracks = [header.video, header.audio].filter((track) => track !== undefined);
  for (const { format, track } of tracks) {
    if (format instanceof CodecError) throw format;
    if (!codecs[destination].includes(format.codec)) {
      throw new CodecError("unsupported-codec", `The codec ${track.codecId} is not supported here.`);
    }
  }
  if (tracks.length === 0)
    throw new CodecError("unsupported-codec", "There is neither a track of pictures nor of sound.");
}
