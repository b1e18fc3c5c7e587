/**
 * HLS playlists as Kinesis Video Streams writes them: a master with a track of pictures and one of sound, and media
 * playlists of stored fragments. URIs are the caller's, relative and already escaped.
 *
 * Not here: which fragments a session lists, and Elastic Transcoder's playlists (hls.ts).
 *
 * @see RFC 8216; developer guide, "Video playback with HLS"
 */

export type StreamingMaster = {
  /** The media playlist of the pictures, or of sound where there are none, or of all in MPEG-TS. */
  uri: string;
  /** RFC 6381, of all tracks. */
  codecs: readonly string[];
  /** Bits per second. */
  bandwidth: number;
  resolution?: { width: number; height: number };
  frameRate?: number;
  /** The media playlist of sound that lies apart. */
  audioUri?: string;
};

export function buildStreamingMaster(master: StreamingMaster): string {
  const { uri, codecs, bandwidth, resolution, frameRate, audioUri } = master;
  const attributes = [
    `CODECS="${codecs.join(",")}"`,
    ...(resolution ? [`RESOLUTION=${resolution.width}x${resolution.height}`] : []),
    ...(frameRate ? [`FRAME-RATE=${Number(frameRate.toFixed(3))}`] : []),
    `BANDWIDTH=${Math.max(1, Math.ceil(bandwidth))}`,
    ...(audioUri === undefined ? [] : ['AUDIO="audio"']),
  ];
  const audio = `#EXT-X-MEDIA:AUTOSELECT=YES,FORCED=NO,TYPE=AUDIO,URI="${audioUri}",GROUP-ID="audio",DEFAULT=NO,NAME="audio"`;
  return lines([
    "#EXTM3U",
    "#EXT-X-VERSION:1",
    ...(audioUri === undefined ? [] : [audio]),
    `#EXT-X-STREAM-INF:${attributes.join(",")}`,
    uri,
  ]);
}

export type DiscontinuityMode = "ALWAYS" | "NEVER" | "ON_DISCONTINUITY";

export type StreamingSegment = {
  uri: string;
  /** Milliseconds, on the clock that the session selected. */
  startMs: number;
  durationMs: number;
  /** The init segment; none in MPEG-TS. */
  mapUri?: string;
  /** Names the tracks' configuration: where it changes, a player must begin anew whatever the mode. */
  format?: string;
  /** There is nothing behind the URI: it keeps the place, so that playlists of other tracks stay in step. */
  gap?: boolean;
};

export type StreamingPlaylist = {
  segments: readonly StreamingSegment[];
  discontinuityMode: DiscontinuityMode;
  /** Whether every segment tells its time of day. */
  programDateTime?: boolean;
  /** How many segments of the session came before, and how many of those began a discontinuity; see `slide`. */
  firstSequence?: number;
  discontinuitySequence?: number;
  /** The last segment that slid out: the first one listed may be a discontinuity after it. */
  previous?: StreamingSegment;
  /** `VOD`: all is listed. `ended`: nothing more comes to a list that grew. `open`: more may come. */
  type: "VOD" | "ended" | "open";
  /** Players begin with the first segment of a list that grows, and not near its end. */
  fromStart?: boolean;
  /** Seconds; a list that is loaded again must keep it. By default the longest segment's. */
  targetSeconds?: number;
};

