/**
 * HLS playlists as Elastic Transcoder writes them for HLSv3: a media playlist of segments, and a master of variants.
 *
 * @see RFC 8216
 */

export type MediaSegment = { uri: string; durationSeconds: number };

/** Of AES-128 content protection: one for all segments. `uri`: as it is to stand there. `iv`: 16 bytes. */
export type SegmentKey = { uri: string; iv: Uint8Array };

/**
 * The bytes that FFmpeg's segment muxer writes with an m3u8 list, with URIs of our choice.
 *
 * @see RFC 8216, 4.3.2.4 for the key
 */
export function buildMediaPlaylist(segments: readonly MediaSegment[], key?: SegmentKey): string {
  return lines([
    "#EXTM3U",
    "#EXT-X-VERSION:3",
    "#EXT-X-MEDIA-SEQUENCE:0",
    "#EXT-X-ALLOW-CACHE:YES",
    `#EXT-X-TARGETDURATION:${targetDuration(segments)}`,
    ...(key ? [`#EXT-X-KEY:METHOD=AES-128,URI="${key.uri}",IV=0x${hexOf(key.iv)}`] : []),
    ...segments.flatMap((segment) => [`#EXTINF:${segment.durationSeconds.toFixed(6)},`, uriOf(segment.uri)]),
    "#EXT-X-ENDLIST",
  ]);
}

export type Variant = {
  uri: string;
  /** Bits per second; see `peakBandwidth`. */
  bandwidth: number;
  /** Absent: sound alone. */
  resolution?: { width: number; height: number };
  /** RFC 6381 names; see `codecs.ts`. */
  codecs: readonly string[];
};

/** Variants in the order given; no version line. */
export function buildMasterPlaylist(variants: readonly Variant[]): string {
  return lines([
    "#EXTM3U",
    ...variants.flatMap(({ uri, bandwidth, resolution, codecs }) => {
      const attributes = [
        "PROGRAM-ID=1",
        `BANDWIDTH=${bandwidth}`,
        ...(resolution ? [`RESOLUTION=${resolution.width}x${resolution.height}`] : []),
        ...(codecs.length > 0 ? [`CODECS="${codecs.join(",")}"`] : []),
      ];
      return [`#EXT-X-STREAM-INF:${attributes.join(",")}`, uriOf(uri)];
    }),
  ]);
}

/**
 * The peak segment bit rate, rounded up to a thousand: the highest rate of any run of segments that lasts between half
 * and one and a half target durations, so that a last segment of two frames does not count as a peak.
 *
 * @see RFC 8216, 4.1
 */
export function peakBandwidth(segments: readonly { durationSeconds: number; sizeBytes: number }[]): number {
  const target = targetDuration(segments);
  let peak = 0;
  for (let first = 0; first < segments.length; first++) {
    let seconds = 0;
    let bytes = 0;
    for (let last = first; last < segments.length; last++) {
      seconds += segments[last]!.durationSeconds;
      bytes += segments[last]!.sizeBytes;
      if (seconds > 1.5 * target) break;
      if (seconds >= 0.5 * target && seconds > 0) peak = Math.max(peak, (8 * bytes) / seconds);
    }
  }
  return Math.max(1000, Math.ceil(peak / 1000) * 1000);
}

function targetDuration(segments: readonly { durationSeconds: number }[]): number {
  return Math.ceil(segments.reduce((longest, { durationSeconds }) => Math.max(longest, durationSeconds), 0));
}

/** `key` as seen from the playlist: keys are flat names, and both lie in one bucket. */
export function relativeUri(playlistKey: string, key: string): string {
  const folder = playlistKey.slice(0, playlistKey.lastIndexOf("/") + 1);
  return key.startsWith(folder) ? key.slice(folder.length) : key;
}

/** Characters that a URI cannot hold are escaped; what is plain stays plain, as players and people expect. */
function uriOf(path: string): string {
  return path.replace(/[^A-Za-z0-9\-._~!$&'()*+,;=@/]/gu, (character) => encodeURIComponent(character.toWellFormed()));
}

function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function lines(parts: readonly string[]): string {
  return parts.map((part) => `${part}\n`).join("");
}
