/**
 * Every setting of the program in one table: flag, environment variable, configuration file and `--help` come from it.
 *
 * Precedence: flag > environment (`MILLRACE_…`) > file (`--config`) > default.
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { blockListOf } from "../base/public-address.ts";
import { flag, list, oneOf, type Setting, text, url, whole } from "./setting.ts";

/** A mistake of the person at the command line: printed as a sentence, without a stack. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** `value` "": a flag that is there or not. */
type Option = { of: readonly Command[]; value: string; help: string; setting: Setting<unknown> };

export type Command = "serve" | "worker" | "keys" | "job" | "stream" | "put" | "demo" | "ca" | "audit" | "env" | "iam";

const address = text(/^(\[[0-9a-fA-F:]+\]|[^:\s]+):\d{1,5}$/, "must be HOST:PORT");
const ranges = list(isRange, "must be ranges such as 10.0.0.0/8,fd00::/8");

const served: readonly Command[] = ["serve", "worker"];
const stored: readonly Command[] = ["serve", "worker", "keys"];
/** That look at the rows and open what is sealed in them. */
const opened: readonly Command[] = ["serve", "worker", "keys", "env", "job", "stream", "put"];

/** Names are the flags; `MILLRACE_` + upper case with underscores is the environment variable. */
const options = {
  listen: {
    of: ["serve"],
    value: "HOST:PORT",
    help: "where to listen; port 0 takes a free one",
    setting: address.or("127.0.0.1:4580"),
  },
  data: {
    of: ["serve", "worker", "keys", "env", "iam", "job", "stream", "put", "ca", "audit"],
    value: "FOLDER",
    help: "where everything is kept",
    setting: text().or("./millrace-data"),
  },
  database: {
    of: [...stored, "env", "iam", "job", "stream", "put"],
    value: "postgres://…",
    help: "share the rows of many processes (default: SQLite in the data folder)",
    setting: url("postgres", "postgresql"),
  },
  blobs: {
    of: stored,
    value: "s3://BUCKET/PREFIX?endpoint=…",
    help: "keep bytes in an S3 (default: a folder in the data folder); keys from MILLRACE_BLOBS_ACCESS_KEY_ID and MILLRACE_BLOBS_SECRET_ACCESS_KEY or the AWS chain",
    setting: url("s3"),
  },
  buckets: {
    of: served,
    value: "https://…",
    help: "pipelines use the buckets of this external S3, and the built-in one is off; keys from MILLRACE_BUCKETS_ACCESS_KEY_ID and MILLRACE_BUCKETS_SECRET_ACCESS_KEY or the AWS chain",
    setting: url("http", "https"),
  },
  "buckets-region": {
    of: served,
    value: "REGION",
    help: "the region to sign for with --buckets",
    setting: text().or("us-east-1"),
  },
  role: {
    of: ["serve"],
    value: "all|api",
    help: "api: answer calls, leave the jobs to workers",
    setting: oneOf("all", "api").or("all"),
  },
  concurrency: { of: served, value: "N", help: "jobs that this process runs at once", setting: whole(1000).or(1) },
  "pipeline-concurrency": {
    of: served,
    value: "N",
    help: "jobs of one pipeline that run at once, over all processes",
    setting: whole(1000).or(100),
  },
  account: {
    of: [...stored, "env", "iam"],
    value: "DIGITS",
    help: "the account id in ARNs",
    setting: text(/^\d{12}$/, "must be 12 digits").or("000000000000"),
  },
  "s3-domain": {
    of: ["serve"],
    value: "DOMAIN,…",
    help: "answer BUCKET.DOMAIN (virtual-host style) too",
    setting: text(/^/).or("localhost,s3.localhost"),
  },
  tls: {
    of: ["serve"],
    value: "CERT,KEY|local",
    help: "serve HTTPS with these PEM files, read again when they change; local: with a certificate of an authority of its own, which millrace ca prints",
    setting: text(/^([^,]+,[^,]+|local)$/, "must be CERT,KEY or local"),
  },
  "tls-name": {
    of: ["serve"],
    value: "NAME,…",
    help: "more host names and addresses for the certificate of --tls local",
    setting: list((name) => /^(\*\.)?[\w.:-]{1,253}$/.test(name), "must be host names or addresses"),
  },
  "plain-http": {
    of: ["serve"],
    value: "",
    help: "serve without TLS on addresses that others can reach",
    setting: flag,
  },
  "max-connections-per-client": {
    of: ["serve"],
    value: "N",
    help: "connections of one address (IPv6: of one /64) at a time",
    setting: whole(1e6).or(1000),
  },
  "allow-callbacks": {
    of: ["serve"],
    value: "CIDR,…",
    help: "ranges of private addresses that users may name for this server to call, as issuers of identity tokens",
    setting: ranges,
  },
  audit: {
    of: ["serve"],
    value: "on|off",
    help: "keep a record of every call in audit/ of the data folder; millrace audit reads it",
    setting: oneOf("on", "off").or("on"),
  },
  "audit-days": {
    of: ["serve"],
    value: "N",
    help: "days that the records of calls are kept",
    setting: whole(36_500).or(90),
  },
  "public-url": {
    of: ["serve"],
    value: "https://…",
    help: "where clients reach this server, if a proxy stands in front; data endpoints of streams begin with it (default: the address that the client called)",
    setting: url("http", "https"),
  },
  "master-key": {
    of: opened,
    value: "FILE",
    help: "the key under which all keys are kept, made when missing; the same for all processes over one database (default: master-key in the data folder)",
    setting: text(),
  },
  "master-passphrase-file": {
    of: opened,
    value: "FILE",
    help: "open the master key by the passphrase in this file, or in MILLRACE_MASTER_PASSPHRASE, instead of keeping it in a file",
    setting: text(),
  },
  "master-kms": {
    of: opened,
    value: "kms://KEY-ARN?endpoint=…&region=…",
    help: "open the master key by a key of an external KMS; keys from MILLRACE_MASTER_KMS_ACCESS_KEY_ID and MILLRACE_MASTER_KMS_SECRET_ACCESS_KEY or the AWS chain",
    setting: url("kms"),
  },
  "max-pipelines": {
    of: ["serve"],
    value: "N",
    help: "pipelines of an account in a region (AWS: 4)",
    setting: whole(1e9).or(4),
  },
  "max-presets": {
    of: ["serve"],
    value: "N",
    help: "custom presets of an account in a region (AWS: 50)",
    setting: whole(1e9).or(50),
  },
  "max-backlog": {
    of: ["serve"],
    value: "N",
    help: "waiting jobs of a pipeline (AWS: 1000000)",
    setting: whole(1e9).or(1_000_000),
  },
  "max-outputs": {
    of: ["serve"],
    value: "N",
    help: "outputs of a job, and of a playlist (AWS: 30)",
    setting: whole(1000).or(30),
  },
  "max-playlists": {
    of: ["serve"],
    value: "N",
    help: "playlists of a job (AWS: 30)",
    setting: whole(1000).or(30),
  },
  "max-streams": {
    of: ["serve"],
    value: "N",
    help: "streams of an account in a region (AWS: 10000)",
    setting: whole(1e9).or(10_000),
  },
  "job-seconds": {
    of: served,
    value: "N",
    help: "longest run of one job's FFmpeg",
    setting: whole(1e9).or(6 * 3600),
  },
  "job-bytes": {
    of: served,
    value: "N",
    help: "most bytes that one job may write",
    setting: whole(1e15).or(200e9),
  },
  ffmpeg: { of: served, value: "PATH", help: "the ffmpeg program, 5.1 or later", setting: text().or("ffmpeg") },
  ffprobe: { of: served, value: "PATH", help: "the ffprobe program", setting: text().or("ffprobe") },
  "log-level": {
    of: stored,
    value: "debug|info|warn|error",
    help: "what the log on standard error holds",
    setting: oneOf("debug", "info", "warn", "error").or("info"),
  },
  config: {
    of: [...stored, "env", "iam", "job", "stream", "put", "ca", "audit"],
    value: "FILE",
    help: "a JSON file with any of these settings",
    setting: text(),
  },
} satisfies Record<string, Option>;

