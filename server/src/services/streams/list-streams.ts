import type { ListStreamsInput, ListStreamsOutput } from "@aws-sdk/client-kinesis-video";
import { listStreams as readStreams } from "../../storage/records/streams.ts";
import type { Operation } from "../operation.ts";
import { homeOf, type StreamsContext } from "./context.ts";
import { invalidArgument } from "./errors.ts";
import { streamAnswer } from "./stream-answer.ts";

/** By name. A page begins behind a name and not at a count: what is made or deleted meanwhile shifts nothing. */
export const listStreams: Operation<ListStreamsInput, ListStreamsOutput, StreamsContext> = {
  authorize: () => ({ action: "kinesisvideo:ListStreams", resource: "*" }),

  async run({ MaxResults = 10_000, NextToken, StreamNameCondition }, ctx) {
    const prefix = StreamNameCondition?.ComparisonValue;
    const after = NextToken ? parseToken(NextToken) : undefined;
    // One more than a page holds, to learn whether there is another page.
    const found = await readStreams(ctx.records.db, homeOf(ctx), { prefix, after, limit: MaxResults + 1 });
    const page = found.slice(0, MaxResults);
    return {
      StreamInfoList: page.map(streamAnswer),
      NextToken: page.length < found.length ? buildToken(page.at(-1)!.name) : undefined,
    };
  },
};

function buildToken(name: string): string {
  return Buffer.from(name).toString("base64");
}

/** @throws ServiceError */
function parseToken(token: string): string {
  const name = Buffer.from(token, "base64").toString();
  if (buildToken(name) !== token || !/^[a-zA-Z0-9_.-]{1,256}$/.test(name)) {
    throw invalidArgument("NextToken is not one that ListStreams has given.");
  }
  return name;
}
