import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { documentOf } from "../../../test/support/identities.ts";
import { postgresMissing, temporaryDatabase } from "../../../test/support/postgres.ts";
import { iamId } from "../../base/ids.ts";
import { type Log, silentLog } from "../../base/log.ts";
import { systemRandom } from "../../base/random.ts";
import { evaluate } from "../../policy/evaluate.ts";
import { addToGroup, insertGroup } from "../../storage/records/groups.ts";
import { putInlinePolicy } from "../../storage/records/inline-policies.ts";
import { findManagedPolicy, insertManagedPolicy } from "../../storage/records/managed-policies.ts";
import { attachPolicy, detachPolicy } from "../../storage/records/policy-attachments.ts";
import { openPostgresRecords } from "../../storage/records/postgres.ts";
import type { Records } from "../../storage/records/records.ts";
import { insertRole } from "../../storage/records/roles.ts";
import { openSqliteRecords } from "../../storage/records/sqlite.ts";
import { insertUser, type User } from "../../storage/records/users.ts";
import { type Access, openAccess } from "./access.ts";
import type { AccessWanted } from "./role-access.ts";
import type { Requester } from "./session.ts";

const account = "123456789012";

async function openAccount(t: TestContext, log: Log = silentLog, shared?: Records) {
  const folder = await mkdtemp(join(tmpdir(), "millrace-access-"));
  const records = shared ?? (await openSqliteRecords({ path: join(folder, "records.db"), syncs: false }));
  t.after(async () => {
    await records.close();
    await rm(folder, { recursive: true });
  });
  const time = { now: Date.UTC(2026, 0, 1) };
  const clock = () => time.now;
  const common = { account, path: "/", createdAt: 0 };
  return {
    records,
    time,
    db: records.db,
    access: openAccess({ records, clock, log }),
    async user(name: string, more: Partial<User> = {}): Promise<Requester & { userId: string }> {
      const id = iamId("AIDA", systemRandom);
      await insertUser(records.db, { id, name, ...common, boundary: undefined, tags: {}, ...more });
      return { accountId: account, principalArn: `arn:aws:iam::${account}:user/${name}`, isRoot: false, userId: id };
    },
    async group(name: string, ...members: { userId: string }[]): Promise<string> {
      const id = iamId("AGPA", systemRandom);
      await insertGroup(records.db, { id, name, ...common });
      for (const { userId } of members) await addToGroup(records.db, id, userId);
      return id;
    },
    async role(name: string, trustPolicy: string, more: { tags?: Record<string, string> } = {}): Promise<string> {
      const id = iamId("AROA", systemRandom);
      const own = {
        description: undefined,
        maxSessionSeconds: 3600,
        trustPolicy,
        boundary: undefined,
        tags: {},
        ...more,
      };
      await insertRole(records.db, { id, name, ...common, ...own });
      return id;
    },
    async managed(name: string, document: string): Promise<string> {
      const id = iamId("ANPA", systemRandom);
      await insertManagedPolicy(records.db, { id, name, ...common, description: undefined, tags: {}, document });
      return `arn:aws:iam::${account}:policy/${name}`;
    },
  };
}

const allow = (...Action: string[]) => documentOf({ Effect: "Allow", Action, Resource: "*" });
const trusting = (Principal: object) => documentOf({ Effect: "Allow", Action: "sts:AssumeRole", Principal });

async function may(access: Access, caller: Requester | undefined, action: string, resource = "*") {
  return (await access.decide({ caller, wanted: { action, resource }, request: () => ({}) })).allowed;
}

