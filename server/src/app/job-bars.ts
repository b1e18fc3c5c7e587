/**
 * A running job as bars: one for the whole, one for each output, redrawn twice a second until it ends.
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
  const bars = new JobBars(out);
  try {
    for (;;) {
      const answer = await client.call("GET", `/2012-09-25/jobs/${encodeURIComponent(id)}`);
      const { Job: job } = answer as { Job: WatchedJob };
      bars.show(job);
      if (ended.includes(job.Status)) {
        bars.stop();
        for (const { Id, Key, StatusDetail } of job.Outputs) {
          if (StatusDetail) out.write(`  output ${Id} ${Key}: ${StatusDetail}\n`);
        }
        return job.Status === "Complete" ? 0 : 1;
      }
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
  } finally {
    bars.stop();
  }
}

const ended = ["Complete", "Error", "Canceled"];

class JobBars {
  readonly #bars: cliProgress.MultiBar;
  readonly #shown = new Map<string, cliProgress.SingleBar>();

  constructor(stream: NodeJS.WriteStream) {
    const options = {
      format: "  {name} {bar} {percentage}% {note}",
      barCompleteChar: "█",
      barIncompleteChar: "░",
      barsize: 32,
      hideCursor: true,
      noTTYOutput: true,
      notTTYSchedule: 5000,
      stream,
      emptyOnZero: true,
    };
    this.#bars = new cliProgress.MultiBar(options, cliProgress.Presets.shades_classic);
  }

  show(job: WatchedJob): void {
    const progress: NonNullable<WatchedJob["Millrace"]> = job.Millrace ?? {};
    this.#bar("job", job.Status, progress.Percent, noteOf(progress));
    for (const { Id, Key, Status } of job.Outputs) {
      const own: Progress = progress.Outputs?.find((output) => output.Id === Id) ?? {};
      this.#bar(Key, Status, own.Percent, noteOf({ ...own, Stage: undefined }));
    }
  }

  /** Its timer would keep the process alive. */
  stop(): void {
    this.#bars.stop();
  }

  #bar(name: string, status: string, percent: number | null | undefined, note: string): void {
    const shownNote = ended.includes(status) ? status : note;
    const bar =
      this.#shown.get(name) ?? this.#bars.create(100, 0, { name: name.padEnd(24).slice(0, 24), note: shownNote });
    this.#shown.set(name, bar);
    bar.update(status === "Complete" ? 100 : Math.floor(percent ?? 0), { note: shownNote });
  }
}

function noteOf({ Speed, EtaSeconds, Stage }: Progress): string {
  return [
    Stage,
    Speed == null ? undefined : `${Speed.toFixed(1)}x`,
    EtaSeconds == null ? undefined : `${Math.ceil(EtaSeconds)} s to go`,
  ]
    .filter((part) => part != null)
    .join(", ");
}
