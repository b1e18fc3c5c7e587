/**
 * `millrace worker`: a process that only claims jobs, beside others over the same database and stores.
 */
import { openMillrace } from "./compose.ts";
import { createLog } from "./create-log.ts";
import { describeOptions, parseOptions, refuseBeyond, UsageError } from "./options.ts";
import { untilSignal } from "./until-signal.ts";

const help = `usage: millrace worker --database postgres://… [--blobs s3://…] [options]

Claims and runs jobs beside any number of serve and worker processes. The bytes must be where all of them reach them:
--blobs or --buckets (or the same --data folder on one machine).

${describeOptions("worker")}`;

export async function run(args: string[]): Promise<number> {
  const { config, flags, positionals } = parseOptions("worker", args, process.env, { help: "boolean" });
  if (flags.help) {
    process.stdout.write(help);
    return 0;
  }
  refuseBeyond(0, positionals);
  if (config.database === undefined) {
    throw new UsageError(
      "a worker shares its jobs with others through --database postgres://…; alone, run millrace serve",
    );
  }
  const log = createLog(config["log-level"]);
  const millrace = await openMillrace(config, "worker", log);
  process.stdout.write(`Millrace worker ready: ${config.concurrency} job(s) at once\n`);
  await untilSignal();
  log.info({}, "stopping: running jobs are handed back");
  await millrace.close();
  return 0;
}
