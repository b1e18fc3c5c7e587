/**
 * Records of calls, read back from their files.
 */
import { open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { dayFile } from "./audit-log.ts";
import type { CloudTrailRecord } from "./cloudtrail-record.ts";

export type ReadOptions = {
  folder: string;
  /** Milliseconds since the epoch: days before are not opened. */
  sinceMs: number;
  /** Wait for more at the end, until it aborts. */
  follow?: AbortSignal | undefined;
};

const lookedAtEveryMs = 500;
const chunkBytes = 1 << 18;

/** In the order in which they were written. Lines that a crash has torn are left out. */
export async function* readRecords({ folder, sinceMs, follow }: ReadOptions): AsyncGenerator<CloudTrailRecord> {
  const first = new Date(sinceMs).toISOString().slice(0, 10);
  const read = new Map<string, LineReader>();
  for (;;) {
    const names = await readdir(folder).catch(() => [] as string[]);
    for (const name of names.filter((one) => first <= (dayFile.exec(one)?.[1] ?? "")).sort()) {
      let lines = read.get(name);
      if (lines === undefined) {
        lines = new LineReader(join(folder, name));
        read.set(name, lines);
      }
      for await (const line of lines.more()) {
        const record = parse(line);
        if (record !== undefined) yield record;
      }
    }
    if (follow === undefined || follow.aborted) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(done, lookedAtEveryMs);
      function done() {
        clearTimeout(timer);
        follow!.removeEventListener("abort", done);
        resolve();
      }
      follow.addEventListener("abort", done);
    });
  }
}

function parse(line: string): CloudTrailRecord | undefined {
  try {
    const record = JSON.parse(line);
    return typeof record?.eventTime === "string" && typeof record.additionalEventData === "object" ? record : undefined;
  } catch {
    return undefined;
  }
}

/** Whole lines of a file that grows, each once. */
class LineReader {
  readonly #path: string;
  #at = 0;

  constructor(path: string) {
    this.#path = path;
  }

  async *more(): AsyncGenerator<string> {
    const file = await open(this.#path, "r").catch(() => undefined);
    if (file === undefined) return;
    try {
      let rest = Buffer.alloc(0);
      for (let from = this.#at; ; ) {
        const { bytesRead, buffer } = await file.read(Buffer.alloc(chunkBytes), 0, chunkBytes, from);
        if (bytesRead === 0) return;
        from += bytesRead;
        const bytes = Buffer.concat([rest, buffer.subarray(0, bytesRead)]);
        let start = 0;
        for (let end = bytes.indexOf(10); 0 <= end; end = bytes.indexOf(10, start)) {
          const line = bytes.toString("utf8", start, end);
          start = end + 1;
          this.#at += Buffer.byteLength(line) + 1;
          yield line;
        }
        rest = bytes.subarray(start);
      }
    } finally {
      await file.close();
    }
  }
}
