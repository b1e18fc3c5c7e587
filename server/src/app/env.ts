/**
 * `millrace env`: what a shell needs to know for unmodified AWS clients to talk to the server of a data folder.
 */
import { resolve } from "node:path";
import { clientFlags, clientHelp, findServer } from "./client.ts";
import { describeOptions, parseOptions, refuseBeyond } from "./options.ts";

const help = `usage: eval "$(millrace env)"

Prints the address of the server that serves the --data folder and its root access key as lines of a shell. The secret lies
sealed with the rows: whoever may read the master key may have it.

${clientHelp}${describeOptions("env")}`;

export async function run(args: string[]): Promise<number> {
  const { config, flags, positionals } = parseOptions("env", args, process.env, { help: "boolean", ...clientFlags });
  if (flags.help) {
    process.stdout.write(help);
    return 0;
  }
  refuseBeyond(0, positionals);
  // What an earlier answer has set may be another server, or this one before it started anew.
  delete process.env.AWS_ENDPOINT_URL;
  const { endpoint, credentials, region, authority } = await findServer(config, flags);
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  const variables = {
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    ...(sessionToken !== undefined && { AWS_SESSION_TOKEN: sessionToken }),
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    ...(authority !== undefined &&
      endpoint.startsWith("https:") && { AWS_CA_BUNDLE: resolve(authority), NODE_EXTRA_CA_CERTS: resolve(authority) }),
  };
  for (const [name, value] of Object.entries(variables)) process.stdout.write(`export ${name}=${quoted(value)}\n`);
  if (sessionToken === undefined) process.stdout.write("unset AWS_SESSION_TOKEN AWS_PROFILE\n");
  return 0;
}

function quoted(text: string): string {
  return /^[\w+/=:.@-]*$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