type Options = { [Name in keyof typeof options]: (typeof options)[Name]["setting"]["preset"] };
export type Config = Options & {
  rootKey: { id: string; secret: string } | undefined;
  /** Of the environment alone: what is said on a command line, others read. */
  masterPassphrase: string | undefined;
};

export type Parsed = { config: Config; positionals: string[]; flags: Record<string, string | boolean | undefined> };

/**
 * @param own flags that only this command has: name → whether it takes a value
 * @throws UsageError
 */
export function parseOptions(
  command: Command,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  own: Record<string, "string" | "boolean"> = {},
): Parsed {
  const names = namesOf(command);
  const { values, positionals } = parseCommandLine(args, names, own);
  const path = values.config ?? env[variableOf("config")];
  const file = typeof path === "string" ? readConfigFile(path) : {};
  const config: Record<string, unknown> = {};
  for (const [name, option] of Object.entries(options)) {
    const variable = variableOf(name);
    const [given, from] =
      values[name] !== undefined
        ? [values[name], `--${name}`]
        : env[variable] !== undefined
          ? [env[variable], variable]
          : [file[name], `${name} in ${path}`];
    try {
      config[name] = given === undefined ? option.setting.preset : option.setting.read(given);
    } catch (error) {
      throw new UsageError(`${from} ${error instanceof Error ? error.message : error}: ${JSON.stringify(given)}`);
    }
  }
  const flags = Object.fromEntries(Object.keys(own).map((name) => [name, values[name]]));
  const secrets = { rootKey: rootKeyOf(env), masterPassphrase: env.MILLRACE_MASTER_PASSPHRASE || undefined };
  return { config: { ...(config as Options), ...secrets }, positionals, flags };
}

