/** The playlists of a session: which fragments and which URLs. How they are written is in media/playlists. */
import {
  buildStreamingMaster,
  buildStreamingPlaylist,
  type StreamingSegment,
} from "@millrace/media/playlists/streaming-hls";
import type { Listed, Listing } from "./listing.ts";
import { playableTrack } from "./playable-track.ts";
import { trackIds } from "./segments.ts";
import type { Session } from "./session-token.ts";
import { silencesOf } from "./silences.ts";
import type { MediaHeader, Role } from "./stored-media.ts";

export function buildHlsMaster({ segments }: Listing, { container }: Session, token: string): string {
  const first = <R extends Role>(role: R) => {
    for (const { header } of segments) {
      const found = playableTrack(header, role, "hls");
      if (found !== undefined) return found;
    }
    return undefined;
  };
  const video = first("video");
  const audio = first("audio");
  const playlist = (role: Role) => `getHLSMediaPlaylist.m3u8?SessionToken=${token}&TrackNumber=${trackIds[role]}`;
  const apart = video !== undefined && audio !== undefined && container === "FRAGMENTED_MP4";
  const frameRate =
    video?.format.frameRate ?? (video?.track.defaultDuration ? 1e9 / video.track.defaultDuration : undefined);
  return buildStreamingMaster({
    uri: playlist(video === undefined ? "audio" : "video"),
    codecs: [video, audio].flatMap((found) => (found === undefined ? [] : [found.format.codecName])),
    bandwidth: segments.reduce((most, segment) => Math.max(most, bitRateOf(segment)), 0),
    ...(video === undefined ? {} : { resolution: { width: video.format.width, height: video.format.height } }),
    ...(frameRate === undefined ? {} : { frameRate }),
    ...(apart ? { audioUri: playlist("audio") } : {}),
  });
}

/** Bits per second. */
export function bitRateOf({ stored: { bodyBytes }, durationMs }: Listed): number {
  return (bodyBytes * 8000) / durationMs;
}

export function buildHlsPlaylist(listing: Listing, role: Role, session: Session, token: string): string {
  const { container, showTimestamps, mode } = session;
  const segments = container === "MPEG_TS" ? tsSegments(listing, token) : mp4Segments(listing, role, token);
  // A replay is seen from its beginning however late a player is. It also makes hls.js begin with the sound where it begins
  // with the pictures: between two discontinuities each would wait for the other.
  const fromStart = mode === "LIVE_REPLAY";
  return buildStreamingPlaylist({ ...listing, segments, programDateTime: showTimestamps, fromStart });
}

function tsSegments(listing: Listing, token: string): StreamingSegment[] {
  const silences = silencesOf(listing, "hls");
  return listing.segments.map((listed, i) => ({
    ...listed,
    uri: `getTSFragment.ts?FragmentNumber=${listed.stored.number}&SessionToken=${token}${silenceQuery(silences[i])}`,
  }));
}

function mp4Segments(listing: Listing, role: Role, token: string): StreamingSegment[] {
  const rest = `SessionToken=${token}&TrackNumber=${trackIds[role]}`;
  const silences = role === "audio" ? silencesOf(listing, "hls") : [];
  return listing.segments.map((listed, i) => {
    const { stored, header } = listed;
    const silence = silences[i];
    const { headerId } = silence ?? header;
    return {
      ...listed,
      uri: `getMP4MediaFragment.mp4?FragmentNumber=${stored.number}&${rest}${silenceQuery(silence)}`,
      ...(silence !== undefined || playableTrack(header, role, "hls") !== undefined
        ? { mapUri: `getMP4InitFragment.mp4?${rest}&SequenceNumber=${headerId}` }
        : { gap: true }),
    };
  });
}

/** Of the URL of a segment. */
export function silenceQuery(silence: MediaHeader | undefined): string {
  return silence === undefined ? "" : `&SilenceId=${silence.headerId}`;
}
