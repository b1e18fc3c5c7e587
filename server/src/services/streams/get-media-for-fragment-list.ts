import type {
  GetMediaForFragmentListInput,
  GetMediaForFragmentListOutput,
} from "@aws-sdk/client-kinesis-video-archived-media";
import { buildHeader, buildTags } from "@millrace/media/matroska/writer";
import { fragmentTags, openHeader } from "../../engine/playback/media-document.ts";
import type { StoredFragment } from "../../storage/fragments/fragment.ts";
import type { FragmentReader } from "../../storage/fragments/fragment-reader.ts";
import { FragmentDamaged } from "../../storage/fragments/fragment-reader.ts";
import { findFragments } from "../../storage/records/fragments.ts";
import type { Bytes, Operation, With } from "../operation.ts";
import type { Call, StreamsContext } from "./context.ts";
import { authorizationOf, needStream } from "./find-stream.ts";

type Answer = Omit<GetMediaForFragmentListOutput, "Payload"> & { Payload: Bytes };

/** In the order that was asked for, each fragment a document. One that cannot be read is named in its place. */
export const getMediaForFragmentList: Operation<
  With<GetMediaForFragmentListInput, "Fragments">,
  Answer,
  StreamsContext
> = {
  authorize: (input, ctx) => authorizationOf(ctx, "GetMediaForFragmentList", input),

  async run(input, ctx) {
    const stream = await needStream(ctx, input);
    const found = await findFragments(ctx.records.db, stream.id, input.Fragments);
    return { ContentType: "video/webm", Payload: documents(input.Fragments, found, ctx) };
  },
};

async function* documents(
  numbers: readonly string[],
  found: readonly (StoredFragment | undefined)[],
  { engine: { fragments }, log }: Call,
): Bytes {
  const reading = fragments.readAll(found.filter((stored) => stored !== undefined));
  for (const [at, stored] of found.entries()) {
    if (stored === undefined) {
      yield* failure(numbers[at]!, 4000, "The fragment does not exist.");
      continue;
    }
    const { value: read } = await reading.next();
    const header = "damaged" in read! ? read.damaged : await headerOf(fragments, stored);
    if ("damaged" in read! || header instanceof FragmentDamaged) {
      log.error({ err: header, stream: stored.streamId, fragment: stored.number }, "a fragment cannot be read");
      yield* failure(stored.number, 5000, "The fragment is damaged in storage.");
      continue;
    }
    const { body } = read!;
    yield openHeader(header as Uint8Array);
    yield body.subarray(0, stored.clusterFrom);
    yield fragmentTags(stored);
    yield body.subarray(stored.clusterFrom);
  }
}

function headerOf(fragments: FragmentReader, stored: StoredFragment): Promise<Uint8Array | FragmentDamaged> {
  return fragments.readHeader(stored).catch((error) => {
    if (error instanceof FragmentDamaged) return error;
    throw error;
  });
}

/** A document without tracks, whose tags say what is wrong. API reference, "GetMediaForFragmentList": the tags' names. */
function* failure(number: string, code: number, message: string): Generator<Uint8Array> {
  yield buildHeader({ tracks: [] });
  yield buildTags([
    { name: "AWS_KINESISVIDEO_FRAGMENT_NUMBER", value: number },
    { name: "AWS_KINESISVIDEO_EXCEPTION_ERROR_CODE", value: String(code) },
    { name: "AWS_KINESISVIDEO_EXCEPTION_MESSAGE", value: message },
  ]);
}
