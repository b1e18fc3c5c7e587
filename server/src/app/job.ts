/**
 * `millrace job`: looking at jobs from the command line.
 */
import { type Client, clientFlags, clientHelp, openClient } from "./client.ts";
import { watchJob } from "./job-bars.ts";
import { describeOptions, parseOptions, refuseBeyond, UsageError } from "./options.ts";

/** What `job list` shows without --all. */
const newest = 50;

const statuses = ["Submitted", "Progressing", "Complete", "Canceled", "Error"];

const help = `usage: millrace job list            the newest jobs of the region, newest first
       millrace job watch ID        bars until the job ends; exits 0 only when it is Complete
       millrace job show ID         all of it, as JSON
       millrace job log ID          the exact FFmpeg command lines and what FFmpeg said
       millrace job cancel ID       a Submitted job; with --force a running one too, within a second

  --status STATUS                  only Submitted, Progressing, Complete, Canceled or Error ones
  --pipeline ID                    only those of this pipeline
  --all                            as many as there are, not just ${newest}
  --force                          cancel a job although it runs
${clientHelp}${describeOptions("job")}`;

type Job = {
  Id: string;
  Status: string;
  Input?: { Key?: string } | null;
  Outputs?: { Id: string; Key: string; Status: string; StatusDetail?: string | null }[];
  Timing?: { SubmitTimeMillis?: number | null };
};

type Flags = Record<string, string | boolean | undefined>;

const ownFlags = {
  help: "boolean",
  force: "boolean",
  all: "boolean",
  status: "string",
  pipeline: "string",
  ...clientFlags,
} as const;

export async function run(args: string[]): Promise<number> {
  const { config, flags, positionals } = parseOptions("job", args, process.env, ownFlags);
  if (flags.help) {
    process.stdout.write(help);
    return 0;
  }
  const [verb = "", id = ""] = positionals;
  if (verb !== "list" && (!["watch", "show", "log", "cancel"].includes(verb) || id === "")) {
    throw new UsageError("say job list, or job watch|show|log|cancel ID; millrace job --help tells more");
  }
  refuseBeyond(verb === "list" ? 1 : 2, positionals);
  if (flags.status && !statuses.includes(String(flags.status))) {
    throw new UsageError(`--status must be one of ${statuses.join(", ")}`);
  }
  const client = await openClient(config, flags, "elastictranscoder");
  const path = `/2012-09-25/jobs/${encodeURIComponent(id)}`;
  if (verb === "list") return list(client, flags);
  if (verb === "watch") return watchJob(client, id);
  if (verb === "show") process.stdout.write(`${JSON.stringify(await client.call("GET", path), null, 2)}\n`);
  if (verb === "log") process.stdout.write(((await client.call("GET", `${path}/log`)) as { Log: string }).Log);
  if (verb === "cancel") await cancel(client, path, id, flags);
  return 0;
}

async function list(client: Client, flags: Flags): Promise<number> {
  const wanted = flags.status ? [String(flags.status)] : statuses;
  const lists = flags.pipeline
    ? [`jobsByPipeline/${encodeURIComponent(String(flags.pipeline))}`]
    : wanted.map((status) => `jobsByStatus/${status}`);
  const most = flags.all ? Number.POSITIVE_INFINITY : newest;
  const found: Job[] = [];
  for (const path of lists) found.push(...(await readNewest(client, path, wanted, most + 1)));
  // Ids begin with the time of submission.
  found.sort((one, other) => (one.Id < other.Id ? 1 : -1));

  for (const job of found.slice(0, most)) print(job);
  if (found.length === 0) process.stdout.write(`no such jobs in ${client.region}\n`);
  if (most < found.length) process.stdout.write("there are older ones: --all lists them too\n");
  return 0;
}

/** Page after page of one list, until there are `most` in one of the `wanted` states. */
async function readNewest(client: Client, path: string, wanted: readonly string[], most: number): Promise<Job[]> {
  const found: Job[] = [];
  let token: string | null = "";
  while (token !== null && found.length < most) {
    const query = `Ascending=false${token && `&PageToken=${token}`}`;
    const page = (await client.call("GET", `/2012-09-25/${path}?${query}`)) as {
      Jobs: Job[];
      NextPageToken: string | null;
    };
    found.push(...page.Jobs.filter(({ Status }) => wanted.includes(Status)));
    token = page.NextPageToken;
  }
  return found;
}

function print({ Id, Status, Input, Outputs, Timing }: Job): void {
  const at = new Date(Timing?.SubmitTimeMillis ?? 0).toISOString();
  process.stdout.write(`${Id}  ${at}  ${Status.padEnd(11)}  ${Input?.Key ?? ""} → ${Outputs?.length} output(s)\n`);
  for (const { Id, Key, StatusDetail } of Outputs ?? []) {
    if (StatusDetail) process.stdout.write(`    ${Id} ${Key}: ${StatusDetail}\n`);
  }
}

async function cancel(client: Client, path: string, id: string, { force }: Flags): Promise<void> {
  try {
    await client.call("DELETE", force ? `${path}?force=true` : path);
  } catch (error) {
    const { Job: job } = (await client.call("GET", path)) as { Job: Job };
    if (job.Status === "Progressing" && !force) {
      throw new UsageError(`${id} runs already: millrace job cancel --force ${id} ends it all the same`);
    }
    if (job.Status !== "Submitted" && job.Status !== "Progressing") {
      throw new UsageError(`${id} has ended already: it is ${job.Status}`);
    }
    throw error;
  }
  process.stdout.write(`${id} is canceled\n`);
}
