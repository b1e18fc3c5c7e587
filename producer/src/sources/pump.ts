/**
 * From a source to a producer; and what can be done to a source on the way: pace it, repeat it.
 */
import { wait } from "../control-plane.ts";
import type { Producer } from "../producer.ts";
import type { FrameSource, SourceEvent } from "./source.ts";

export type PumpOptions = {
  /** Milliseconds that the source's first frame gets: since the epoch for absolute timecodes. Default: when it comes. */
  startAtMs?: number;
  signal?: AbortSignal;
};

/** Puts all frames until the source ends or `signal` is aborted; the producer stays open. @throws what either throws */
export async function pump(
  source: FrameSource,
  producer: Pick<Producer, "put" | "setTracks">,
  { startAtMs, signal }: PumpOptions = {},
): Promise<void> {
  let offsetMs: number | undefined;
  for await (const event of source) {
    if (signal?.aborted) return;
    if (event.type === "tracks") producer.setTracks(event.tracks);
    else {
      offsetMs ??= (startAtMs ?? Date.now()) - event.frame.timestamp;
      const timestamp = event.frame.timestamp + offsetMs;
      // Sound may begin some milliseconds before the first picture, and nothing is before time zero.
      if (0 <= timestamp) await producer.put({ ...event.frame, timestamp });
    }
  }
}

/** Each frame when it is its time, as a camera would. A source that is slower is not held up. */
export async function* paceSource(
  source: FrameSource,
  { clock = Date.now, signal = new AbortController().signal }: { clock?: () => number; signal?: AbortSignal } = {},
): AsyncGenerator<SourceEvent> {
  let offsetMs: number | undefined;
  for await (const event of source) {
    if (event.type === "frame") {
      offsetMs ??= clock() - event.frame.timestamp;
      const aheadMs = event.frame.timestamp + offsetMs - clock();
      if (0 < aheadMs) await wait(aheadMs, signal);
    }
    if (signal.aborted) return;
    yield event;
  }
}

/** The source again and again, its times running on; a gap of the last frame's own distance is between. */
export async function* loopSource(open: () => FrameSource): AsyncGenerator<SourceEvent> {
  let offsetMs = 0;
  let told = "";
  for (;;) {
    let first: number | undefined;
    let last = 0;
    const lastOf = new Map<number, number>();
    let stepMs = 0;
    for await (const event of open()) {
      if (event.type === "tracks") {
        // The same tracks again need no connection of their own.
        const text = JSON.stringify(event.tracks, (_, value) => (typeof value === "bigint" ? String(value) : value));
        if (text !== told) yield event;
        told = text;
        continue;
      }
      const { frame } = event;
      first ??= frame.timestamp;
      stepMs = Math.max(1, Math.abs(frame.timestamp - (lastOf.get(frame.track) ?? frame.timestamp)));
      lastOf.set(frame.track, frame.timestamp);
      last = Math.max(last, frame.timestamp);
      yield { type: "frame", frame: { ...frame, timestamp: frame.timestamp + offsetMs } };
    }
    if (first === undefined) return;
    offsetMs += last - first + stepMs;
  }
}
