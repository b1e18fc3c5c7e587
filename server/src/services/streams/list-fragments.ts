import type { ListFragmentsInput, ListFragmentsOutput } from "@aws-sdk/client-kinesis-video-archived-media";
import type { StoredFragment } from "../../storage/fragments/fragment.ts";
import {
  listFragmentsByTime,
  positionOf,
  type Timeline,
  type TimePosition,
  type TimeRange,
} from "../../storage/records/fragments.ts";
import type { Operation } from "../operation.ts";
import type { StreamsContext } from "./context.ts";
import { invalidArgument } from "./errors.ts";
import { authorizationOf, needStream } from "./find-stream.ts";
import { rangeOf, timelineOf } from "./timestamp-range.ts";

/** By the start of the fragments, from the oldest on. A page's token says all of what was asked, and does not expire. */
export const listFragments: Operation<ListFragmentsInput, ListFragmentsOutput, StreamsContext> = {
  authorize: (input, ctx) => authorizationOf(ctx, "ListFragments", input),

  async run(input, ctx) {
    const { timeline, range, after } = queryOf(input);
    const { MaxResults = 100 } = input;
    const stream = await needStream(ctx, input);
    if (stream.retentionHours === 0) return { Fragments: [] };
    // One more than a page holds, to learn whether there is another page.
    const page = { limit: MaxResults + 1, ...(after === undefined ? {} : { after }) };
    const found = await listFragmentsByTime(ctx.records.db, stream.id, timeline, range, page);
    const listed = found.slice(0, MaxResults);
    const hasMore = listed.length < found.length;
    return {
      Fragments: listed.map(fragmentAnswer),
      NextToken: hasMore ? buildToken({ timeline, range, after: positionOf(listed.at(-1)!, timeline) }) : undefined,
    };
  },
};

type Query = { timeline: Timeline; range: TimeRange; after?: TimePosition };

/** @throws ServiceError */
function queryOf({ NextToken, FragmentSelector }: ListFragmentsInput): Query {
  if (NextToken !== undefined) return parseToken(NextToken);
  if (FragmentSelector === undefined) throw invalidArgument("FragmentSelector is required without a NextToken.");
  const { FragmentSelectorType, TimestampRange } = FragmentSelector;
  return { timeline: timelineOf(FragmentSelectorType!), range: rangeOf(TimestampRange!) };
}

function fragmentAnswer(fragment: StoredFragment) {
  return {
    FragmentNumber: fragment.number,
    FragmentSizeInBytes: fragment.bodyBytes,
    ProducerTimestamp: new Date(fragment.producerTimestamp),
    ServerTimestamp: new Date(fragment.serverTimestamp),
    FragmentLengthInMilliseconds: fragment.durationMs,
  };
}

function buildToken({ timeline, range: { from, to }, after }: Query): string {
  return Buffer.from([timeline, from, to, after!.at, after!.number].join(" ")).toString("base64");
}

const tokenPattern = /^(server|producer) (-?\d{1,16}) (-?\d{1,16}) (-?\d{1,16}) (\d{1,128})$/;

/** @throws ServiceError */
function parseToken(token: string): Query {
  const parts = tokenPattern.exec(Buffer.from(token, "base64").toString("latin1"));
  if (parts === null) throw invalidArgument("NextToken is not one that ListFragments has given.");
  const [, timeline, from, to, at, number] = parts;
  const after = { at: Number(at), number: number! };
  return { timeline: timeline as Timeline, range: { from: Number(from), to: Number(to) }, after };
}
