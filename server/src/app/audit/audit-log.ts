/**
 * Records of calls, a line of JSON each, in a file for each day (UTC): `audit/2026-04-02.jsonl`.
 *
 * Whoever calls does not wait for the disk: lines are written together every second, and at the end. What waits is
 * bounded. When the disk takes nothing, new records are lost, which the log says when it begins and when it is over.
 */
import { mkdir, open, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../../base/clock.ts";
import { uuid } from "../../base/ids.ts";
import type { Closeable } from "../../base/lifetime.ts";
import type { Log } from "../../base/log.ts";
import type { Random } from "../../base/random.ts";
import { repeat } from "../../base/repeat.ts";
import type { CallRecord } from "../../edge/call-record.ts";
import { cloudTrailRecord } from "./cloudtrail-record.ts";

export type AuditLogOptions = {
  folder: string;
  /** That records are kept. */
  days: number;
  /** Who owns the server. */
  accountId: string;
  clock: Clock;
  random: Random;
  log: Log;
  flushMs?: number;
  maxWaitingBytes?: number;
};

export interface AuditLog extends Closeable {
  record(call: CallRecord): void;
}

export const dayFile = /^(\d{4}-\d\d-\d\d)\.jsonl$/;

const day = 24 * 3600_000;

export async function openAuditLog(options: AuditLogOptions): Promise<AuditLog> {
  const { folder, days, accountId, clock, random, log, flushMs = 1000, maxWaitingBytes = 8 << 20 } = options;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  /** By day. */
  let waiting = new Map<string, Lines>();
  let bytes = 0;
  let lost = 0;
  let isBroken = false;
  let purgedOn = "";
  /** Files whose last line may be torn: by a crash before us, or by a write that failed. */
  const torn = new Set((await readdir(folder)).filter((name) => dayFile.test(name)));

  async function flush(): Promise<void> {
    const writing = waiting;
    waiting = new Map();
    for (const [date, lines] of writing) {
      const name = `${date}.jsonl`;
      try {
        await append(join(folder, name), lines.pages(torn.has(name)));
      } catch (error) {
        torn.add(name);
        // Those that came in the meantime stand behind them.
        for (const [other, later] of waiting) {
          const earlier = writing.get(other);
          if (earlier === undefined) writing.set(other, later);
          else earlier.append(later);
        }
        waiting = writing;
        if (!isBroken) log.error({ err: error, folder }, "records of calls cannot be written: they wait");
        isBroken = true;
        return;
      }
      torn.delete(name);
      writing.delete(date);
      bytes -= lines.size;
    }
    if (isBroken) log.info({ folder }, "records of calls are written again");
    isBroken = false;
    if (0 < lost) log.error({ lost, folder }, "records of calls were lost while they could not be written");
    lost = 0;
  }

  async function purge(): Promise<void> {
    const today = dateOf(clock());
    if (today === purgedOn) return;
    const first = dateOf(clock() - (days - 1) * day);
    for (const name of await readdir(folder)) {
      const date = dayFile.exec(name)?.[1];
      if (date !== undefined && date < first) await rm(join(folder, name));
    }
    purgedOn = today;
  }

  let flushing: Promise<void> | undefined;
  function flushOnce(): Promise<void> {
    flushing ??= flush().finally(() => {
      flushing = undefined;
    });
    return flushing;
  }

  await purge();
  const repeating = repeat(
    flushMs,
    async () => {
      await flushOnce();
      await purge();
    },
    (error) => log.error({ err: error, folder }, "old records of calls cannot be removed"),
  );
  return {
    record(call) {
      if (maxWaitingBytes <= bytes) {
        if (lost === 0)
          log.error({ folder }, "records of calls wait for the disk, and new ones are lost until it takes them");
        lost++;
        return;
      }
      const record = cloudTrailRecord(call, accountId, uuid(random));
      const date = record.eventTime.slice(0, 10);
      let lines = waiting.get(date);
      if (lines === undefined) {
        lines = new Lines();
        waiting.set(date, lines);
      }
      bytes += lines.push(`${JSON.stringify(record)}\n`);
      // Thousands of calls a second fill it before its time. A disk that takes nothing is asked at its time only.
      if (maxWaitingBytes / 2 <= bytes && !isBroken) void flushOnce();
    },
    async close() {
      await repeating.close();
      await flushing;
      await flush();
    },
  };
}

const pageBytes = 64 << 10;

/** Lines as bytes, outside the heap: texts that live for a second are copied by each of its collections. */
class Lines {
  size = 0;
  #pages: Buffer[] = [];
  #page = Buffer.alloc(0);
  #used = 0;

  /** What it takes. */
  push(line: string): number {
    // As UTF-8 a character of a text has three bytes at most.
    if (this.#page.length - this.#used < line.length * 3) this.#turn(Math.max(pageBytes, line.length * 3));
    const written = this.#page.write(line, this.#used);
    this.#used += written;
    this.size += written;
    return written;
  }

  append(later: Lines): void {
    this.#turn(0);
    this.#pages.push(...later.pages(false));
    this.size += later.size;
  }

  pages(afterBreak: boolean): Buffer[] {
    return [...(afterBreak ? [Buffer.from("\n")] : []), ...this.#pages, this.#page.subarray(0, this.#used)];
  }

  #turn(size: number): void {
    if (0 < this.#used) this.#pages.push(this.#page.subarray(0, this.#used));
    this.#page = Buffer.allocUnsafeSlow(size);
    this.#used = 0;
  }
}

/** @throws when the disk does not take all of it */
async function append(path: string, pages: readonly Buffer[]): Promise<void> {
  const file = await open(path, "a", 0o600);
  try {
    const { bytesWritten } = await file.writev(pages);
    const sizeBytes = pages.reduce((sum, page) => sum + page.length, 0);
    if (bytesWritten < sizeBytes) throw new Error(`only ${bytesWritten} of ${sizeBytes} bytes could be written`);
  } finally {
    await file.close();
  }
}

function dateOf(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 10);
}
