/**
 * A running job's log: lines go in, chunks of them go to the job's rows now and then.
 *
 * Bounded: of an attempt's log the beginning (where the command lines are) and the end (where the trouble is) stay.
 */
import type { Clock } from "../../base/clock.ts";
import { deleteJobLog, insertJobLog } from "../../storage/records/job-logs.ts";
import type { Records } from "../../storage/records/records.ts";

const headChars = 96 * 1024;
const tailChars = 160 * 1024;
/** No command line is so long; a longer line is noise. */
const lineChars = 64 * 1024;

export class LogWriter {
  readonly #records: Records;
  readonly #clock: Clock;
  readonly #of: { job_id: string; attempt: number };
  #pending: string[] = [];
  #pendingChars = 0;
  #droppedLines = 0;
  #headLeft = headChars;
  #tail: { at: number; chars: number }[] = [];
  #lastAt = 0;

  constructor(records: Records, clock: Clock, jobId: string, attempt: number) {
    this.#records = records;
    this.#clock = clock;
    this.#of = { job_id: jobId, attempt };
  }

  line(text: string): void {
    const line = `${text.length <= lineChars ? text : `${text.slice(0, lineChars)}…`}\n`;
    // Between two flushes FFmpeg can say more than will be kept; memory must not hold it all.
    if (headChars + tailChars < this.#pendingChars + line.length) {
      this.#droppedLines++;
      return;
    }
    this.#pending.push(line);
    this.#pendingChars += line.length;
  }

  /** One row for what has come since the last; drops rows from the middle when there are too many. */
  async flush(): Promise<void> {
    if (this.#pending.length === 0) return;
    if (0 < this.#droppedLines) this.#pending.push(`… ${this.#droppedLines} lines left out\n`);
    // PostgreSQL's text cannot hold a NUL, and FFmpeg prints what a file says of itself.
    const text = this.#pending.join("").replaceAll("\0", "�").toWellFormed();
    this.#pending = [];
    this.#pendingChars = this.#droppedLines = 0;
    const at = Math.max(this.#clock(), this.#lastAt + 1);
    this.#lastAt = at;
    try {
      await insertJobLog(this.#records.db, { ...this.#of, at, text });
    } catch (error) {
      // The command line may be among them: they come with the next ones.
      this.#pending.unshift(text);
      this.#pendingChars += text.length;
      throw error;
    }
    if (0 < this.#headLeft) {
      this.#headLeft -= text.length;
      return;
    }
    this.#tail.push({ at, chars: text.length });
    let chars = this.#tail.reduce((sum, row) => sum + row.chars, 0);
    while (tailChars < chars && 1 < this.#tail.length) {
      const dropped = this.#tail.shift()!;
      chars -= dropped.chars;
      await deleteJobLog(this.#records.db, { ...this.#of, at: dropped.at });
    }
  }
}
