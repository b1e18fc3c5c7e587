/**
 * `millrace keys`: access keys of users beside the root pair, kept with the rows.
 */
import { mkdir } from "node:fs/promises";
import { systemClock } from "../base/clock.ts";
import { iamId } from "../base/ids.ts";
import { systemRandom } from "../base/random.ts";
import { newKeyPair } from "../engine/access/key-pairs.ts";
import { findAccessKey, insertAccessKey, listAccessKeys, revokeAccessKey } from "../storage/records/access-keys.ts";
import { attachPolicy } from "../storage/records/policy-attachments.ts";
import type { Records } from "../storage/records/records.ts";
import { findUser, insertUser, type User } from "../storage/records/users.ts";
import { createLog } from "./create-log.ts";
import { openRecords } from "./open-records.ts";
import { type Config, describeOptions, parseOptions, refuseBeyond, UsageError } from "./options.ts";
import { openSealer, readRootKey, rootName } from "./root-key.ts";

const help = `usage: millrace keys create [--user NAME]     a key of a user; one who does not exist is made, and may do everything
       millrace keys root                     the root key: whoever may read the master key may have it
       millrace keys list
       millrace keys revoke ACCESS_KEY_ID

A running server knows a new key at once and forgets a revoked one at once; the root key when it starts anew. What a user
may do is IAM's: aws iam detach-user-policy takes AdministratorAccess away.

  --user NAME                      whose key it is [admin]
${describeOptions("keys")}`;

/** What this command gives to users that it makes. */
const administrator = "arn:aws:iam::aws:policy/AdministratorAccess";

export async function run(args: string[]): Promise<number> {
  const { config, flags, positionals } = parseOptions("keys", args, process.env, { help: "boolean", user: "string" });
  if (flags.help) {
    process.stdout.write(help);
    return 0;
  }
  const [verb = "", id = ""] = positionals;
  if (!["create", "root", "list", "revoke"].includes(verb) || (verb === "revoke" && id === "")) {
    throw new UsageError("say keys create, keys root, keys list, or keys revoke ACCESS_KEY_ID");
  }
  refuseBeyond(verb === "revoke" ? 2 : 1, positionals);
  if (verb === "root") {
    await showRoot(config);
    return 0;
  }
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

async function create(records: Records, config: Config, name: string): Promise<void> {
  if (!/^[\w+=,.@-]{1,64}$/.test(name) || name === rootName) {
    throw new UsageError("--user must be 1 to 64 letters, digits or +=,.@-_ and not root");
  }
  const sealer = await openSealer(config, records);
  const { id, secret } = newKeyPair(systemRandom);
  const sealed = await sealer.seal(id, secret);
  const { user, isNew } = await records.transaction(async (db) => {
    const made = newUser(config.account, name);
    const isNew = (await insertUser(db, made)) === "inserted";
    if (isNew) await attachPolicy(db, made.id, administrator);
    const user = (await findUser(db, config.account, name))!;
    const key = { id, secret: sealed, account: user.account, user_name: user.name, user_id: user.id };
    await insertAccessKey(db, { ...key, created_at: systemClock() });
    return { user, isNew };
  });
  const made = isNew ? " is made, with AdministratorAccess: it may do everything" : " has another key";
  process.stderr.write(`the user ${user.name}${made}\n`);
  process.stdout.write(`AWS_ACCESS_KEY_ID=${id}\nAWS_SECRET_ACCESS_KEY=${secret}\n`);
}

function newUser(account: string, name: string): Omit<User, "arn"> {
  return {
    id: iamId("AIDA", systemRandom),
    account,
    name,
    path: "/",
    createdAt: systemClock(),
    boundary: undefined,
    tags: {},
  };
}

async function showRoot(config: Config): Promise<void> {
  const pair = await readRootKey(config);
  if (pair === undefined) throw new UsageError(`no server has started over ${config.data} yet: it makes the root key`);
  process.stdout.write(`AWS_ACCESS_KEY_ID=${pair.id}\nAWS_SECRET_ACCESS_KEY=${pair.secret}\n`);
}

async function list(records: Records, config: Config): Promise<void> {
  const rows = await listAccessKeys(records.db, config.account);
  if (rows.length === 0) process.stdout.write("no keys\n");
  for (const row of rows) {
    const state =
      row.revoked_at === null ? row.status.toLowerCase() : `revoked ${new Date(row.revoked_at).toISOString()}`;
    process.stdout.write(
      `${row.id}  ${row.user_name.padEnd(16)} ${new Date(row.created_at).toISOString()}  ${state}\n`,
    );
  }
}

async function revoke(records: Records, id: string): Promise<void> {
  if (!(await revokeAccessKey(records.db, id, systemClock()))) throw new UsageError(`there is no active key ${id}`);
  const isRoot = (await findAccessKey(records.db, id))?.user_name === rootName;
  const until = isRoot ? "; a running server takes it until it starts anew, and then makes another root key" : "";
  process.stdout.write(`${id} is revoked${until}\n`);
}
