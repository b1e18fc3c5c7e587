/**
 * A GetMedia session: a stream's fragments in the order of their numbers, from the store and, where it has caught up, while
 * they arrive.
 *
 * It never keeps media: what its reader is too slow for is read from the store when the reader comes to it.
 */
import type { Sleep } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { StoredFragment } from "../../storage/fragments/fragment.ts";
import { FragmentDamaged, type FragmentReader, KeyMissing } from "../../storage/fragments/fragment-reader.ts";
import { KeyFailure } from "../../storage/keys/key-store.ts";
import { findFragments, findNewestFragment, listFragmentsAfter } from "../../storage/records/fragments.ts";
import type { Records } from "../../storage/records/records.ts";
import { findStreamById } from "../../storage/records/streams.ts";
import { numberDigits } from "../ingest/fragment-numbers.ts";
import { errorDocument, errorTags, fragmentTags, openHeader, positionTags } from "../playback/media-document.ts";
import { type KeyErrorCode, keyErrorOf, keyErrors } from "./key-errors.ts";
import type { KeyWatch } from "./key-watch.ts";
import type { LiveFragment } from "./live-fragment.ts";
import type { LiveStreams } from "./live-streams.ts";

export type MediaSessionOptions = {
  records: Records;
  fragments: FragmentReader;
  live: LiveStreams;
  keyWatch: Pick<KeyWatch, "watch">;
  sleep: Sleep;
  log: Log;
  streamId: string;
  /** The stream's KMS key; or why the session is over before it begins. */
  key: { arn: string } | { refused: KeyErrorCode };
  /** The first fragment is the one after this number; `undefined`: the oldest that there is. */
  after: string | undefined;
  signal: AbortSignal;
  /** Stops at the end of a document: sessions last so long and no longer. */
  isOver: () => boolean;
};

/** Some rows at a time: memory is one fragment. */
const rowsAtOnce = 32;
/** Fragments that another process stores are found so late. */
const pollMs = 1_000;

/**
 * Ends with its signal, when it is over, with the stream, where a fragment broke off within an element, or with the word
 * that the stream's key cannot be used.
 */
export async function* openMediaSession(options: MediaSessionOptions): AsyncGenerator<Uint8Array> {
  const { key, keyWatch } = options;
  const at = { after: options.after };
  if ("refused" in key) {
    yield* refusal(at.after, key.refused);
    return;
  }
  const failing = new AbortController();
  const unwatch = keyWatch.watch(key.arn, (failure) => failing.abort(failure));
  try {
    const signal = AbortSignal.any([options.signal, failing.signal]);
    const mayGoOn = yield* documents({ ...options, signal }, at);
    const failure: unknown = failing.signal.reason;
    if (mayGoOn && failure instanceof KeyFailure) yield* refusal(at.after, keyErrorOf(failure));
  } catch (error) {
    if (!(error instanceof KeyFailure)) throw error;
    yield* refusal(at.after, keyErrorOf(error));
  } finally {
    unwatch();
  }
}

/** With the number that would have come next: readers take none twice. */
function* refusal(after: string | undefined, code: KeyErrorCode): Generator<Uint8Array> {
  const next = (BigInt(after ?? "0") + 1n).toString().padStart(numberDigits, "0");
  yield errorDocument(next, keyErrors[code], code);
}

