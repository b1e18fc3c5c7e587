/**
 * Chance as a parameter, so that a seed can decide it.
 */
import { randomFillSync } from "node:crypto";

/** Fresh bytes, unpredictable in production, replayable under a seed. They are the caller's own. */
export type Random = (sizeBytes: number) => Uint8Array;

/** Each asking of the system costs more than the few bytes that most want. */
const drawnBytes = 8192;
const mostAtOnce = 256;

const drawn = new Uint8Array(drawnBytes);
let used = drawnBytes;

/** What was handed out is not kept. */
export const systemRandom: Random = (sizeBytes) => {
  if (mostAtOnce < sizeBytes) return randomFillSync(new Uint8Array(sizeBytes));
  if (drawnBytes < used + sizeBytes) {
    randomFillSync(drawn);
    used = 0;
  }
  const from = used;
  used += sizeBytes;
  const bytes = drawn.slice(from, used);
  drawn.fill(0, from, used);
  return bytes;
};
