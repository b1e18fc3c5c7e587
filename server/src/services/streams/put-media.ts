import type { Acknowledgement } from "../../engine/ingest/acknowledgement.ts";
import type { Bytes, Operation } from "../operation.ts";
import type { StreamsContext } from "./context.ts";
import { invalidArgument } from "./errors.ts";
import { authorizationOf, needStream, type StreamReference } from "./find-stream.ts";
import { askForKey } from "./key-access.ts";
import { parseStartTimestamp } from "./start-timestamp.ts";

/** All but the payload as the headers have it. */
export type PutMediaInput = StreamReference & {
  FragmentTimecodeType?: string;
  ProducerStartTimestamp?: string;
  FragmentAcknowledgmentRequired?: string;
  Payload: Bytes;
};

/** Answers while the body still comes: an acknowledgement for each state of each fragment, a line and a chunk each. */
export const putMedia: Operation<PutMediaInput, { ContentType: string; Payload: Bytes }, StreamsContext> = {
  authorize: (input, ctx) => {
    if (input.StreamName !== undefined && input.StreamARN !== undefined) {
      throw invalidArgument("Give x-amzn-stream-name or x-amzn-stream-arn, not both.");
    }
    return authorizationOf(ctx, "PutMedia", input);
  },

  async run(input, ctx) {
    const relativeTo = relativeStart(input);
    const stream = await needStream(ctx, input);
    const { numbers, ingest } = ctx.engine;
    const key = await askForKey(ctx, stream, "GenerateDataKey");
    await numbers.prepare(stream.id);
    const acknowledgements = ingest.open(input.Payload, {
      streamId: stream.id,
      retentionHours: stream.retentionHours,
      key,
      relativeTo,
      acknowledges: input.FragmentAcknowledgmentRequired !== "0",
      signal: ctx.signal,
    });
    return { ContentType: "application/json", Payload: lines(acknowledgements) };
  },
};

function relativeStart({ FragmentTimecodeType, ProducerStartTimestamp }: PutMediaInput): number | undefined {
  const start = ProducerStartTimestamp === undefined ? undefined : parseStartTimestamp(ProducerStartTimestamp);
  if (Number.isNaN(start)) {
    throw invalidArgument("x-amzn-producer-start-timestamp must be seconds since the epoch or a date and time.");
  }
  if (FragmentTimecodeType === undefined) throw invalidArgument("x-amzn-fragment-timecode-type must be given.");
  if (FragmentTimecodeType === "ABSOLUTE") return undefined;
  if (start === undefined) throw invalidArgument("RELATIVE timecodes need x-amzn-producer-start-timestamp.");
  return start;
}

/** Producers take a line as it comes, and reject a chunk of more than 1,024 bytes. */
async function* lines(acknowledgements: AsyncIterable<Acknowledgement>): Bytes {
  for await (const acknowledgement of acknowledgements) yield Buffer.from(`${JSON.stringify(acknowledgement)}\n`);
}
