/**
 * `millrace ca`: what clients must trust to talk to a server with `--tls local`.
 */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describeOptions, parseOptions, refuseBeyond, UsageError } from "./options.ts";
import { authorityFile } from "./tls/authority-file.ts";

const help = `usage: millrace ca [--out FILE]

Prints the certificate of the authority that serve --tls local made, in PEM. Who trusts it trusts the server:
  AWS_CA_BUNDLE=FILE               aws, boto3 and what else is made of botocore
  NODE_EXTRA_CA_CERTS=FILE         Node.js, and the AWS SDK for JavaScript
  KVSSINK_CA_CERT_PATH, AWS_KVS_CACERT_PATH    producers in C and C++; docs/security.md has others

  --out FILE                       write it there instead
${describeOptions("ca")}`;

export async function run(args: string[]): Promise<number> {
  const own = { help: "boolean", out: "string" } as const;
  const { config, flags, positionals } = parseOptions("ca", args, process.env, own);
  if (flags.help) {
    process.stdout.write(help);
    return 0;
  }
  refuseBeyond(0, positionals);
  const authority = await readFile(join(config.data, authorityFile), "utf8").catch(() => {
    throw new UsageError(`there is no authority in ${config.data}: millrace serve --tls local makes one`);
  });
  if (flags.out === undefined) process.stdout.write(authority);
  else await writeFile(String(flags.out), authority);
  return 0;
}