export function buildStreamingPlaylist(playlist: StreamingPlaylist): string {
  const { segments, type, firstSequence = 0, discontinuitySequence = 0, programDateTime = false } = playlist;
  const fragmented = segments.some(({ mapUri }) => mapUri !== undefined);
  let map: string | undefined;
  const body = segments.flatMap((segment, i) => {
    const discontinuous = isDiscontinuity(segment, segments[i - 1] ?? playlist.previous, playlist.discontinuityMode);
    const mapLine = segment.mapUri !== map && segment.mapUri ? [`#EXT-X-MAP:URI="${segment.mapUri}"`] : [];
    map = segment.mapUri ?? map;
    return [
      ...(discontinuous ? ["#EXT-X-DISCONTINUITY"] : []),
      ...mapLine,
      ...(segment.gap ? ["#EXT-X-GAP"] : []),
      ...(programDateTime ? [`#EXT-X-PROGRAM-DATE-TIME:${new Date(segment.startMs).toISOString()}`] : []),
      `#EXTINF:${Number((shownMs(segment, segments[i + 1], playlist) / 1000).toFixed(3))},`,
      segment.uri,
    ];
  });
  return lines([
    "#EXTM3U",
    `#EXT-X-VERSION:${fragmented ? 7 : 3}`,
    ...(type === "VOD" ? ["#EXT-X-PLAYLIST-TYPE:VOD"] : []),
    `#EXT-X-TARGETDURATION:${playlist.targetSeconds ?? targetSecondsOf(segments)}`,
    `#EXT-X-MEDIA-SEQUENCE:${firstSequence}`,
    ...(0 < discontinuitySequence ? [`#EXT-X-DISCONTINUITY-SEQUENCE:${discontinuitySequence}`] : []),
    "#EXT-X-INDEPENDENT-SEGMENTS",
    ...(playlist.fromStart ? ["#EXT-X-START:TIME-OFFSET=0"] : []),
    ...body,
    ...(type === "open" ? [] : ["#EXT-X-ENDLIST"]),
  ]);
}

/** Until the next one, where both overlap on one clock. Lists that grow keep what they have said. */
function shownMs(
  segment: StreamingSegment,
  next: StreamingSegment | undefined,
  { type, discontinuityMode }: StreamingPlaylist,
): number {
  if (type !== "VOD" || next === undefined || next.startMs <= segment.startMs) return segment.durationMs;
  if (isDiscontinuity(next, segment, discontinuityMode)) return segment.durationMs;
  return Math.min(segment.durationMs, next.startMs - segment.startMs);
}

/** At least a second; each duration rounded up, so that no rounding of a player's is above it. */
export function targetSecondsOf(segments: readonly StreamingSegment[]): number {
  return segments.reduce((longest, { durationMs }) => Math.max(longest, Math.ceil(durationMs / 1000)), 1);
}

/** Developer guide, "GetHLSStreamingSessionURL", DiscontinuityMode: a gap or an overlap of more than 50 ms. */
const toleratedGapMs = 50;

/** Without `previous`, the segment begins the session: only ALWAYS marks it. */
export function isDiscontinuity(
  segment: StreamingSegment,
  previous: StreamingSegment | undefined,
  mode: DiscontinuityMode,
): boolean {
  if (mode === "ALWAYS") return true;
  if (previous === undefined) return false;
  if (segment.format !== previous.format) return true;
  const gap = Math.abs(segment.startMs - (previous.startMs + previous.durationMs));
  return mode === "ON_DISCONTINUITY" && toleratedGapMs < gap;
}

/**
 * The same list with `added` at its end and no more than `most` segments: older ones slide out, and the sequence numbers
 * keep count of them and of their discontinuities.
 */
export function slide(
  playlist: StreamingPlaylist,
  added: readonly StreamingSegment[],
  most: number,
): StreamingPlaylist {
  const all = [...playlist.segments, ...added];
  const gone = Math.max(0, all.length - most);
  const ended = all
    .slice(0, gone)
    .filter((segment, i) => isDiscontinuity(segment, all[i - 1] ?? playlist.previous, playlist.discontinuityMode));
  return {
    ...playlist,
    segments: all.slice(gone),
    firstSequence: (playlist.firstSequence ?? 0) + gone,
    discontinuitySequence: (playlist.discontinuitySequence ?? 0) + ended.length,
    previous: all[gone - 1] ?? playlist.previous,
  };
}

function lines(parts: readonly string[]): string {
  return parts.map((part) => `${part}\n`).join("");
}