async function judgesByAllItHolds(t: TestContext, shared?: Records) {
  const { access, db, user, group, managed } = await openAccount(t, silentLog, shared);
  const boundary = await managed("only-s3", allow("s3:*"));
  const alice = await user("alice", { boundary });
  const staff = await group("staff", alice, await user("bob"));
  await putInlinePolicy(db, alice.userId, { name: "inline", document: allow("s3:GetObject", "kms:Decrypt") });
  await attachPolicy(db, alice.userId, await managed("lists", allow("s3:ListBucket")));
  await putInlinePolicy(db, staff, { name: "inline", document: allow("s3:PutObject") });
  await attachPolicy(db, staff, "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess");
  const cases: [string, boolean][] = [
    ["s3:GetObject", true],
    ["s3:ListBucket", true],
    ["s3:PutObject", true],
    ["s3:GetBucketLocation", true],
    ["s3:DeleteObject", false],
    ["kms:Decrypt", false],
  ];
  for (const [action, expected] of cases) assert.equal(await may(access, alice, action), expected, action);
}

test("a user may do what inline, attached and the groups' policies allow, within the boundary", (t) =>
  judgesByAllItHolds(t));

test("the same on PostgreSQL", { skip: postgresMissing }, async (t) => {
  await using database = await temporaryDatabase();
  await judgesByAllItHolds(t, await openPostgresRecords({ url: database.url, log: silentLog }));
});

test("what this process changes counts at once, what others change within a second", async (t) => {
  const { access, db, user, time } = await openAccount(t);
  const alice = await user("alice");
  const policy = "arn:aws:iam::aws:policy/AmazonS3FullAccess";
  await attachPolicy(db, alice.userId, policy);
  assert.equal(await may(access, alice, "s3:PutObject"), true);
  await detachPolicy(db, alice.userId, policy);
  access.forget();
  assert.equal(await may(access, alice, "s3:PutObject"), false);
  await attachPolicy(db, alice.userId, policy);
  time.now += 999;
  assert.equal(await may(access, alice, "s3:PutObject"), false);
  time.now += 1;
  assert.equal(await may(access, alice, "s3:PutObject"), true);
  await detachPolicy(db, alice.userId, policy);
  time.now -= 60_000;
  assert.equal(await may(access, alice, "s3:PutObject"), false, "also when the clock is set back");
});

test("what was looked up while it changed is not remembered", async (t) => {
  const { access, db, user } = await openAccount(t);
  const alice = await user("alice");
  await putInlinePolicy(db, alice.userId, { name: "p", document: allow("s3:*") });
  const before = may(access, alice, "s3:PutObject");
  await db.deleteFrom("inline_policies").execute();
  access.forget();
  await before;
  assert.equal(await may(access, alice, "s3:PutObject"), false);
});

test("nobody is allowed anything by policies of users and roles that are gone", async (t) => {
  const { access, db, user } = await openAccount(t);
  const alice = await user("alice");
  await putInlinePolicy(db, alice.userId, { name: "p", document: allow("*") });
  await db.deleteFrom("users").execute();
  assert.equal(await may(access, alice, "s3:PutObject"), false);
  assert.equal(await may(access, undefined, "s3:PutObject"), false);
  const root = { accountId: account, principalArn: `arn:aws:iam::${account}:root`, isRoot: true };
  assert.equal(await may(access, root, "s3:PutObject"), true);
});

test("tags of users and roles are principal tags, and those of a session come before its role's", async (t) => {
  const { access, db, user, role } = await openAccount(t);
  const condition = { StringEquals: { "aws:PrincipalTag/Team": "video", "aws:PrincipalTag/stage": "test" } };
  const document = documentOf({ Effect: "Allow", Action: "*", Resource: "*", Condition: condition });
  const alice = await user("alice", { tags: { team: "video", Stage: "test" } });
  await putInlinePolicy(db, alice.userId, { name: "p", document });
  assert.equal(await may(access, alice, "s3:PutObject"), true);
  const id = await role("r", trusting({ AWS: "*" }), { tags: { team: "video", stage: "live" } });
  await putInlinePolicy(db, id, { name: "p", document });
  const decide = (request: Record<string, string>) => {
    const session = {
      issuedAtMs: 0,
      expiresAtMs: 1,
      role: { arn: `arn:aws:iam::${account}:role/r`, id, name: "r" },
      tags: {},
    };
    const arn = `arn:aws:sts::${account}:assumed-role/r/s`;
    const caller = { accountId: account, principalArn: arn, isRoot: false, userId: `${id}:s`, session };
    return access.decide({ caller, wanted: { action: "s3:PutObject", resource: "*" }, request: () => request });
  };
  assert.equal((await decide({})).allowed, false);
  assert.equal((await decide({ "aws:principaltag/stage": "test" })).allowed, true);
});

