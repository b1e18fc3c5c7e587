/**
 * An object's bytes, wherever its row says they lie.
 */
import type { BlobStore, ByteRange } from "../blobs/blob-store.ts";
import { openBytes, type SealingKey } from "../keys/xaes.ts";
import type { StoredObject, StoredPart } from "../records/objects.ts";
import { DamagedBytes, openFrames, sealedRange } from "./frames.ts";
import { aboutInline } from "./intake.ts";

export type ReadOptions = {
  /** Chunks may be looked at until the next one is asked for. */
  lend?: boolean;
  /** What the bytes are sealed under. `undefined`: they lie as they are. */
  key?: SealingKey;
};

/**
 * The first bytes are at hand when it resolves. Parts are opened one after the other.
 *
 * @throws DamagedBytes, also later on, for sealed bytes that are not as they were stored
 */
export async function readBytes(
  blobs: BlobStore,
  { bytes, size }: Pick<StoredObject, "bytes" | "size">,
  { from, to }: ByteRange = { from: 0, to: size },
  options: ReadOptions = {},
): Promise<AsyncIterable<Uint8Array>> {
  if (bytes.kind === "inline") return once(openInline(bytes.bytes, options.key).subarray(from, to));
  if (bytes.kind === "blob") return open(blobs, bytes.blob, size, { from, to }, options);

  const pieces = [...piecesOf(bytes.parts, from, to)];
  const [first, ...others] = pieces;
  return first === undefined
    ? once(new Uint8Array())
    : joined(blobs, await openPiece(blobs, first, options), others, options);
}

/** Bytes that lie in a row. @throws DamagedBytes */
export function openInline(bytes: Uint8Array, key: SealingKey | undefined): Uint8Array {
  const opened = key === undefined ? bytes : openBytes(key, bytes, aboutInline);
  if (opened === undefined) throw new DamagedBytes("the bytes of a row are damaged");
  return opened;
}

type Piece = { part: StoredPart; from: number; to: number };

/** What of each part lies in `[from, to)`. */
function* piecesOf(parts: readonly StoredPart[], from: number, to: number): Generator<Piece> {
  let start = 0;
  for (const part of parts) {
    const piece = { part, from: Math.max(0, from - start), to: Math.min(part.size, to - start) };
    if (piece.from < piece.to) yield piece;
    start += part.size;
  }
}

function joined(
  blobs: BlobStore,
  first: AsyncIterable<Uint8Array>,
  others: readonly Piece[],
  options: ReadOptions,
): AsyncIterable<Uint8Array> {
  const opened = first[Symbol.asyncIterator]();
  async function* chunks(): AsyncGenerator<Uint8Array> {
    yield* { [Symbol.asyncIterator]: () => opened };
    for (const piece of others) yield* await openPiece(blobs, piece, options);
  }
  return closingUnbegun(chunks(), opened);
}

/** A generator that never began runs no `finally`: so who gives up before the first chunk closes `source` here. */
function closingUnbegun(
  chunks: AsyncGenerator<Uint8Array>,
  source: AsyncIterator<Uint8Array>,
): AsyncIterable<Uint8Array> {
  let begun = false;
  const iterator: AsyncIterator<Uint8Array> = {
    next() {
      begun = true;
      return chunks.next();
    },
    async return() {
      if (!begun) await source.return?.();
      return chunks.return(undefined);
    },
  };
  return { [Symbol.asyncIterator]: () => iterator };
}

function openPiece(
  blobs: BlobStore,
  { part, from, to }: Piece,
  options: ReadOptions,
): Promise<AsyncIterable<Uint8Array>> {
  return open(blobs, part.blob, part.size, { from, to }, options);
}

async function open(
  blobs: BlobStore,
  blob: string,
  size: number,
  range: ByteRange,
  { lend, key }: ReadOptions,
): Promise<AsyncIterable<Uint8Array>> {
  if (key !== undefined && range.to <= range.from && 0 < size) return once(new Uint8Array());
  const isWhole = range.from === 0 && size <= range.to;
  const bytes =
    key === undefined
      ? await blobs.get(blob, isWhole ? undefined : range, { lend })
      : await blobs.get(blob, sealedRange(size, range), { lend: true });
  if (bytes === undefined) throw new Error(`blob ${blob} is gone`);
  return key === undefined ? bytes : begun(openFrames(key, blob, size, range, bytes, { lend }));
}

/** With its first chunk at hand, so that damage there is known before an answer begins. */
async function begun(chunks: AsyncGenerator<Uint8Array>): Promise<AsyncIterable<Uint8Array>> {
  const first = await chunks.next();
  async function* all(): AsyncGenerator<Uint8Array> {
    if (first.done) return;
    yield first.value;
    yield* chunks;
  }
  return closingUnbegun(all(), chunks);
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  if (bytes.length > 0) yield bytes;
}
