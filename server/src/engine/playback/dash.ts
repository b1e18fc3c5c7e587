/**
 * The manifest of a session: fragments as periods and segments.
 *
 * A segment is addressed by its start on the session's clock, in milliseconds. A whole manifest closes gaps, each with a
 * period of its own, so that players go on; one that grows keeps real time, by which players know what is there.
 */
import type { VideoFormat } from "@millrace/media/codecs/describe-track";
import { buildManifest, type DashPeriod, type DashTrack } from "@millrace/media/playlists/dash";
import { bitRateOf, silenceQuery } from "./hls.ts";
import type { Listed, Listing } from "./listing.ts";
import { playableTrack } from "./playable-track.ts";
import { trackIds } from "./segments.ts";
import type { Session } from "./session-token.ts";
import { silencesOf } from "./silences.ts";
import type { MediaHeader, Role } from "./stored-media.ts";

/** What players play over. */
const toleratedGapMs = 50;

/**
 * The window of time moves with the clock, whether fragments come or not, and takes players with it: who is at the end of
 * what came stays there for so long.
 */
const pauseSeconds = 30;

export function buildDashManifest(listing: Listing, session: Session, token: string, now: number): string {
  const isWhole = listing.type !== "open";
  const runs = runsOf(listing.segments, session);
  const silences = silencesOf(listing, "dash");
  const periods: DashPeriod[] = [];
  let end = 0;
  let listed = 0;
  for (const [i, run] of runs.entries()) {
    const startMs = session.mode === "ON_DEMAND" ? run[0]!.startMs : run[0]!.run.startMs;
    const startSeconds = session.mode === "ON_DEMAND" ? end : (startMs - session.zero) / 1000;
    const durationSeconds = (run.at(-1)!.startMs + run.at(-1)!.durationMs - startMs) / 1000;
    const isLast = i === runs.length - 1;
    periods.push({
      id: periodId(run[0]!, session),
      startSeconds,
      ...(isLast && !isWhole ? {} : { durationSeconds }),
      tracks: tracksOf({ run, startMs, silence: silences[listed] }, session, token),
    });
    end = startSeconds + durationSeconds;
    listed += run.length;
  }
  const longest = listing.segments.reduce((most, { durationMs }) => Math.max(most, durationMs), 1000);
  return buildManifest({
    periods,
    minBufferSeconds: longest / 1000,
    ...(isWhole
      ? {}
      : {
          live: {
            availabilityStartMs: availabilityStartOf(session, longest),
            publishMs: now,
            updateSeconds: 1,
            windowSeconds: pauseSeconds + listing.segments.reduce((sum, { durationMs }) => sum + durationMs, 0) / 1000,
          },
        }),
  });
}

/** Those that follow one another in one configuration of the tracks. */
function runsOf(segments: readonly Listed[], { mode, timeline }: Session): Listed[][] {
  const runs: Listed[][] = [];
  for (const listed of segments) {
    const previous = runs.at(-1)?.at(-1);
    const gap = previous === undefined ? 0 : listed.startMs - previous.startMs - previous.durationMs;
    // By the producer's clock an overlap is no break: the sound of a fragment begins while pictures before it still last.
    const isBreak = toleratedGapMs < gap || (timeline === "server" && toleratedGapMs < -gap);
    if (previous?.format === listed.format && !(mode === "ON_DEMAND" && isBreak)) runs.at(-1)!.push(listed);
    else runs.push([listed]);
  }
  return runs;
}

function periodId({ stored, run }: Listed, { mode }: Session): string {
  return mode === "ON_DEMAND" ? stored.number : run.number;
}

/** A fragment is there when it is over, by the clock of its arrival; a replay shows it from its beginning on. */
function availabilityStartOf({ mode, createdAt, zeroServer }: Session, longestMs: number): number {
  return mode === "LIVE" ? zeroServer : createdAt - longestMs;
}

/** `silence`: what stands in for sound, the same for all of a run. */
type Period = { run: readonly Listed[]; startMs: number; silence: MediaHeader | undefined };

function tracksOf(period: Period, session: Session, token: string): DashTrack[] {
  return (["video", "audio"] as const).flatMap((role) => {
    const track = trackOf(period, role, session, token);
    return track === undefined ? [] : [track];
  });
}

function trackOf(
  { run, startMs, silence }: Period,
  role: Role,
  session: Session,
  token: string,
): DashTrack | undefined {
  const silent = role === "audio" ? silence : undefined;
  const header = silent ?? run[0]!.header;
  const found = playableTrack(header, role, "dash");
  if (found === undefined) return undefined;
  const { format, track } = found;
  const rest = `SessionToken=${token}&TrackNumber=${trackIds[role]}`;
  return {
    kind: role,
    trackNumber: trackIds[role],
    codecName: format.codecName,
    bandwidth: run.reduce((most, listed) => Math.max(most, bitRateOf(listed)), 0),
    ...(track.language === undefined ? {} : { language: track.language }),
    ...(format.kind === "video" ? pictureOf(format) : { sampleRate: format.sampleRate, channels: format.channels }),
    initialization: `getMP4InitFragment.mp4?${rest}&SequenceNumber=${header.headerId}`,
    media: `getMP4MediaFragment.mp4?FragmentTime=$Time$&${rest}${silenceQuery(silent)}`,
    timescale: 1000,
    presentationTimeOffset: Math.max(0, startMs - session.zero),
    segments: run.map((listed, i) => {
      const next = run[i + 1];
      const untilNext = next === undefined ? listed.durationMs : next.startMs - listed.startMs;
      const follows = untilNext - listed.durationMs <= toleratedGapMs;
      return {
        time: Math.max(0, listed.startMs - session.zero),
        duration: Math.max(1, follows ? untilNext : listed.durationMs),
        ...(session.showTimestamps ? { timestampMs: listed.startMs } : {}),
        ...(session.showNumbers ? { fragmentNumber: listed.stored.number } : {}),
      };
    }),
  };
}

function pictureOf({ width, height, pixelAspect, frameRate }: VideoFormat) {
  return {
    size: { width, height },
    ...(pixelAspect === undefined ? {} : { pixelAspect }),
    ...(frameRate === undefined ? {} : { frameRate }),
  };
}
