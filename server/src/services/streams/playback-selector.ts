/**
 * What GetHLSStreamingSessionURL, GetDASHStreamingSessionURL and GetClip have in common: which fragments they mean.
 *
 * @see Amazon Kinesis Video Streams API reference, HLSFragmentSelector, DASHFragmentSelector, ClipFragmentSelector
 */
import { CodecError, type CodecProblem } from "@millrace/media/codecs/errors";
import type { PlaybackMode } from "../../engine/playback/session-token.ts";
import type { Stream } from "../../storage/records/streams.ts";
import type { ServiceError } from "../service-error.ts";
import {
  invalidArgument,
  invalidCodecPrivateData,
  invalidMediaFrame,
  missingCodecPrivateData,
  noDataRetention,
  unsupportedMediaType,
} from "./errors.ts";
import { namingKeyErrors } from "./key-access.ts";
import { rangeOf, type Selection, timelineOf } from "./timestamp-range.ts";

type FragmentSelector = {
  FragmentSelectorType?: string | undefined;
  TimestampRange?: { StartTimestamp?: Date | undefined; EndTimestamp?: Date | undefined } | undefined;
};

const longestRangeMs = 24 * 3_600_000;

/** @throws ServiceError */
export function selectionOf(
  { FragmentSelectorType, TimestampRange }: FragmentSelector,
  mode: PlaybackMode,
  now: number,
): Selection {
  const timeline = timelineOf(FragmentSelectorType ?? "SERVER_TIMESTAMP");
  if (mode === "LIVE") {
    if (TimestampRange !== undefined)
      throw invalidArgument("TimestampRange must not be given when PlaybackMode is LIVE.");
    return { timeline, range: {} };
  }
  if (FragmentSelectorType === undefined) throw required("FragmentSelectorType", mode);
  if (TimestampRange?.StartTimestamp === undefined) throw required("StartTimestamp", mode);
  const { StartTimestamp, EndTimestamp } = TimestampRange;
  if (EndTimestamp === undefined) {
    if (mode === "ON_DEMAND") throw required("EndTimestamp", mode);
    return { timeline, range: rangeOf(TimestampRange) };
  }
  const [start, end] = [StartTimestamp.getTime(), EndTimestamp.getTime()];
  if (end <= start) throw invalidArgument("EndTimestamp must be after StartTimestamp.");
  if (longestRangeMs < end - start) throw invalidArgument("EndTimestamp must be within 24 hours of StartTimestamp.");
  if (timeline === "server" && now < end) {
    throw invalidArgument("EndTimestamp must be in the past when FragmentSelectorType is SERVER_TIMESTAMP.");
  }
  return { timeline, range: rangeOf(TimestampRange) };
}

function required(member: string, mode: PlaybackMode): ServiceError {
  return invalidArgument(`${member} is required when PlaybackMode is ${mode}.`);
}

/** @throws ServiceError */
export function needRetention({ name, retentionHours }: Stream): void {
  if (retentionHours === 0) throw noDataRetention(name);
}

const codecErrors: Readonly<Record<CodecProblem, (message: string) => ServiceError>> = {
  "unsupported-codec": unsupportedMediaType,
  "missing-codec-private-data": missingCodecPrivateData,
  "invalid-codec-private-data": invalidCodecPrivateData,
  "invalid-frame": invalidMediaFrame,
};

/** What the media is not fit for, and what becomes of its key, in the words of the API. */
export async function namingMediaErrors<Result>(work: Promise<Result>): Promise<Result> {
  try {
    return await namingKeyErrors(work);
  } catch (error) {
    if (error instanceof CodecError) throw codecErrors[error.problem](error.message);
    throw error;
  }
}
