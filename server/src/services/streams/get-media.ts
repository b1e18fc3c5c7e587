import type { GetMediaInput, GetMediaOutput, StartSelector } from "@aws-sdk/client-kinesis-video-media";
import { numberDigits } from "../../engine/ingest/fragment-numbers.ts";
import type { LiveFragment } from "../../engine/live/live-fragment.ts";
import { openMediaSession } from "../../engine/live/media-session.ts";
import { findFragmentAt, findNewestFragment, type Timeline } from "../../storage/records/fragments.ts";
import type { Stream } from "../../storage/records/streams.ts";
import type { Bytes, Operation, With } from "../operation.ts";
import type { Call, StreamsContext } from "./context.ts";
import { invalidArgument } from "./errors.ts";
import { authorizationOf, needStream } from "./find-stream.ts";
import { askForKey } from "./key-access.ts";

type Input = With<GetMediaInput, "StartSelector">;
type Output = Omit<GetMediaOutput, "Payload"> & { Payload: Bytes };

/** Seen of the service whatever the codecs. */
const contentType = "video/webm";
/** Clients come again with the last continuation token. */
const sessionMs = 45 * 60_000;

/** Fragments from the selected one on, for as long as the reader stays and the session lasts. */
export const getMedia: Operation<Input, Output, StreamsContext> = {
  authorize: (input, ctx) => authorizationOf(ctx, "GetMedia", input),

  async run(input, ctx) {
    const stream = await needStream(ctx, input);
    const after = await startOf(input.StartSelector, stream, ctx);
    const key = await askForKey(ctx, stream, "Decrypt");
    const { engine, clock, log, signal } = ctx;
    const until = clock() + sessionMs;
    const session = {
      ...engine,
      log,
      streamId: stream.id,
      key,
      after,
      signal: AbortSignal.any([signal, engine.closing]),
      isOver: () => until < clock(),
    };
    return { ContentType: contentType, Payload: openMediaSession(session) };
  },
};

/** The number after which the first fragment comes; `undefined`: the oldest one is the first. */
async function startOf(selector: StartSelector, stream: Stream, ctx: Call): Promise<string | undefined> {
  const { records, engine } = ctx;
  switch (selector.StartSelectorType) {
    case "EARLIEST":
      return undefined;
    case "NOW": {
      const live = engine.live.newest(stream.id)?.facts.number ?? "";
      const stored = (await findNewestFragment(records.db, stream.id))?.number ?? "";
      const newest = [live, stored].toSorted()[1];
      return newest ? before(newest) : undefined;
    }
    case "FRAGMENT_NUMBER":
      return asNumber(needed(selector.AfterFragmentNumber, "AfterFragmentNumber"));
    case "CONTINUATION_TOKEN": {
      const token = needed(selector.ContinuationToken, "ContinuationToken");
      if (!/^\d+$/.test(token)) throw invalidArgument("The ContinuationToken is none of this stream.");
      return asNumber(token);
    }
    default: {
      const at = needed(selector.StartTimestamp, "StartTimestamp").getTime();
      return numberAt(stream, selector.StartSelectorType === "SERVER_TIMESTAMP" ? "server" : "producer", at, ctx);
    }
  }
}

async function numberAt({ id }: Stream, timeline: Timeline, at: number, { records, engine }: Call) {
  const stored = await findFragmentAt(records.db, id, timeline, at);
  if (stored !== undefined) return before(stored.number);
  const timeOf = ({ facts: { serverTimestamp, producerTimestamp } }: LiveFragment) =>
    timeline === "server" ? serverTimestamp : producerTimestamp;
  const fragments = engine.live.list(id);
  // Those that are here follow each other: the last one that had begun goes on until the next.
  const live = fragments.findLast((fragment) => timeOf(fragment) <= at) ?? fragments[0];
  if (live !== undefined) return before(live.facts.number);
  // All there is lies before that time: what comes next is the first.
  return (await findNewestFragment(records.db, id))?.number;
}

/** Numbers compare as texts of one length. */
function asNumber(digits: string): string {
  return digits.padStart(numberDigits, "0");
}

function needed<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw invalidArgument(`The StartSelector needs ${name}.`);
  return value;
}

/** The largest number below, of as many digits. */
function before(number: string): string {
  return (BigInt(number) - 1n).toString().padStart(number.length, "0");
}
