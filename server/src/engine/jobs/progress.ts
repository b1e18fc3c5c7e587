/**
 * How far a job is, written to its row about once a second.
 */
import type { Clock } from "../../base/clock.ts";
import type { JobProgress } from "../../storage/records/job-document.ts";
import type { TranscodeProgress } from "../ffmpeg/transcode.types.ts";

/** Shares of the whole: what FFmpeg does, and the rest is storing. Probing takes no time worth a share. */
const transcodingShare = 0.97;

/** Pure bookkeeping: says what there is to write. Percents never fall. */
export class Progress {
  #now: JobProgress;
  #written: string | undefined;
  readonly #clock: Clock;
  #transcodingSince: number | undefined;

  constructor(outputIds: readonly string[], clock: Clock) {
    this.#clock = clock;
    this.#now = { percent: 0, stage: "waiting", outputs: outputIds.map((id) => ({ id, percent: 0 })) };
  }

  transcode({ stage, percent, speed, outputs }: TranscodeProgress): void {
    if (stage === "probing") return void this.#set("probing", 0);
    this.#transcodingSince ??= this.#clock();
    const elapsed = (this.#clock() - this.#transcodingSince) / 1000;
    const etaOf = (done: number) => (done < 1 || 100 <= done ? undefined : (elapsed * (100 - done)) / done);
    this.#set("transcoding", percent * transcodingShare, { speed, etaSeconds: etaOf(percent) });
    this.#outputs((id) => {
      const done = outputs.find((output) => output.id === id)?.percent;
      return done === undefined ? undefined : { percent: done * transcodingShare, speed, etaSeconds: etaOf(done) };
    });
  }

  /** `fraction` of the bytes lies in the bucket. */
  store(fraction: number): void {
    const percent = 100 * (transcodingShare + (1 - transcodingShare) * fraction);
    this.#set("storing", Math.min(percent, 99.9));
    this.#outputs(() => ({ percent: Math.min(percent, 99.9) }));
  }

  /** Of the outputs, those that failed stay where they were. */
  done(completeIds: readonly string[]): JobProgress {
    this.#set("done", completeIds.length === this.#now.outputs.length ? 100 : this.#now.percent);
    this.#outputs((id) => ({ percent: completeIds.includes(id) ? 100 : 0 }));
    return this.#now;
  }

  /** What the row should hold, when that is not what it was given last. */
  unwritten(): JobProgress | undefined {
    const text = JSON.stringify(this.#now);
    if (text === this.#written) return undefined;
    this.#written = text;
    return this.#now;
  }

  #set(stage: JobProgress["stage"], percent: number, more: { speed?: number; etaSeconds?: number } = {}): void {
    this.#now = { ...this.#now, ...figures(this.#now.percent, percent, more), stage };
  }

  #outputs(of: (id: string) => { percent: number; speed?: number; etaSeconds?: number } | undefined): void {
    const outputs = this.#now.outputs.map((output) => {
      const next = of(output.id);
      return next === undefined ? output : { id: output.id, ...figures(output.percent, next.percent, next) };
    });
    this.#now = { ...this.#now, outputs };
  }
}

function figures(before: number, percent: number, { speed, etaSeconds }: { speed?: number; etaSeconds?: number }) {
  return {
    percent: Math.max(before, round(Math.min(percent, 100))),
    speed: speed === undefined ? undefined : round(speed),
    etaSeconds: etaSeconds === undefined ? undefined : round(etaSeconds),
  };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
