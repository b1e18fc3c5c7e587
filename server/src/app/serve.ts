/**
 * `millrace serve`: the listener, and the jobs unless the role says otherwise, until a signal ends them.
 */
import { rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { openMillrace } from "./compose.ts";
import { createLog } from "./create-log.ts";
import { describeOptions, parseOptions, refuseBeyond } from "./options.ts";
import { untilSignal } from "./until-signal.ts";
import { version } from "./version.ts";

const help = `usage: millrace serve [options]

Answers Elastic Transcoder, Kinesis Video Streams and S3 on one address, and runs the jobs. The root access key is made
at the first start and kept sealed by the master key; eval "$(millrace env)" hands it to a shell on the same machine.
MILLRACE_ROOT_ACCESS_KEY_ID and MILLRACE_ROOT_SECRET_ACCESS_KEY set it instead, and it is kept nowhere.
Every option is also an environment variable (--max-pipelines: MILLRACE_MAX_PIPELINES) and a member of the --config file.

${describeOptions("serve")}`;

export async function run(args: string[]): Promise<number> {
  const { config, flags, positionals } = parseOptions("serve", args, process.env, { help: "boolean" });
  if (flags.help) {
    process.stdout.write(help);
    return 0;
  }
  refuseBeyond(0, positionals);
  const log = createLog(config["log-level"]);
  const millrace = await openMillrace(config, config.role, log);
  const url = millrace.listener?.url ?? "";
  const statePath = join(config.data, "server.json");
  await writeFile(statePath, `${JSON.stringify({ url, pid: process.pid, version })}\n`, { mode: 0o600 });
  process.stdout.write(`Millrace ${version} listens on ${url}
  data folder  ${resolve(config.data)}
  access key   ${millrace.rootKey?.id}
  try          eval "$(millrace env --data ${config.data})" && aws s3 ls
`);
  await untilSignal();
  log.info({}, "stopping: running jobs are handed back, then the stores close");
  await millrace.close();
  await rm(statePath, { force: true });
  return 0;
}
