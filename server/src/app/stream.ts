/**
 * `millrace stream`: streams from the command line.
 */
import { type Client, clientFlags, clientHelp, openClient } from "./client.ts";
import { describeOptions, parseOptions, refuseBeyond, UsageError } from "./options.ts";

const help = `usage: millrace stream list [PREFIX]       the streams of the region, by name
       millrace stream create NAME        prints its ARN; --retention and --media-type say more of it
       millrace stream describe NAME      all that the server says of it, as JSON
       millrace stream delete NAME        with all its media, at once

  --retention HOURS                how long its media is kept; 0: only live [0]
  --media-type TYPE                what it holds, such as video/h264,audio/aac
${clientHelp}${describeOptions("stream")}`;

const ownFlags = { help: "boolean", retention: "string", "media-type": "string", ...clientFlags } as const;

type StreamInfo = {
  StreamName: string;
  StreamARN: string;
  Version: string;
  CreationTime: number;
  DataRetentionInHours: number;
  MediaType?: string;
};

type Flags = Record<string, string | boolean | undefined>;

export async function run(args: string[]): Promise<number> {
  const { config, flags, positionals } = parseOptions("stream", args, process.env, ownFlags);
  if (flags.help) {
    process.stdout.write(help);
    return 0;
  }
  const [verb = "", name = ""] = positionals;
  if (verb !== "list" && (!["create", "describe", "delete"].includes(verb) || name === "")) {
    throw new UsageError("say stream list, or stream create|describe|delete NAME; millrace stream --help tells more");
  }
  refuseBeyond(2, positionals);
  const client = await openClient(config, flags, "kinesisvideo");
  if (verb === "list") await list(client, name);
  if (verb === "create") await create(client, name, flags);
  if (verb === "describe") process.stdout.write(`${JSON.stringify(await describe(client, name), null, 2)}\n`);
  if (verb === "delete") {
    const { StreamARN, Version } = await describe(client, name);
    await client.call("POST", "/deleteStream", { StreamARN, CurrentVersion: Version });
    process.stdout.write(`${StreamARN} is deleted\n`);
  }
  return 0;
}

async function list(client: Client, prefix: string): Promise<void> {
  const condition = prefix
    ? { StreamNameCondition: { ComparisonOperator: "BEGINS_WITH", ComparisonValue: prefix } }
    : {};
  let found = 0;
  let NextToken: string | undefined;
  do {
    const page = (await client.call("POST", "/listStreams", { ...condition, NextToken })) as {
      StreamInfoList: StreamInfo[];
      NextToken?: string;
    };
    for (const { StreamName, CreationTime, DataRetentionInHours, MediaType = "" } of page.StreamInfoList) {
      const at = new Date(CreationTime * 1000).toISOString();
      process.stdout.write(`${StreamName}  ${at}  ${DataRetentionInHours} h  ${MediaType}`.trimEnd().concat("\n"));
    }
    found += page.StreamInfoList.length;
    NextToken = page.NextToken;
  } while (NextToken !== undefined);
  if (found === 0) process.stdout.write(`no such streams in ${client.region}\n`);
}

async function create(client: Client, name: string, flags: Flags): Promise<void> {
  const hours = Number(flags.retention ?? 0);
  if (!Number.isInteger(hours))
    throw new UsageError(`--retention must be a whole number of hours, not ${flags.retention}`);
  const input = { StreamName: name, DataRetentionInHours: hours, MediaType: flags["media-type"] };
  const { StreamARN } = (await client.call("POST", "/createStream", input)) as StreamInfo;
  process.stdout.write(`${StreamARN}\n`);
}

async function describe(client: Client, name: string): Promise<StreamInfo> {
  const answer = await client.call("POST", "/describeStream", { StreamName: name });
  return (answer as { StreamInfo: StreamInfo }).StreamInfo;
}
