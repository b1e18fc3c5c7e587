/**
 * DASH manifests for stored fragments: a period for each configuration of the tracks, an adaptation set for each track,
 * and the fragments of each in a SegmentTimeline.
 *
 * Kinesis Video Streams' own manifests were never published: the attributes `kvs:ts` and `kvs:fn` are from the guide, their
 * namespace and the form of the time are ours.
 *
 * @see ISO/IEC 23009-1, 5.3; developer guide, "GetDASHStreamingSessionURL"
 */

export type DashManifest = {
  periods: readonly DashPeriod[];
  /** Seconds, at least as long as any segment. */
  minBufferSeconds: number;
  /** Absent: the manifest is whole and will not change. */
  live?: DashLive;
};

export type DashLive = {
  /** Milliseconds since 1970: the manifest's zero. */
  availabilityStartMs: number;
  publishMs: number;
  /** Seconds after which a player asks again. */
  updateSeconds: number;
  /** Seconds that a player may go back. */
  windowSeconds?: number;
  /** Seconds behind the newest fragment at which a player should stay. */
  delaySeconds?: number;
};

export type DashPeriod = {
  /** The same in every manifest of a session. */
  id: string;
  startSeconds: number;
  /** Absent only for the last one of a live manifest. */
  durationSeconds?: number;
  tracks: readonly DashTrack[];
};

export type DashTrack = {
  kind: "video" | "audio";
  trackNumber: number;
  /** RFC 6381. */
  codecName: string;
  /** Bits per second. */
  bandwidth: number;
  /** Pixels. */
  size?: { width: number; height: number };
  pixelAspect?: readonly [width: number, height: number];
  frameRate?: number;
  sampleRate?: number;
  channels?: number;
  language?: string;
  /** A URI, and one with `$Number$` or `$Time$` in it; relative to the manifest. */
  initialization: string;
  media: string;
  timescale: number;
  /** Of the first segment, for `$Number$`; 1 where it is absent. FFmpeg counts rows of the timeline from it even with `$Time$`. */
  startNumber?: number;
  /** In the timescale: the time in the media at which the period begins. */
  presentationTimeOffset?: number;
  segments: readonly DashSegment[];
};

export type DashSegment = {
  /** In the timescale, as in the segment's `tfdt`. */
  time: number;
  duration: number;
  /** What DisplayFragmentTimestamp and DisplayFragmentNumber show: milliseconds since 1970, and the 47 digits. */
  timestampMs?: number;
  fragmentNumber?: string;
};

export function buildManifest({ periods, minBufferSeconds, live }: DashManifest): string {
  const total = periods.reduce((end, period) => Math.max(end, period.startSeconds + (period.durationSeconds ?? 0)), 0);
  const times = live
    ? {
        type: "dynamic",
        availabilityStartTime: isoTime(live.availabilityStartMs),
        publishTime: isoTime(live.publishMs),
        minimumUpdatePeriod: isoDuration(live.updateSeconds),
        timeShiftBufferDepth: isoDuration(live.windowSeconds),
        suggestedPresentationDelay: isoDuration(live.delaySeconds),
      }
    : { type: "static", mediaPresentationDuration: isoDuration(total) };
  const head = {
    xmlns: "urn:mpeg:dash:schema:mpd:2011",
    "xmlns:kvs": "http://kinesisvideo.amazonaws.com/kvs",
    profiles: "urn:mpeg:dash:profile:isoff-live:2011",
    ...times,
    minBufferTime: isoDuration(minBufferSeconds),
  };
  return `<?xml version="1.0" encoding="UTF-8"?>\n${element("MPD", head, periods.map(periodElement)).join("\n")}\n`;
}

function periodElement({ id, startSeconds, durationSeconds, tracks }: DashPeriod): string[] {
  const attributes = { id, start: isoDuration(startSeconds), duration: isoDuration(durationSeconds) };
  return element("Period", attributes, tracks.map(setElement));
}

function setElement(track: DashTrack): string[] {
  const { kind, trackNumber, codecName, bandwidth, size, frameRate, sampleRate, channels } = track;
  const set = {
    id: trackNumber,
    contentType: kind,
    mimeType: `${kind}/mp4`,
    lang: track.language,
    segmentAlignment: "true",
    startWithSAP: 1,
  };
  const representation = {
    id: `${kind}-${trackNumber}`,
    codecs: codecName,
    bandwidth: Math.max(1, Math.ceil(bandwidth)),
    width: size?.width,
    height: size?.height,
    sar: track.pixelAspect?.join(":"),
    frameRate: frameRate && rational(frameRate),
    audioSamplingRate: sampleRate,
  };
  const channelScheme = "urn:mpeg:dash:23003:3:audio_channel_configuration:2011";
  const channelElement = element("AudioChannelConfiguration", { schemeIdUri: channelScheme, value: channels });
  const children = [...(channels === undefined ? [] : [channelElement]), templateElement(track)];
  return element("AdaptationSet", set, [element("Representation", representation, children)]);
}

function templateElement(track: DashTrack): string[] {
  const { timescale, startNumber, presentationTimeOffset, initialization, media, segments } = track;
  const attributes = { timescale, startNumber, presentationTimeOffset, initialization, media };
  return element("SegmentTemplate", attributes, [element("SegmentTimeline", {}, timelineElements(segments))]);
}

/** Equal durations without a gap share a row, unless the fragments are shown one by one. */
function timelineElements(segments: readonly DashSegment[]): string[][] {
  const rows: { segment: DashSegment; repeat: number }[] = [];
  let end: number | undefined;
  for (const segment of segments) {
    const last = rows.at(-1);
    const isShown = segment.timestampMs !== undefined || segment.fragmentNumber !== undefined;
    if (last && !isShown && end === segment.time && last.segment.duration === segment.duration) last.repeat++;
    else rows.push({ segment, repeat: 0 });
    end = segment.time + segment.duration;
  }
  return rows.map(({ segment, repeat }) =>
    element("S", {
      t: segment.time,
      d: segment.duration,
      r: 0 < repeat ? repeat : undefined,
      "kvs:ts": segment.timestampMs === undefined ? undefined : isoTime(segment.timestampMs),
      "kvs:fn": segment.fragmentNumber,
    }),
  );
}

type Attributes = Readonly<Record<string, string | number | undefined>>;

/** Its lines, children two spaces in. Attributes that are undefined are left out. */
function element(name: string, attributes: Attributes, children: readonly string[][] = []): string[] {
  const written = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${escapeAttribute(String(value))}"`)
    .join("");
  if (children.length === 0) return [`<${name}${written}/>`];
  return [`<${name}${written}>`, ...children.flat().map((line) => `  ${line}`), `</${name}>`];
}

const escapes: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

function escapeAttribute(text: string): string {
  return text
    .replace(/[&<>"]/g, (character) => escapes[character]!)
    .replace(/[\t\n\r]/g, (character) => `&#${character.charCodeAt(0)};`);
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}

function isoDuration(seconds: number): string;
function isoDuration(seconds: number | undefined): string | undefined;
function isoDuration(seconds: number | undefined): string | undefined {
  return seconds === undefined ? undefined : `PT${Number(seconds.toFixed(3))}S`;
}

/** Whole, or over 1001 as in television, or to three digits. */
function rational(rate: number): string {
  if (Math.abs(rate - Math.round(rate)) < 0.0005) return String(Math.round(rate));
  const television = rate * 1.001;
  if (Math.abs(television - Math.round(television)) < 0.0005) return `${Math.round(television) * 1000}/1001`;
  return `${Math.round(rate * 1000)}/1000`;
}
