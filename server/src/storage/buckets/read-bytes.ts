/**
 * An object's bytes, wherever its row says they lie.
 */
import type { BlobStore, ByteRange } from "../blobs/blob-store.ts";
import type { StoredObject, StoredPart } from "../records/objects.ts";

/** The first bytes are at hand when it resolves. Parts are opened one after the other. */
export async function readBytes(
  blobs: BlobStore,
  { bytes, size }: Pick<StoredObject, "bytes" | "size">,
  { from, to }: ByteRange = { from: 0, to: size },
  options?: { lend?: boolean },
): Promise<AsyncIterable<Uint8Array>> {
  const whole = from === 0 && size <= to;
  if (bytes.kind === "inline") return once(whole ? bytes.bytes : bytes.bytes.subarray(from, to));
  if (bytes.kind === "blob") return open(blobs, bytes.blob, whole ? undefined : { from, to }, options);

  const pieces = [...piecesOf(bytes.parts, from, to)];
  const [first, ...others] = pieces;
  return first === undefined
    ? once(new Uint8Array())
    : joined(blobs, await openPiece(blobs, first, options), others, options);
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

/** A generator that never began runs no `finally`: so who gives up before the first chunk closes the first part here. */
function joined(
  blobs: BlobStore,
  first: AsyncIterable<Uint8Array>,
  others: readonly Piece[],
  options: { lend?: boolean } | undefined,
): AsyncIterable<Uint8Array> {
  const opened = first[Symbol.asyncIterator]();
  async function* chunks(): AsyncGenerator<Uint8Array> {
    yield* { [Symbol.asyncIterator]: () => opened };
    for (const piece of others) yield* await openPiece(blobs, piece, options);
  }
  const all = chunks();
  let begun = false;
  const iterator: AsyncIterator<Uint8Array> = {
    next() {
      begun = true;
      return all.next();
    },
    async return() {
      if (!begun) await opened.return?.();
      return all.return(undefined);
    },
  };
  return { [Symbol.asyncIterator]: () => iterator };
}

function openPiece(
  blobs: BlobStore,
  { part, from, to }: Piece,
  options: { lend?: boolean } | undefined,
): Promise<AsyncIterable<Uint8Array>> {
  return open(blobs, part.blob, from === 0 && to === part.size ? undefined : { from, to }, options);
}

async function open(
  blobs: BlobStore,
  blob: string,
  range: ByteRange | undefined,
  options: { lend?: boolean } | undefined,
): Promise<AsyncIterable<Uint8Array>> {
  const bytes = await blobs.get(blob, range, options);
  if (bytes === undefined) throw new Error(`blob ${blob} is gone`);
  return bytes;
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  if (bytes.length > 0) yield bytes;
}
