/**
 * A running job as it goes, until it ends: bars in a terminal (one for the whole, one for each output), lines where there
 * is none.
 */
import cliProgress from "cli-progress";
import type { Client } from "./client.ts";

type Progress = { Percent?: number | null; Speed?: number | null; EtaSeconds?: number | null; Stage?: string | null };

type WatchedJob = {
  Status: string;
  Outputs: { Id: string; Key: string; Status: string; StatusDetail?: string | null }[];
  Millrace?: (Progress & { Outputs?: (Progress & { Id: string })[] }) | null;
};

const pollMs = 500;

/** 0 when the job ends Complete, 1 when it ends otherwise. */
export async function watchJob(client: Client, id: string, out: NodeJS.WriteStream = process.stdout): Promise<number> {
  const view = out.isTTY ? new JobBars(out) : new JobLines(out);
  try {
    for (;;) {
      const answer = await client.call("GET", `/2012-09-25/jobs/${encodeURIComponent(id)}`);
      const { Job: job } = answer as { Job: WatchedJob };
      view.show(job);
      if (ended.includes(job.Status)) {
        view.close();
        for (const { Id, Key, StatusDetail } of job.Outputs) {
          if (StatusDetail) out.write(`  output ${Id} ${Key}: ${StatusDetail}\n`);
        }
        return job.Status === "Complete" ? 0 : 1;
      }
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
  } finally {
    view.close();
  }
}

const ended = ["Complete", "Error", "Canceled"];

const nameWidth = 24;

class JobBars {
  readonly #bars: cliProgress.MultiBar;
  readonly #shown = new Map<string, cliProgress.SingleBar>();
  readonly #rows: number;
  #closed = false;

  constructor(stream: NodeJS.WriteStream) {
    this.#rows = stream.rows;
    const options = {
      format: "  {name} {bar} {percentage}% {note}",
      barCompleteChar: "█",
      barIncompleteChar: "░",
      barsize: 32,
      // Long lines are cut, and the cursor stays: a terminal that was changed would remain so after Ctrl-C.
      linewrap: true,
      stream,
      emptyOnZero: true,
    };
    this.#bars = new cliProgress.MultiBar(options, cliProgress.Presets.shades_classic);
  }

  show(job: WatchedJob): void {
    const progress: NonNullable<WatchedJob["Millrace"]> = job.Millrace ?? {};
    this.#bar("", "job", job.Status, progress.Percent, noteOf(progress));
    // Bars that scroll out of the screen cannot be redrawn.
    for (const { Id, Key, Status } of job.Outputs.slice(0, this.#rows - 3)) {
      const own: Progress = progress.Outputs?.find((output) => output.Id === Id) ?? {};
      this.#bar(Id, Key, Status, own.Percent, noteOf({ ...own, Stage: undefined }));
    }
  }

  /** Its timer would keep the process alive. */
  close(): void {
    if (!this.#closed) this.#bars.stop();
    this.#closed = true;
  }

  #bar(id: string, name: string, status: string, percent: number | null | undefined, note: string): void {
    const shownNote = ended.includes(status) ? status : note;
    // Keys differ at their ends.
    const shownName = name.length <= nameWidth ? name.padEnd(nameWidth) : `…${name.slice(1 - nameWidth)}`;
    const bar = this.#shown.get(id) ?? this.#bars.create(100, 0, { name: shownName, note: shownNote });
    this.#shown.set(id, bar);
    bar.update(status === "Complete" ? 100 : Math.floor(percent ?? 0), { note: shownNote });
  }
}

/** A line when something happens, and every few seconds of a long stage. */
class JobLines {
  readonly #out: NodeJS.WriteStream;
  #happening = "";
  #line = "";
  #at = 0;

  constructor(out: NodeJS.WriteStream) {
    this.#out = out;
  }

  show({ Status, Millrace }: WatchedJob): void {
    const progress = ended.includes(Status) ? {} : (Millrace ?? {});
    const happening = `${Status} ${progress.Stage ?? ""}`;
    const percent = progress.Percent == null ? "" : `${Math.floor(progress.Percent)}%`;
    const line = [Status, percent, noteOf(progress)].filter(Boolean).join("  ");
    const isTime = linesEveryMs <= performance.now() - this.#at && line !== this.#line;
    if (happening === this.#happening && !isTime) return;
    this.#out.write(`  ${line}\n`);
    [this.#happening, this.#line, this.#at] = [happening, line, performance.now()];
  }

  close(): void {}
}

const linesEveryMs = 5000;

function noteOf({ Speed, EtaSeconds, Stage }: Progress): string {
  return [
    Stage,
    Speed == null ? undefined : `${Speed.toFixed(1)}x`,
    EtaSeconds == null ? undefined : `${Math.ceil(EtaSeconds)} s to go`,
  ]
    .filter((part) => part != null)
    .join(", ");
}