test("a service is let into roles that trust it, and told apart why not", async (t) => {
  const { access, role } = await openAccount(t);
  const service = "elastictranscoder.amazonaws.com";
  await role("good", trusting({ Service: service }));
  await role("lambda", trusting({ Service: "lambda.amazonaws.com" }));
  await role("account", trusting({ AWS: account }));
  const condition = { StringEquals: { "aws:SourceAccount": "999999999999" } };
  const statement = {
    Effect: "Allow",
    Action: "sts:AssumeRole",
    Principal: { Service: service },
    Condition: condition,
  };
  await role("other-account", documentOf(statement));
  const arn = (name: string) => `arn:aws:iam::${account}:role/${name}`;
  const cases: [string, Awaited<ReturnType<Access["canBeAssumedBy"]>>][] = [
    ["good", undefined],
    ["lambda", "not trusted"],
    ["account", "not trusted"],
    ["other-account", "not trusted"],
    ["GOOD", "no such role"],
    ["path/good", "no such role"],
    ["none", "no such role"],
  ];
  for (const [name, expected] of cases) assert.equal(await access.canBeAssumedBy(arn(name), service), expected, name);
  assert.equal(await access.canBeAssumedBy("nonsense", service), "no such role");
});

test("what a service does in a role is judged by the role's policies and the resource's", async (t) => {
  const { access, db, role } = await openAccount(t);
  const id = await role("worker", trusting({ Service: "elastictranscoder.amazonaws.com" }));
  const own = documentOf({ Effect: "Allow", Action: "s3:GetObject", Resource: "arn:aws:s3:::in/*" });
  await putInlinePolicy(db, id, { name: "p", document: own });
  const arn = `arn:aws:iam::${account}:role/worker`;
  const bucketPolicy = (Effect: string, Principal: object) => ({
    source: "bucket policy of in",
    document: documentOf({ Effect, Principal, Action: "s3:*", Resource: "arn:aws:s3:::in/*" }),
  });
  const get = { action: "s3:GetObject", resource: "arn:aws:s3:::in/film.mp4" };
  const put = { ...get, action: "s3:PutObject" };
  assert.equal((await access.decideAs(arn, get)).allowed, true);
  const denied = await access.decideAs(arn, put);
  assert.deepEqual(
    [denied.allowed, denied.reason],
    [false, "because no identity-based policy allows the s3:PutObject action"],
  );
  const ofRole = bucketPolicy("Allow", { AWS: arn });
  assert.equal((await access.decideAs(arn, { ...put, resourcePolicy: ofRole })).allowed, true);
  const forbidden = await access.decideAs(arn, { ...get, resourcePolicy: bucketPolicy("Deny", { AWS: arn }) });
  assert.equal(forbidden.reason, "with an explicit deny in a resource-based policy");
  assert.equal((await access.decideAs(arn, { ...get, accountId: "999999999999" })).allowed, false, "another account's");
  const both = { ...get, accountId: "999999999999", resourcePolicy: ofRole };
  assert.equal((await access.decideAs(arn, both)).allowed, true);
  assert.equal((await access.decideAs(`${arn}-none`, get)).allowed, false);
});

test("what cannot be evaluated is denied, and the log says so", async (t) => {
  const errors: unknown[] = [];
  const log: Log = { ...silentLog, error: (fields) => void errors.push(fields) };
  const { access, db, user } = await openAccount(t, log);
  const alice = await user("alice");
  await putInlinePolicy(db, alice.userId, { name: "good", document: allow("*") });
  await putInlinePolicy(db, alice.userId, { name: "bad", document: '{"Statement": "nonsense"}' });
  const decision = await access.decide({
    caller: alice,
    wanted: { action: "s3:GetObject", resource: "*" },
    request: () => ({}),
  });
  assert.deepEqual([decision.allowed, decision.decision], [false, "implicitDeny"]);
  assert.equal(errors.length, 1);
});

