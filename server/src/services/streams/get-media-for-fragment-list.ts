import type {
  GetMediaForFragmentListInput,
  GetMediaForFragmentListOutput,
} from "@aws-sdk/client-kinesis-video-archived-media";
import { buildHeader, buildTags } from "@millrace/media/matroska/writer";
import { keyErrorOf, keyErrors } from "../../engine/live/key-errors.ts";
import { fragmentTags, openHeader } from "../../engine/playback/media-document.ts";
import type { StoredFragment } from "../../storage/fragments/fragment.ts";
import type { FragmentReader } from "../../storage/fragments/fragment-reader.ts";
import { FragmentDamaged } from "../../storage/fragments/fragment-reader.ts";
import { KeyFailure } from "../../storage/keys/key-store.ts";
import { findFragments } from "../../storage/records/fragments.ts";
import type { Bytes, Operation, With } from "../operation.ts";
import type { Call, StreamsContext } from "./context.ts";
import { authorizationOf, needStream } from "./find-stream.ts";
import { needKey } from "./key-access.ts";

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
    await needKey(ctx, stream);
    const found = await findFragments(ctx.records.db, stream.id, input.Fragments);
    return { ContentType: "video/webm", Payload: documents(input.Fragments, found, ctx) };
  },
};

/** Ends with the word that the key cannot be used, if that is so. */
async function* documents(...asked: Asked): Bytes {
  const [numbers] = asked;
  const at = { index: 0 };
  try {
    yield* readDocuments(asked, at);
  } catch (error) {
    if (!(error instanceof KeyFailure)) throw error;
    const code = keyErrorOf(error);
    yield* failure(numbers[at.index]!, keyErrors[code], `The KMS key of the stream cannot be used: ${code}.`);
  }
}

type Asked = [numbers: readonly string[], found: readonly (StoredFragment | undefined)[], ctx: Call];

/** Tells by `at` which one it is about. @throws KeyFailure between two of them */
async function* readDocuments(
  [
    numbers,
    found,
    {
      engine: { fragments },
      log,
    },
  ]: Asked,
  at: { index: number },
): Bytes {
  const reading = fragments.readAll(found.filter((stored) => stored !== undefined));
  for (const [index, stored] of found.entries()) {
    at.index = index;
    if (stored === undefined) {
      yield* failure(numbers[index]!, 4000, "The fragment does not exist.");
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
