#!/usr/bin/env node
/**
 * The command line: which command runs, and how its mistakes are told.
 */
import { UsageError } from "./options.ts";
import { version } from "./version.ts";

const commands: Record<string, { help: string; load: () => Promise<{ run(args: string[]): Promise<number> }> }> = {
  serve: { help: "answer the APIs and run the jobs", load: () => import("./serve.ts") },
  worker: { help: "only run jobs, over a shared database and bucket store", load: () => import("./worker.ts") },
  demo: { help: "transcode a file from start to finish and show what came out", load: () => import("./demo/demo.ts") },
  job: { help: "list, watch, show, cancel jobs and read their logs", load: () => import("./job.ts") },
  stream: { help: "list, create, describe and delete streams", load: () => import("./stream.ts") },
  put: { help: "send a film, a camera or a pipe to a stream", load: () => import("./put.ts") },
  env: { help: 'print what a shell needs for AWS clients: eval "$(millrace env)"', load: () => import("./env.ts") },
  audit: { help: "show who called what, and what was refused", load: () => import("./audit.ts") },
  ca: { help: "print the certificate that clients of serve --tls local must trust", load: () => import("./ca.ts") },
  iam: { help: "explain who may do what, and by which statement", load: () => import("./iam.ts") },
  keys: { help: "create, list and revoke access keys", load: () => import("./keys.ts") },
};

const usage = `Millrace ${version}: Elastic Transcoder and Kinesis Video Streams on your own machines; unmodified AWS SDKs, only the endpoint changes.

usage: millrace COMMAND [options]

${Object.entries(commands)
  .map(([name, { help }]) => `  ${name.padEnd(8)} ${help}\n`)
  .join("")}  test     run all tests (in a checkout)

millrace COMMAND --help lists the options of a command.
`;

async function main([name, ...args]: string[]): Promise<number> {
  if (name === undefined || name === "help" || name === "--help" || name === "-h") {
    process.stdout.write(usage);
    return name === undefined ? 2 : 0;
  }
  if (name === "--version" || name === "version") {
    process.stdout.write(`${version}\n`);
    return 0;
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) throw new UsageError(`there is no command ${name}; millrace --help lists them`);
  return (await command.load()).run(args);
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.stderr.write(`millrace: ${tell(error)}\n`);
    process.exitCode = error instanceof UsageError ? 2 : 1;
  },
);

/** A port that is taken, a folder or a database that will not have us: a sentence. What only we can mend has its stack. */
function tell(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const isSentence = error instanceof UsageError || error.constructor === Error;
  return isSentence ? error.message : (error.stack ?? error.message);
}