test("the root needs no policy in its own account, and no more than another in somebody else's", async (t) => {
  const { access } = await openAccount(t);
  const root: Requester = { accountId: account, principalArn: `arn:aws:iam::${account}:root`, isRoot: true };
  const asked = (more: Partial<AccessWanted>) => {
    const wanted = { action: "s3:GetObject", resource: "arn:aws:s3:::b/k", ...more };
    return access.decide({ caller: root, wanted, request: () => ({}) });
  };
  const question = { action: "s3:GetObject", resource: "arn:aws:s3:::b/k", resourceAccountId: account };
  const principal = { type: "root", accountId: account } as const;
  const evaluated = evaluate({ ...question, principal, context: {}, identity: [] });
  assert.deepEqual(await asked({}), evaluated);
  assert.deepEqual(await asked({ accountId: account }), evaluated);
  assert.equal((await asked({ accountId: "210987654321" })).allowed, false);
  const document = documentOf({ Effect: "Deny", Principal: "*", Action: "s3:*", Resource: "*" });
  assert.equal((await asked({ resourcePolicy: { source: "bucket policy of b", document } })).decision, "explicitDeny");
});

test("says in sentences which statement decides", async (t) => {
  const { access, db, user } = await openAccount(t);
  const alice = await user("alice");
  const document = documentOf([
    { Sid: "Lists", Effect: "Allow", Action: "s3:List*", Resource: "*" },
    { Effect: "Deny", Action: "s3:ListBucket", Resource: "*", Condition: { Bool: { "aws:SecureTransport": "false" } } },
  ]);
  await putInlinePolicy(db, alice.userId, { name: "mine", document });
  const wanted = { action: "s3:ListBucket", resource: "arn:aws:s3:::b" };
  const said = await access.explain({ caller: alice, wanted, request: () => ({}) });
  assert.match(said[0]!, /user\/alice may do s3:ListBucket on arn:aws:s3:::b/);
  assert.match(said[1]!, /"Lists" of inline policy mine of user alice allows it/);
  const refused = await access.explain({ caller: alice, wanted, request: () => ({ "aws:securetransport": "false" }) });
  assert.match(
    refused.join(" "),
    /may not do .* with an explicit deny .* Statement 2 of inline policy mine of user alice/,
  );
});

test("a decision costs microseconds, and looking policies up again little", async (t) => {
  const { access, db, user, group, time } = await openAccount(t);
  const alice = await user("alice");
  await putInlinePolicy(db, alice.userId, { name: "p", document: allow("s3:PutObject") });
  for (const name of ["a", "b", "c"]) {
    const id = await group(name, alice);
    await attachPolicy(db, id, "arn:aws:iam::aws:policy/ReadOnlyAccess");
    await putInlinePolicy(db, id, { name: "p", document: allow("kms:Decrypt") });
  }
  assert.ok(await findManagedPolicy(db, "arn:aws:iam::aws:policy/ReadOnlyAccess"));
  const measure = async (count: number, between: () => void) => {
    // Processor time, for others run beside.
    const began = process.cpuUsage();
    for (let i = 0; i < count; i += 1) {
      between();
      assert.equal(await may(access, alice, "s3:PutObject", "arn:aws:s3:::b/k"), true);
    }
    const { user, system } = process.cpuUsage(began);
    return (user + system) / count / 1000;
  };
  await measure(500, () => {});
  const remembered = await measure(5000, () => {});
  const lookedUp = await measure(500, () => {
    time.now += 1000;
  });
  t.diagnostic(`remembered ${(remembered * 1000).toFixed(0)} µs, looked up ${(lookedUp * 1000).toFixed(0)} µs`);
  assert.ok(remembered < 1, `${remembered} ms`);
});
