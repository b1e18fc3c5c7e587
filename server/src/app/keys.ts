/**
 * `millrace keys`: access keys beside the root pair, kept with the rows.
 */
import { mkdir } from "node:fs/promises";
import { systemClock } from "../base/clock.ts";
import { systemRandom } from "../base/random.ts";
import { findAccessKey, insertAccessKey, listAccessKeys, revokeAccessKey } from "../storage/records/access-keys.ts";
import type { Records } from "../storage/records/records.ts";
import { newKeyPair } from "./access.ts";
import { createLog } from "./create-log.ts";
import { openRecords } from "./open-records.ts";
import { type Config, describeOptions, parseOptions, refuseBeyond, UsageError } from "./options.ts";

const help = `usage: millrace keys create [--user NAME] | list | revoke ACCESS_KEY_ID

A running server knows a new key at once and forgets a revoked one at once; the root key when it starts anew.

  --user NAME                      whose key it is, as it stands in ARNs and logs [admin]
${describeOptions("keys")}`;

export async function run(args: string[]): Promise<number> {
  const { config, flags, positionals } = parseOptions("keys", args, process.env, { help: "boolean", user: "string" });
  if (flags.help) {
    process.stdout.write(help);
    return 0;
  }
  const [verb = "", id = ""] = positionals;
  if (!["create", "list", "revoke"].includes(verb) || (verb === "revoke" && id === "")) {
    throw new UsageError("say keys create, keys list, or keys revoke ACCESS_KEY_ID");
  }
  refuseBeyond(verb === "revoke" ? 2 : 1, positionals);
  if (config.database === undefined) await mkdir(config.data, { recursive: true, mode: 0o700 });
  const records = await openRecords(config, createLog(config["log-level"]));
  try {
    if (verb === "create") await create(records, config, String(flags.user ?? "admin"));
    if (verb === "list") await list(records, config);
    if (verb === "revoke") await revoke(records, id);
  } finally {
    await records.close();
  }
  return 0;
}

async function create(records: Records, config: Config, user: string): Promise<void> {
  if (!/^[\w+=,.@-]{1,64}$/.test(user) || user === "root") {
    throw new UsageError("--user must be 1 to 64 letters, digits or +=,.@-_ and not root");
  }
  const pair = newKeyPair(systemRandom);
  const row = { ...pair, account: config.account, user_name: user, created_at: systemClock(), revoked_at: null };
  await insertAccessKey(records.db, row);
  process.stdout.write(`AWS_ACCESS_KEY_ID=${pair.id}\nAWS_SECRET_ACCESS_KEY=${pair.secret}\n`);
}

async function list(records: Records, config: Config): Promise<void> {
  const rows = await listAccessKeys(records.db, config.account);
  if (rows.length === 0) process.stdout.write("no keys\n");
  for (const row of rows) {
    const state = row.revoked_at === null ? "active" : `revoked ${new Date(row.revoked_at).toISOString()}`;
    process.stdout.write(
      `${row.id}  ${row.user_name.padEnd(16)} ${new Date(row.created_at).toISOString()}  ${state}\n`,
    );
  }
}

async function revoke(records: Records, id: string): Promise<void> {
  if (!(await revokeAccessKey(records.db, id, systemClock()))) throw new UsageError(`there is no active key ${id}`);
  const isRoot = (await findAccessKey(records.db, id))?.user_name === "root";
  const until = isRoot ? "; a running server takes it until it starts anew, and then makes another root key" : "";
  process.stdout.write(`${id} is revoked${until}\n`);
}
