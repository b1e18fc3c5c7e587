/**
 * Small chunks of a stream put together.
 */
import type { Chunks } from "./until-aborted.ts";

/** Chunks of exactly `sizeBytes`, the last one smaller. Keeps copies: a chunk of `body` may be used again. */
export async function* gather(body: Chunks, sizeBytes: number): AsyncGenerator<Uint8Array> {
  let gathered: Uint8Array[] = [];
  let missing = sizeBytes;
  for await (let chunk of body) {
    while (missing <= chunk.length) {
      yield Buffer.concat([...gathered, chunk.subarray(0, missing)]);
      chunk = chunk.subarray(missing);
      gathered = [];
      missing = sizeBytes;
    }
    if (0 < chunk.length) gathered.push(Buffer.from(chunk));
    missing -= chunk.length;
  }
  if (0 < gathered.length) yield Buffer.concat(gathered);
}
