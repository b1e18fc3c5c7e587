/**
 * `millrace audit`: who did what, read from the records of calls.
 */
import { join } from "node:path";
import { systemClock } from "../base/clock.ts";
import { actionOf, isDenied, matcherOf, parseSince, userOf } from "./audit/audit-query.ts";
import type { CloudTrailRecord } from "./audit/cloudtrail-record.ts";
import { readRecords } from "./audit/read-records.ts";
import { describeOptions, parseOptions, refuseBeyond, UsageError } from "./options.ts";
import { untilSignal } from "./until-signal.ts";

const help = `usage: millrace audit [--since 1h] [--user NAME|ARN] [--action 'kinesisvideo:Get*'] [--resource ARN] [--denied]

Prints the calls to the server of the data folder, oldest first, a line each: when, whether it was allowed, who, what, on
what, from where, and why not. In --user, --action and --resource * and ? stand for any characters.

  --since TIME                     90s, 15m, 2h, 7d, or a date as 2026-05-01T12:00:00Z [1d]
  --user WHO                       an ARN, a name of a user, role or session, an access key id, or root
  --action SERVICE:ACTION          the call, or what it needed permission for
  --resource ARN                   what it was done to
  --denied                         only what was refused for who asked
  --follow                         and what comes from now on, until Ctrl-C
  --json                           whole records in CloudTrail's form, a line each
${describeOptions("audit")}`;

const ownFlags = {
  help: "boolean",
  since: "string",
  user: "string",
  action: "string",
  resource: "string",
  denied: "boolean",
  follow: "boolean",
  json: "boolean",
} as const;

export async function run(args: string[]): Promise<number> {
  const { config, flags, positionals } = parseOptions("audit", args, process.env, ownFlags);
  if (flags.help) {
    process.stdout.write(help);
    return 0;
  }
  refuseBeyond(0, positionals);
  const since = String(flags.since ?? "1d");
  const sinceMs = parseSince(since, systemClock());
  if (sinceMs === undefined) throw new UsageError(`--since must be a time such as 15m, 2h, 7d or a date, not ${since}`);
  const text = (name: "user" | "action" | "resource") => (flags[name] === undefined ? undefined : String(flags[name]));
  const matches = matcherOf({
    sinceMs,
    user: text("user"),
    action: text("action"),
    resource: text("resource"),
    denied: flags.denied === true,
  });
  const stop = new AbortController();
  if (flags.follow) void untilSignal().then(() => stop.abort());
  const follow = flags.follow ? stop.signal : undefined;
  for await (const record of readRecords({ folder: join(config.data, "audit"), sinceMs, follow })) {
    if (!matches(record)) continue;
    process.stdout.write(flags.json ? `${JSON.stringify(record)}\n` : `${lineOf(record)}\n`);
  }
  return 0;
}

function lineOf(record: CloudTrailRecord): string {
  const { eventTime, errorCode, errorMessage, sourceIPAddress, resources = [], additionalEventData } = record;
  const outcome = isDenied(record) ? "denied" : errorCode === undefined ? "ok" : "failed";
  const what = resources.map(({ ARN }) => ARN).join(" ") || "-";
  const why = errorCode === undefined ? "" : `  ${errorCode}: ${errorMessage}`;
  const line = `${eventTime}  ${outcome.padEnd(6)}  ${userOf(record)}  ${actionOf(record)}  ${what}  ${sourceIPAddress}  ${additionalEventData.durationMs} ms${why}`;
  // Names come from strangers, and a terminal obeys control characters.
  return line.replace(/[\p{Cc}\p{Cf}]/gu, "\uFFFD");
}