/** @throws UsageError for words that mean nothing to the command */
export function refuseBeyond(count: number, positionals: readonly string[]): void {
  if (count < positionals.length)
    throw new UsageError(`${positionals[count]} means nothing here; --help tells what does`);
}

/** The lines of `--help` for a command. */
export function describeOptions(command: Command): string {
  return namesOf(command)
    .map((name) => {
      const option: Option = options[name];
      const { preset } = option.setting;
      const note = preset === undefined || preset === false || `${preset}` === "" ? "" : ` [${preset}]`;
      const flag = `  --${`${name} ${option.value}`.trimEnd().padEnd(30)}`;
      return `${flag}${flag.length <= 34 ? " " : `\n${" ".repeat(35)}`}${option.help}${note}\n`;
    })
    .join("");
}

export function variableOf(name: string): string {
  return `MILLRACE_${name.toUpperCase().replaceAll("-", "_")}`;
}

function namesOf(command: Command): (keyof typeof options)[] {
  const names = Object.keys(options) as (keyof typeof options)[];
  return names.filter((name) => (options[name].of as readonly string[]).includes(command));
}

function parseCommandLine(
  args: readonly string[],
  names: readonly (keyof typeof options)[],
  own: Record<string, "string" | "boolean">,
) {
  const known = Object.fromEntries([
    ...names.map((name) => [name, { type: options[name].value === "" ? ("boolean" as const) : ("string" as const) }]),
    ...Object.entries(own).map(([name, type]) => [name, name === "help" ? { type, short: "h" } : { type }]),
  ]);
  try {
    const { values, positionals } = parseArgs({ args: [...args], options: known, allowPositionals: true });
    return { values: values as Record<string, string | boolean | undefined>, positionals };
  } catch (error) {
    const [what] = (error instanceof Error ? error.message : String(error)).split(". To specify", 1);
    throw new UsageError(`${what}; --help lists what there is`);
  }
}

function readConfigFile(path: string): Record<string, unknown> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new UsageError(
      `cannot read the configuration file ${path}: ${error instanceof Error ? error.message : error}`,
    );
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    throw new UsageError(`the configuration file ${path} must hold one JSON object`);
  }
  const unknown = Object.keys(parsed).find((name) => !Object.hasOwn(options, name));
  if (unknown !== undefined) throw new UsageError(`the configuration file ${path} has an unknown setting: ${unknown}`);
  return parsed as Record<string, unknown>;
}

function isRange(part: string): boolean {
  try {
    return /^[0-9a-fA-F:.]+(\/\d+)?$/.test(part) && blockListOf([part]) !== undefined;
  } catch {
    return false;
  }
}

function rootKeyOf(env: Readonly<Record<string, string | undefined>>): Config["rootKey"] {
  const id = env.MILLRACE_ROOT_ACCESS_KEY_ID;
  const secret = env.MILLRACE_ROOT_SECRET_ACCESS_KEY;
  if (id === undefined && secret === undefined) return undefined;
  if (!id || !secret) {
    throw new UsageError("set MILLRACE_ROOT_ACCESS_KEY_ID and MILLRACE_ROOT_SECRET_ACCESS_KEY together, or neither");
  }
  if (!/^\w{16,128}$/.test(id))
    throw new UsageError("MILLRACE_ROOT_ACCESS_KEY_ID must be 16 to 128 letters and digits");
  return { id, secret };
}
