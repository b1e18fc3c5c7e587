/**
 * Ranges of time in requests for stored media: by which clock, and from which fragment's start to which.
 */
import type { Timeline, TimeRange } from "../../storage/records/fragments.ts";
import { invalidArgument } from "./errors.ts";

export type Selection = { timeline: Timeline; range: TimeRange };

type Requested = { StartTimestamp?: Date | undefined; EndTimestamp?: Date | undefined };

export function timelineOf(type: string): Timeline {
  return type === "PRODUCER_TIMESTAMP" ? "producer" : "server";
}

/** Both ends are in: a fragment belongs to the range in which it starts. @throws ServiceError */
export function rangeOf({ StartTimestamp, EndTimestamp }: Requested): TimeRange {
  const from = StartTimestamp?.getTime();
  const end = EndTimestamp?.getTime();
  if (from !== undefined && end !== undefined && end < from) {
    throw invalidArgument("EndTimestamp must not be before StartTimestamp.");
  }
  return { ...(from === undefined ? {} : { from }), ...(end === undefined ? {} : { to: end + 1 }) };
}
