/**
 * Looking at what FFmpeg makes, begun before it has ended: so that a job waits for no ffprobe to load.
 *
 * Shortly before the end an ffprobe is started for each output, in the background. A first segment is given to it as soon
 * as it is complete, a whole file when FFmpeg has ended.
 */
import type { Closeable } from "../../base/lifetime.ts";
import type { Random } from "../../base/random.ts";
import { HeldProbe } from "./held-probe.ts";
import { readSegmentList } from "./measure-output.ts";
import { isSegmented } from "./plan-output-files.ts";
import { type Probe, probe } from "./probe.ts";
import { fileBytes } from "./range-server.ts";
import type { Failure, TranscodeOutput } from "./transcode.types.ts";

type Options = { scratchFolder: string; ffprobePath: string; signal: AbortSignal; random: Random };
type Look = { held: HeldProbe; isServed: boolean };

/** Loading takes a second or two where FFmpeg leaves little time, and waiting costs memory. */
const aheadSeconds = 5;
/** How long one that runs in the background may keep a job from its end. */
const patienceMs = 1000;

export class EarlyLooks implements Closeable {
  readonly #outputs: readonly TranscodeOutput[];
  readonly #options: Options;
  readonly #looks = new Map<string, Promise<Look | undefined>>();

  constructor(outputs: readonly TranscodeOutput[], options: Options) {
    this.#outputs = outputs;
    this.#options = options;
  }

  /** To be called now and then while FFmpeg works; NaN when nobody knows. Never throws. */
  async prepare(remainingSeconds: number): Promise<void> {
    if (!(remainingSeconds <= aheadSeconds)) return;
    await Promise.all(
      this.#outputs.map(async (output) => {
        const opening = this.#looks.get(output.id) ?? this.#open();
        this.#looks.set(output.id, opening);
        const look = await opening;
        if (look === undefined || look.isServed || !isSegmented(output)) return;
        const [first] = await readSegmentList(output.id, this.#options.scratchFolder);
        if (first !== undefined) await serve(look, first.path);
      }),
    );
  }

  /** `path`: the output's file or first segment, complete by now. */
  async probe(outputId: string, path: string): Promise<Probe | { failure: Failure }> {
    const look = await this.#looks.get(outputId);
    if (look !== undefined) await serve(look, path);
    return (
      (await look?.held.look({ signal: this.#options.signal, timeoutMs: patienceMs })) ?? probe(path, this.#options)
    );
  }

  async close(): Promise<void> {
    for (const opening of this.#looks.values()) await (await opening)?.held.close();
  }

  async #open(): Promise<Look | undefined> {
    const { random, ffprobePath, signal } = this.#options;
    if (signal.aborted) return undefined;
    const opening = HeldProbe.open({ extension: "", random, ffprobePath, inBackground: true });
    return opening.then((held) => ({ held, isServed: false })).catch(() => undefined);
  }
}

async function serve(look: Look, path: string): Promise<void> {
  look.isServed = true;
  const bytes = await fileBytes(path).catch(() => undefined);
  if (bytes !== undefined) look.held.serve(bytes);
}
