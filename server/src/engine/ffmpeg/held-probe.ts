/**
 * ffprobe started ahead of need.
 *
 * It loads two hundred libraries, which takes three times as long as looking at a file does. So it is started with a local
 * address that does not answer before there is something to look at, and by then it has loaded. It only saves time:
 * whatever it does not answer well, a fresh ffprobe is asked.
 */
import type { Closeable } from "../../base/lifetime.ts";
import type { Random } from "../../base/random.ts";
import { type Probe, probe } from "./probe.ts";
import { openRangeServer, type RangeServer, type ServedBytes } from "./range-server.ts";

export type HeldProbeOptions = {
  /** Of what there will be to look at, such as `.mp4`; or "". */
  extension: string;
  random: Random;
  ffprobePath?: string;
  inBackground?: boolean;
};

/** One that has not been asked by then ends, and gives its memory back (about 10 MB). */
const holdMs = 10 * 60_000;

export class HeldProbe implements Closeable {
  readonly extension: string;
  readonly #server: RangeServer;
  readonly #stop = new AbortController();
  readonly #answer: Promise<Probe | undefined>;
  #ended = false;

  static async open(options: HeldProbeOptions): Promise<HeldProbe> {
    return new HeldProbe(await openRangeServer(options), options);
  }

  private constructor(server: RangeServer, { extension, ffprobePath, inBackground }: HeldProbeOptions) {
    this.extension = extension;
    this.#server = server;
    const { signal } = this.#stop;
    this.#answer = probe(server.url, { ffprobePath, inBackground, signal, timeoutMs: holdMs })
      .then((found) => ("failure" in found ? undefined : found))
      .catch(() => undefined)
      .finally(() => {
        this.#ended = true;
      });
  }

  /** Where what is served can be read, by others too, until this is closed. */
  get url(): string {
    return this.#server.url;
  }

  get hasEnded(): boolean {
    return this.#ended;
  }

  /** Only the first call counts. */
  serve(bytes: ServedBytes): void {
    this.#server.serve(bytes);
  }

  /** What is served, as ffprobe sees it. `undefined`: look at it afresh. */
  async look({ signal, timeoutMs }: { signal: AbortSignal; timeoutMs: number }): Promise<Probe | undefined> {
    const stop = () => this.#stop.abort();
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    const timer = setTimeout(stop, timeoutMs);
    try {
      return await this.#answer;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", stop);
    }
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#answer;
    await this.#server.close();
  }
}

/** Keeps one ready between jobs, for a file of the same kind as the last: whoever never had a job pays nothing. */
export class ProbeKeeper implements Closeable {
  readonly #options: Omit<HeldProbeOptions, "extension">;
  #extension: string | undefined;
  #kept: Promise<HeldProbe | undefined> = Promise.resolve(undefined);
  #closed = false;

  constructor(options: Omit<HeldProbeOptions, "extension">) {
    this.#options = options;
  }

  /** The one that is kept, or else one that begins to load now. It is the caller's to close. */
  async take(extension: string): Promise<HeldProbe> {
    const taken = this.#kept;
    this.#kept = Promise.resolve(undefined);
    this.#extension = extension;
    const kept = await taken;
    if (kept?.extension === extension && !kept.hasEnded) return kept;
    await kept?.close();
    return HeldProbe.open({ ...this.#options, extension });
  }

  /** Starts one unless one is ready. */
  keep(): void {
    const extension = this.#extension;
    if (extension === undefined) return;
    this.#kept = this.#kept.then(async (kept) => {
      if (this.#closed || (kept && !kept.hasEnded)) return kept;
      await kept?.close();
      return HeldProbe.open({ ...this.#options, extension }).catch(() => undefined);
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await (await this.#kept)?.close();
  }
}
