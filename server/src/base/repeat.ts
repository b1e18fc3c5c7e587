/**
 * Work that is done again and again beside everything else.
 */
import type { Closeable } from "./lifetime.ts";

/**
 * Every so many milliseconds, but never twice at once. `failed` hears what a run threw; the next one comes all the same.
 * Closing aborts the signal and waits for the run.
 */
export function repeat(
  everyMs: number,
  work: (signal: AbortSignal) => Promise<void>,
  failed: (error: unknown) => void,
): Closeable {
  const stopping = new AbortController();
  let run = Promise.resolve();
  let busy = false;
  const timer = setInterval(() => {
    if (busy) return;
    busy = true;
    run = work(stopping.signal)
      .catch(failed)
      .finally(() => {
        busy = false;
      });
  }, everyMs);
  timer.unref();
  return {
    async close() {
      clearInterval(timer);
      stopping.abort();
      await run;
    },
  };
}
