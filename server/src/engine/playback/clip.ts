/**
 * A range of stored fragments as one MP4.
 *
 * Frames keep the times between them, also across a gap. The producer's clock tells these better than that of the arrival, so
 * it is taken wherever it runs forward.
 */
import { CodecError } from "@millrace/media/codecs/errors";
import { buildClip, type ClipFragment } from "@millrace/media/mp4/progressive";
import type { Log } from "../../base/log.ts";
import type { StoredFragment } from "../../storage/fragments/fragment.ts";
import type { Timeline } from "../../storage/records/fragments.ts";
import type { Records } from "../../storage/records/records.ts";
import { checkPlayable, playableTrack } from "./playable-track.ts";
import { trackIds } from "./segments.ts";
import { type Selector, selectFragments, startOf } from "./select-fragments.ts";
import { isUnreadable, type MediaFragment, type StoredMedia } from "./stored-media.ts";

/** API reference, "GetClip": 200 fragments or 100 MB, whichever comes first. */
const mostFragments = 200;
const mostBytes = 100e6;

type Tools = { records: Records; media: StoredMedia; log: Log };

/**
 * The parts of the file, as long as it may be; a damaged fragment is left out. `undefined`: there is nothing.
 *
 * @throws CodecError where a fragment's media does not fit into one clip; KeyMissing
 */
export async function cutClip(
  streamId: string,
  selector: Selector,
  { records, media, log }: Tools,
): Promise<readonly Uint8Array[] | undefined> {
  const selected = firstOf(await selectFragments(records.db, streamId, selector, mostFragments));
  const timeline = clockOf(selected, selector.timeline);
  const fragments: ClipFragment[] = [];
  const codecs = new Map<number, string>();
  for await (const { stored, read } of media.fragments(selected)) {
    if (isUnreadable(read)) {
      log.error({ err: read, stream: streamId, fragment: stored.number }, "a fragment is left out of a clip");
      continue;
    }
    checkPlayable(read.header, "clip");
    const fragment = clipFragment(read, startOf(stored, timeline) - startOf(selected[0]!, timeline));
    for (const { trackId, format } of fragment.tracks) {
      const codec = codecs.get(trackId) ?? format.codec;
      codecs.set(trackId, codec);
      if (codec === format.codec) continue;
      const message = `A clip cannot go from ${codec} to ${format.codec}, as it would at fragment ${stored.number}.`;
      throw new CodecError("unsupported-codec", message);
    }
    fragments.push(fragment);
  }
  return fragments.length === 0 ? undefined : buildClip(fragments);
}

function firstOf(selected: readonly StoredFragment[]): StoredFragment[] {
  let sum = 0;
  return selected.filter(({ bodyBytes }, i) => {
    sum += bodyBytes;
    return i === 0 || sum <= mostBytes;
  });
}

function clockOf(selected: readonly StoredFragment[], asked: Timeline): Timeline {
  const rises = selected.every(
    ({ producerTimestamp }, i) => i === 0 || selected[i - 1]!.producerTimestamp < producerTimestamp,
  );
  return rises ? "producer" : asked;
}

function clipFragment({ header, timestamp, frames }: MediaFragment, startMs: number): ClipFragment {
  const numbers = new Map<number, number>();
  const tracks = (["video", "audio"] as const).flatMap((role) => {
    const found = playableTrack(header, role, "clip");
    if (found === undefined) return [];
    const { number, language, defaultDuration } = found.track;
    numbers.set(number, trackIds[role]);
    return [
      {
        trackId: trackIds[role],
        format: found.format,
        ...(language === undefined ? {} : { language }),
        ...(defaultDuration === undefined ? {} : { defaultDuration }),
      },
    ];
  });
  return {
    timestampScale: header.timestampScale,
    timeOffset: Math.round((startMs * 1e6) / header.timestampScale) - timestamp,
    tracks,
    frames: frames.flatMap((frame) => {
      const track = numbers.get(frame.track);
      return track === undefined ? [] : [{ ...frame, track }];
    }),
  };
}
