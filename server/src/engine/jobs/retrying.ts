/**
 * A storage that is away for a moment must not cost an hour of encoding.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { BucketError } from "../../storage/buckets/bucket-store.ts";

const pausesMs = [250, 1000, 4000];
/** Five minutes: for what comes after an hour of encoding. */
export const patientPausesMs = [...pausesMs, ...Array<number>(60).fill(5000)];

/** Runs `work` again, after a pause, while `again` says that its error may pass. Throws the last one. */
export async function retrying<T>(
  work: () => Promise<T>,
  again: (error: unknown) => boolean,
  signal?: AbortSignal,
  pauses: readonly number[] = pausesMs,
): Promise<T> {
  for (const pauseMs of pauses) {
    try {
      return await work();
    } catch (error) {
      if (signal?.aborted || !again(error)) throw error;
      await sleep(pauseMs, undefined, { signal });
    }
  }
  return work();
}

/** A bucket that is missing or refuses will do so again. */
export function mayPass(error: unknown): boolean {
  return error instanceof BucketError && error.kind === "failed";
}
