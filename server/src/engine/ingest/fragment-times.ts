/**
 * How long a fragment lasts, by the times of its frames as they come: in decoding order, so the last one need not be the
 * latest. All in ticks.
 */
import type { FrameEvent } from "@millrace/media/matroska/events";

/** Of a track: the latest frame, and the one before it on the timeline. */
type Times = { latest: number; before: number | undefined; duration: number | undefined };

export class FragmentTimes {
  readonly #tracks = new Map<number, Times>();

  take({ track, timestamp, duration }: Pick<FrameEvent, "track" | "timestamp" | "duration">): void {
    const times = this.#tracks.get(track);
    if (times === undefined) this.#tracks.set(track, { latest: timestamp, before: undefined, duration });
    else if (times.latest < timestamp) {
      times.before = times.latest;
      times.latest = timestamp;
      times.duration = duration;
    } else if (timestamp < times.latest && (times.before ?? timestamp) <= timestamp) times.before = timestamp;
  }

  has(track: number): boolean {
    return this.#tracks.has(track);
  }

  /**
   * From `start` to the end of the frame that ends last. A frame lasts as long as it says, or as its track says by
   * `defaultOf`, or as the one before it.
   */
  durationFrom(start: number, defaultOf: (track: number) => number | undefined): number {
    const ends = [...this.#tracks].map(([track, { latest, before = latest, duration }]) => {
      return latest + (duration || defaultOf(track) || latest - before);
    });
    return Math.max(0, ...ends.map((end) => end - start));
  }
}