/** Whether another document may follow. Keeps the number of the last one in `at`. @throws KeyFailure between documents */
async function* documents(
  options: MediaSessionOptions,
  at: { after: string | undefined },
): AsyncGenerator<Uint8Array, boolean> {
  const { records, live, sleep, streamId, signal, isOver } = options;
  for (;;) {
    // In this order: what leaves the first before we look is in the second.
    const arriving = live.next(streamId, at.after);
    const stored = await listFragmentsAfter(records.db, streamId, at.after, rowsAtOnce);
    let isBehind = false;
    for (const fragment of stored) {
      if (arriving !== undefined && arriving.facts.number <= fragment.number) break;
      if (signal.aborted || isOver()) return true;
      isBehind = true;
      if (!(yield* storedDocument(options, fragment))) return false;
      at.after = fragment.number;
    }
    if (signal.aborted || isOver()) return true;
    if (isBehind) continue;
    if (arriving === undefined) {
      if ((await findStreamById(records.db, streamId)) === undefined) return false;
      await orAborted(live.anotherBegins(streamId, at.after, sleep(pollMs)), signal);
    } else if (yield* liveDocument(options, arriving)) at.after = arriving.facts.number;
    else return false;
  }
}

/** `false`: the stream is deleted. */
async function* storedDocument(
  options: MediaSessionOptions,
  stored: StoredFragment,
): AsyncGenerator<Uint8Array, boolean> {
  const { fragments, log } = options;
  try {
    const header = await fragments.readHeader(stored);
    const { body } = await fragments.read(stored);
    yield openHeader(header);
    if (0 < stored.clusterFrom) yield body.subarray(0, stored.clusterFrom);
    yield fragmentTags(stored);
    yield body.subarray(stored.clusterFrom);
  } catch (error) {
    if (error instanceof KeyMissing) return false;
    if (!(error instanceof FragmentDamaged)) throw error;
    log.error({ streamId: stored.streamId, number: stored.number, err: error }, "a fragment cannot be read");
    yield errorTags(stored.number, 5000, "INTERNAL_ERROR");
  }
  yield positionTags(stored.number, await millisBehind(options, stored.serverTimestamp));
  return true;
}

/**
 * A fragment that broke off has no tags at its end; if its cluster is of unknown size, the next document ends it.
 * `false`: the reader cannot go on.
 */
async function* liveDocument(options: MediaSessionOptions, live: LiveFragment): AsyncGenerator<Uint8Array, boolean> {
  const { records, fragments, streamId, signal } = options;
  const { number, header, clusterFrom, isOpen, serverTimestamp } = live.facts;
  yield openHeader(header);
  let sent = 0;
  let shown = 0;
  while (!signal.aborted) {
    const { changed, state } = live;
    shown = live.sizeBytes;
    if (sent < shown) {
      const piece = live.piece(sent) ?? (await storedRest(sent));
      if (piece === undefined) return false;
      if (sent === clusterFrom) yield fragmentTags(live.facts);
      const part = sent < clusterFrom ? piece.subarray(0, clusterFrom - sent) : piece;
      yield part;
      sent += part.length;
    } else if (state === "arriving") await orAborted(changed, signal);
    else if (state === "broken") return isOpen;
    else {
      yield positionTags(number, await millisBehind(options, serverTimestamp));
      return true;
    }
  }
  // Between two elements, of which any may be the cluster's last.
  return sent === 0 || (isOpen && clusterFrom < sent && sent === shown);

  /** `undefined`: it is not there, or its key cannot be used. */
  async function storedRest(from: number): Promise<Uint8Array | undefined> {
    const [stored] = await findFragments(records.db, streamId, [number]);
    try {
      return stored && (await fragments.read(stored)).body.subarray(from);
    } catch (error) {
      if (error instanceof KeyFailure) return undefined;
      throw error;
    }
  }
}

/** From the newest fragment of the stream. */
async function millisBehind({ records, live, streamId }: MediaSessionOptions, serverTimestamp: number) {
  const newest =
    live.newestServerTimestamp(streamId) ?? (await findNewestFragment(records.db, streamId))?.serverTimestamp;
  return (newest ?? serverTimestamp) - serverTimestamp;
}

/** Leaves nothing behind at the signal: a session waits a hundred thousand times. */
async function orAborted(change: Promise<void>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const wake = () => resolve();
  signal.addEventListener("abort", wake);
  change.then(wake);
  await promise;
  signal.removeEventListener("abort", wake);
}
