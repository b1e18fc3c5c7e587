/**
 * The bytes behind a session's URLs: init segments, and a fragment as a segment of MP4 or MPEG-TS. Nothing is transcoded,
 * and frames are not copied.
 */
import { buildFragment } from "@millrace/media/mp4/fragment";
import { buildInitSegment } from "@millrace/media/mp4/init";
import { timescaleOf } from "@millrace/media/timing";
import { buildTsSegment } from "@millrace/media/ts/segment";
import type { StoredFragment } from "../../storage/fragments/fragment.ts";
import { playableTrack } from "./playable-track.ts";
import { startOf } from "./select-fragments.ts";
import type { Session } from "./session-token.ts";
import { buildSilence } from "./silence.ts";
import { framesOf, type MediaFragment, type MediaHeader, type Role } from "./stored-media.ts";

/** By track: what its files call it. */
export const trackIds: Readonly<Record<Role, number>> = { video: 1, audio: 2 };

/** `undefined`: the header has no such track. */
export function initSegment(header: MediaHeader, role: Role, { protocol }: Session): Uint8Array | undefined {
  const found = playableTrack(header, role, protocol);
  if (found === undefined) return undefined;
  const { format, track } = found;
  const language = track.language === undefined ? {} : { language: track.language };
  return buildInitSegment(
    [{ trackId: trackIds[role], format, ...language }],
    timescaleOf(header.timestampScale).timescale,
  );
}

/** Without a sample where the fragment has no such track. @throws CodecError, RangeError */
export function mediaSegment(
  stored: StoredFragment,
  fragment: MediaFragment,
  role: Role,
  session: Session,
): readonly Uint8Array[] {
  const { header, timestamp } = fragment;
  const { timestampScale } = header;
  const found = playableTrack(header, role, session.protocol);
  if (found === undefined) return emptySegment(stored, session);
  const { format, track } = found;
  const frames = framesOf(fragment, role);
  const end = timestamp + ticksOf(stored.durationMs, timestampScale);
  const segmentTrack = {
    trackId: trackIds[role],
    format,
    frames,
    ...(track.defaultDuration === undefined ? {} : { defaultDuration: track.defaultDuration }),
    // Where the pictures begin with the fragment, so do those of the next one; sound tells by itself how long it is.
    ...(role === "video" && frames[0]?.timestamp === timestamp ? { nextTimestamp: end } : {}),
  };
  const timeOffset = timeOffsetOf(stored, fragment, session);
  return buildFragment(sequenceOf(stored, session), [segmentTrack], { timestampScale, timeOffset });
}

/** As long as the fragment, in the format of another one's sound. */
export function silentSegment(stored: StoredFragment, sound: MediaHeader, session: Session): readonly Uint8Array[] {
  const found = playableTrack(sound, "audio", session.protocol);
  if (found === undefined) return emptySegment(stored, session);
  const { timestampScale } = sound;
  const from = ticksOf(startOf(stored, session.timeline) - session.zero, timestampScale);
  const frames = buildSilence(found.format, from, from + ticksOf(stored.durationMs, timestampScale), timestampScale);
  return buildFragment(sequenceOf(stored, session), [{ trackId: trackIds.audio, format: found.format, frames }], {
    timestampScale,
  });
}

export function emptySegment(stored: StoredFragment, session: Session): readonly Uint8Array[] {
  return buildFragment(sequenceOf(stored, session), [], { timestampScale: 1_000_000 });
}

/** With all tracks, and silence in the format of `silence`'s sound. @throws CodecError, RangeError */
export function tsSegment(
  stored: StoredFragment,
  fragment: MediaFragment,
  session: Session,
  silence?: MediaHeader,
): readonly Uint8Array[] {
  const { header, timestamp } = fragment;
  const { timestampScale } = header;
  const tracks = (["video", "audio"] as const).flatMap((role) => {
    const found = playableTrack(header, role, session.protocol);
    return found === undefined ? [] : [{ format: found.format, frames: framesOf(fragment, role) }];
  });
  const silent = silence && playableTrack(silence, "audio", session.protocol);
  if (silent !== undefined) {
    const end = timestamp + ticksOf(stored.durationMs, timestampScale);
    tracks.push({ format: silent.format, frames: buildSilence(silent.format, timestamp, end, timestampScale) });
  }
  const timeOffset = timeOffsetOf(stored, fragment, session);
  return [buildTsSegment(tracks, { timestampScale, timeOffset })];
}

/** The tables alone: a segment that cannot be read. */
export function emptyTsSegment(): readonly Uint8Array[] {
  return [buildTsSegment([], { timestampScale: 1_000_000 })];
}

/**
 * From the producer's ticks to the players' clock, whose zero is the session's first fragment. What would come to lie before
 * zero, because a clock was set back or sound begins before its cluster, begins there.
 */
function timeOffsetOf(stored: StoredFragment, { header, timestamp, frames }: MediaFragment, session: Session): number {
  const start = ticksOf(startOf(stored, session.timeline) - session.zero, header.timestampScale);
  const earliest = frames.reduce((least, frame) => Math.min(least, frame.timestamp), Number.POSITIVE_INFINITY);
  return Math.max(start - timestamp, frames.length === 0 ? 0 : -earliest);
}

function ticksOf(ms: number, timestampScale: number): number {
  return Math.round((ms * 1e6) / timestampScale);
}

/** Rises with time. */
function sequenceOf(stored: StoredFragment, { timeline, zero }: Session): number {
  return (Math.max(0, startOf(stored, timeline) - zero) + 1) % 2 ** 32;
}
