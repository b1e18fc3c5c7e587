/**
 * Chance as a parameter, so that a seed can decide it.
 */
import { randomFillSync } from "node:crypto";

/** Fresh bytes, unpredictable in production, replayable under a seed. */
export type Random = (sizeBytes: number) => Uint8Array;

export const systemRandom: Random = (sizeBytes) => randomFillSync(new Uint8Array(sizeBytes));
