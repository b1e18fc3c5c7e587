/**
 * `millrace job`: looking at jobs from the command line.
 */
import { type Client, clientFlags, clientHelp, openClient } from "./client.ts";
import { watchJob } from "./job-bars.ts";
import { describeOptions, parseOptions, UsageError } from "./options.ts";

const help = `usage: millrace job list [--status STATUS] [--pipeline ID]   newest first
       millrace job watch ID        bars until the job ends; exits 0 only when it is Complete
       millrace job show ID         all of it, as JSON
       millrace job log ID          the exact FFmpeg command lines and what FFmpeg said
       millrace job cancel ID       a Submitted job; with --force a running one too, within a second

  --status STATUS                  Submitted, Progressing, Complete, Canceled or Error
  --pipeline ID                    only the jobs of this pipeline
${clientHelp}${describeOptions("job")}`;

type Job = {
  Id: string;
  Status: string;
  Input?: { Key?: string } | null;
  Outputs?: { Id: string; Key: string; Status: string; StatusDetail?: string | null }[];
  Timing?: { SubmitTimeMillis?: number | null };
};

export async function run(args: string[]): Promise<number> {
  const own = { help: "boolean", force: "boolean", status: "string", pipeline: "string", ...clientFlags } as const;
  const { config, flags, positionals } = parseOptions("job", args, process.env, own);
  if (flags.help) {
    process.stdout.write(help);
    return 0;
  }
  const [verb = "", id = ""] = positionals;
  if (verb !== "list" && (!["watch", "show", "log", "cancel"].includes(verb) || id === "")) {
    throw new UsageError("say job list, or job watch|show|log|cancel ID; millrace job --help tells more");
  }
  const client = await openClient(config.data, flags);
  const path = `/2012-09-25/jobs/${encodeURIComponent(id)}`;
  if (verb === "list") return list(client, flags);
  if (verb === "watch") return watchJob(client, id);
  if (verb === "show") process.stdout.write(`${JSON.stringify(await client.call("GET", path), null, 2)}\n`);
  if (verb === "log") process.stdout.write(((await client.call("GET", `${path}/log`)) as { Log: string }).Log);
  if (verb === "cancel") await client.call("DELETE", flags.force ? `${path}?force=true` : path);
  return 0;
}

async function list(client: Client, flags: Record<string, string | boolean | undefined>): Promise<number> {
  const jobs: Job[] = [];
  const paths = flags.pipeline
    ? [`jobsByPipeline/${encodeURIComponent(String(flags.pipeline))}`]
    : (flags.status ? [String(flags.status)] : ["Progressing", "Submitted", "Complete", "Error", "Canceled"]).map(
        (status) => `jobsByStatus/${encodeURIComponent(status)}`,
      );
  for (const path of paths) {
    const page = (await client.call("GET", `/2012-09-25/${path}?Ascending=false`)) as { Jobs: Job[] };
    jobs.push(...page.Jobs.filter((job) => !flags.status || job.Status === flags.status));
  }
  jobs.sort((one, other) => (other.Timing?.SubmitTimeMillis ?? 0) - (one.Timing?.SubmitTimeMillis ?? 0));
  for (const job of jobs) {
    const at = new Date(job.Timing?.SubmitTimeMillis ?? 0).toISOString();
    process.stdout.write(
      `${job.Id}  ${at}  ${job.Status.padEnd(11)}  ${job.Input?.Key ?? ""} → ${job.Outputs?.length} output(s)\n`,
    );
    for (const output of job.Outputs ?? []) {
      if (output.StatusDetail) process.stdout.write(`    ${output.Id} ${output.Key}: ${output.StatusDetail}\n`);
    }
  }
  if (jobs.length === 0) process.stdout.write("no jobs\n");
  return 0;
}
