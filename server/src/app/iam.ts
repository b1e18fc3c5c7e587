/**
 * `millrace iam explain`: whether somebody may do something by the policies that are stored, and which statement says so.
 */
import { systemClock } from "../base/clock.ts";
import { openAccess } from "../engine/access/access.ts";
import { findResourceSide } from "../engine/access/resource-policies.ts";
import type { Requester } from "../engine/access/session.ts";
import type { ConditionContext } from "../policy/policy.types.ts";
import { parseEntityArn } from "../storage/records/entities.ts";
import type { Records } from "../storage/records/records.ts";
import { findRole, findRoleByArn, type Role } from "../storage/records/roles.ts";
import { findUser } from "../storage/records/users.ts";
import { createLog } from "./create-log.ts";
import { openRecords } from "./open-records.ts";
import { type Config, describeOptions, parseOptions, refuseBeyond, UsageError } from "./options.ts";

const help = `usage: millrace iam explain --as ARN --action ACTION [--resource ARN] [--context KEY=VALUE…]

Tells whether somebody may do something, and which statement of which policy decides: policies of the user or role and of
the user's groups, the permissions boundary, and what the bucket, key or role says itself. Exits 0 if they may, else 1.

  --as ARN                         a user, a role, a session of a role, the root of the account; anonymous: nobody
  --action ACTION                  such as s3:GetObject
  --resource ARN                   what it is done to [*]
  --context KEY=VALUE,…            condition keys of the request, such as aws:SourceIp=192.0.2.1; a key given again has
                                   several values
${describeOptions("iam")}`;

const ownFlags = { help: "boolean", as: "string", action: "string", resource: "string", context: "string" } as const;

export async function run(args: string[]): Promise<number> {
  const { config, flags, positionals } = parseOptions("iam", args, process.env, ownFlags);
  if (flags.help) {
    process.stdout.write(help);
    return 0;
  }
  if (positionals[0] !== "explain") throw new UsageError("say iam explain --as ARN --action ACTION --resource ARN");
  // Shells split --context A=1 B=2 into words of their own.
  const given = [String(flags.context ?? ""), ...positionals.slice(1)]
    .flatMap((text) => text.split(","))
    .filter(Boolean);
  if (flags.context === undefined) refuseBeyond(1, positionals);
  const who = String(flags.as ?? "");
  const action = String(flags.action ?? "");
  if (who === "" || !/^[\w-]+:\w+$/.test(action)) {
    throw new UsageError("say who (--as ARN) and what (--action SERVICE:ACTION); millrace iam --help tells more");
  }
  const records = await openRecords(config, createLog(config["log-level"]));
  try {
    return await explain(records, config, who, action, String(flags.resource ?? "*"), parseContext(given));
  } finally {
    await records.close();
  }
}

async function explain(
  records: Records,
  config: Config,
  who: string,
  action: string,
  resource: string,
  given: ConditionContext,
): Promise<number> {
  const caller = who === "anonymous" ? undefined : await requesterOf(records, who);
  const access = openAccess({ records, clock: systemClock, log: createLog(config["log-level"]) });
  const wanted = { action, resource, ...(await findResourceSide(records, { action, resource })) };
  const conditions = { ...conditionsOf(caller), ...given };
  const asked = { caller, wanted, request: () => conditions };
  const { allowed } = await access.decide(asked);
  for (const sentence of await access.explain(asked)) process.stdout.write(`${sentence}\n`);
  return allowed ? 0 : 1;
}

/** @throws UsageError for an ARN of nobody */
async function requesterOf({ db }: Records, arn: string): Promise<Requester> {
  const [, account = "", name] = /^arn:aws:iam::(\d{12}):(root)$/.exec(arn) ?? [];
  if (name === "root") return { accountId: account, principalArn: arn, isRoot: true, userId: account };
  const user = parseEntityArn("user", arn);
  const found = user && (await findUser(db, user.account, user.name));
  if (found?.arn === arn) return { accountId: found.account, principalArn: arn, isRoot: false, userId: found.id };
  const [, roleAccount = "", roleName = "", session = "session"] =
    /^arn:aws:sts::(\d{12}):assumed-role\/([^/]+)\/([^/]+)$/.exec(arn) ?? [];
  const role = roleName === "" ? await findRoleByArn(db, arn) : await findRole(db, roleAccount, roleName);
  if (role !== undefined) return sessionOf(role, session);
  throw new UsageError(`there is no user, role or session ${arn}`);
}

function sessionOf({ arn, id, name, account }: Role, session: string): Requester {
  return {
    accountId: account,
    principalArn: `arn:aws:sts::${account}:assumed-role/${name}/${session}`,
    isRoot: false,
    userId: `${id}:${session}`,
    session: { issuedAtMs: systemClock(), expiresAtMs: systemClock(), role: { arn, id, name }, tags: {} },
  };
}

/** What a request of theirs would say by itself. */
function conditionsOf(caller: Requester | undefined): ConditionContext {
  const now = systemClock();
  const times = { "aws:currenttime": new Date(now).toISOString(), "aws:epochtime": String(Math.floor(now / 1000)) };
  if (caller === undefined) return { ...times, "aws:principaltype": "Anonymous" };
  const { accountId, principalArn, userId = "", session, isRoot } = caller;
  const userName = /:user\/(?:.*\/)?([^/]+)$/.exec(principalArn)?.[1];
  return {
    ...times,
    "aws:principalarn": session?.role?.arn ?? principalArn,
    "aws:principalaccount": accountId,
    "aws:principaltype": isRoot ? "Account" : session === undefined ? "User" : "AssumedRole",
    "aws:userid": userId,
    ...(userName !== undefined && { "aws:username": userName }),
  };
}

/** @throws UsageError */
function parseContext(pairs: readonly string[]): ConditionContext {
  const context: Record<string, string | string[]> = {};
  for (const pair of pairs) {
    const equals = pair.indexOf("=");
    if (equals < 1) throw new UsageError(`--context takes KEY=VALUE, not ${pair}`);
    const key = pair.slice(0, equals).toLowerCase();
    const value = pair.slice(equals + 1);
    const before = context[key];
    context[key] = before === undefined ? value : [before, value].flat();
  }
  return context;
}
