/** The rows of users, groups, roles and policies, held to the same behaviour on both engines. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { sql } from "kysely";
import { iamId } from "../../src/base/ids.ts";
import { systemRandom } from "../../src/base/random.ts";
import { parsePolicy } from "../../src/policy/parse-policy.ts";
import { accessKeysOfUser, findAccessKeyAndUser, insertAccessKey } from "../../src/storage/records/access-keys.ts";
import { builtInPolicies } from "../../src/storage/records/built-in-policies.ts";
import { addToGroup, findGroup, groupsOfUser, insertGroup, usersInGroup } from "../../src/storage/records/groups.ts";
import { inTurn } from "../../src/storage/records/in-turn.ts";
import { findInlinePolicy, inlinePoliciesOf, putInlinePolicy } from "../../src/storage/records/inline-policies.ts";
import {
  deleteManagedPolicy,
  findManagedPolicy,
  insertManagedPolicy,
  insertPolicyVersion,
  policyVersionsOf,
  setDefaultVersion,
} from "../../src/storage/records/managed-policies.ts";
import { migrate } from "../../src/storage/records/migrate.ts";
import { findOidcProvider, insertOidcProvider } from "../../src/storage/records/oidc-providers.ts";
import {
  attachedPoliciesOf,
  attachPolicy,
  boundedBy,
  ownersOfPolicy,
  policyUsage,
} from "../../src/storage/records/policy-attachments.ts";
import type { Records } from "../../src/storage/records/records.ts";
import {
  findRole,
  findRoleByArn,
  findRoleById,
  insertRole,
  noteRoleUse,
  updateRole,
} from "../../src/storage/records/roles.ts";
import { openSqliteRecords } from "../../src/storage/records/sqlite.ts";
import {
  findUser,
  findUserById,
  insertUser,
  listUsers,
  type User,
  updateUser,
} from "../../src/storage/records/users.ts";
import { openTemporaryPostgres, postgresMissing } from "../support/postgres.ts";

const engines: Record<string, (folder: string) => Promise<{ records: Records; close(): Promise<void> }>> = {
  async sqlite(folder) {
    const records = await openSqliteRecords({ path: join(folder, "millrace.db") });
    return { records, close: () => records.close() };
  },
  postgres: () => openTemporaryPostgres(),
};

const createdAt = Date.UTC(2026, 0, 1);

function userOf(account: string, name: string, members: Partial<User> = {}): User {
  const base = { id: iamId("AIDA", systemRandom), account, name, path: "/", createdAt, boundary: undefined, tags: {} };
  const user = { ...base, ...members };
  return { ...user, arn: `arn:aws:iam::${account}:user${user.path}${name}` };
}

for (const [engine, open] of Object.entries(engines)) {
  describe(`identities on ${engine}`, { skip: engine === "postgres" && postgresMissing }, () => {
    let folder: string;
    let opened: Awaited<ReturnType<typeof open>>;
    let records: Records;

    before(async () => {
      folder = await mkdtemp(join(tmpdir(), "millrace-iam-records-"));
      opened = await open(folder);
      records = opened.records;
    });
    after(async () => {
      await opened.close();
      await rm(folder, { recursive: true });
    });

    test("users keep every member and are found without case, in their own account only", async () => {
      const { db } = records;
      const tags = JSON.parse('{"__proto__":"a","ключ":"b"}');
      const user = userOf("100000000001", "Ann", { path: "/a/b/", boundary: "arn:b", tags });
      assert.equal(await insertUser(db, user), "inserted");
      assert.deepEqual(await findUser(db, user.account, "aNN"), user);
      assert.deepEqual(await findUserById(db, user.id), user);
      assert.equal(await findUser(db, "100000000002", "Ann"), undefined);
      assert.equal(await insertUser(db, userOf(user.account, "ANN")), "exists");
      assert.equal(await insertUser(db, userOf("100000000002", "ANN")), "inserted");
      await updateUser(db, user, { boundary: undefined, tags: {} });
      assert.deepEqual(await findUserById(db, user.id), { ...user, boundary: undefined, tags: {} });
    });

    test("of many that take the same name at once, one gets it", async () => {
      const answers = await Promise.all(
        Array.from({ length: 8 }, (_, i) =>
          inTurn(records, "iam:100000000003", (db) => insertUser(db, userOf("100000000003", i % 2 ? "x" : "X"))),
        ),
      );
      assert.equal(answers.filter((answer) => answer === "exists").length, 7);
    });

    test("users are listed by name without case, by path, behind a name", async () => {
      const account = "100000000004";
      for (const [name, path] of [
        ["b", "/x/"],
        ["A", "/x/y/"],
        ["_", "/"],
        ["c", "/xx/"],
        ["B2", "/x/"],
      ] as const) {
        await insertUser(records.db, userOf(account, name, { path }));
      }
      const names = async (page: Partial<Parameters<typeof listUsers>[2]>) =>
        (await listUsers(records.db, account, { limit: 100, ...page })).map(({ name }) => name).join(" ");
      assert.equal(await names({}), "_ A b B2 c");
      assert.equal(await names({ pathPrefix: "/x/" }), "A b B2");
      assert.equal(await names({ pathPrefix: "/x" }), "A b B2 c");
      assert.equal(await names({ after: "a", limit: 2 }), "b B2");
      assert.equal(await names({ after: "B", pathPrefix: "/x/" }), "B2");
    });

    test("roles keep every member; an ARN names one only to the letter", async () => {
      const { db } = records;
      const account = "100000000005";
      const role = {
        id: iamId("AROA", systemRandom),
        account,
        name: "Role",
        path: "/p/",
        createdAt,
        description: "é",
        maxSessionSeconds: 43_200,
        trustPolicy: "{}",
        boundary: "arn:b",
        tags: { a: "b" },
      };
      assert.equal(await insertRole(db, role), "inserted");
      assert.equal(await insertRole(db, { ...role, id: "AROAOTHER", name: "ROLE" }), "exists");
      const arn = `arn:aws:iam::${account}:role/p/Role`;
      const whole = { ...role, arn, lastUsed: undefined };
      assert.deepEqual(await findRole(db, account, "role"), whole);
      assert.deepEqual(await findRoleById(db, role.id), whole);
      assert.deepEqual(await findRoleByArn(db, arn), whole);
      for (const other of [
        `arn:aws:iam::${account}:role/p/role`,
        `arn:aws:iam::${account}:role/Role`,
        arn.replace("role", "user"),
        "Role",
      ]) {
        assert.equal(await findRoleByArn(db, other), undefined, other);
      }
      await noteRoleUse(db, role.id, { at: 5, region: "eu-west-1" });
      await updateRole(db, whole, { description: undefined, tags: {} });
      const changed = { ...whole, description: undefined, tags: {}, lastUsed: { at: 5, region: "eu-west-1" } };
      assert.deepEqual(await findRoleById(db, role.id), changed);
    });

    test("groups, inline policies and attachments belong to whom they were given", async () => {
      const { db } = records;
      const account = "100000000006";
      const users = [userOf(account, "u1"), userOf(account, "U2")];
      for (const user of users) await insertUser(db, user);
      const group = { id: iamId("AGPA", systemRandom), account, name: "G", path: "/", createdAt };
      await insertGroup(db, group);
      for (const user of users) await addToGroup(db, group.id, user.id);
      await addToGroup(db, group.id, users[0]!.id);
      assert.deepEqual(
        (await groupsOfUser(db, users[0]!.id)).map(({ name }) => name),
        ["G"],
      );
      assert.deepEqual(
        (await usersInGroup(db, group.id, { limit: 10 })).map(({ name }) => name),
        ["u1", "U2"],
      );
      assert.deepEqual(
        (await usersInGroup(db, group.id, { after: "U1", limit: 10 })).map(({ name }) => name),
        ["U2"],
      );
      assert.equal((await findGroup(db, account, "g"))!.arn, `arn:aws:iam::${account}:group/G`);

      await putInlinePolicy(db, group.id, { name: "P", document: "1" });
      await putInlinePolicy(db, group.id, { name: "p", document: "2" });
      await putInlinePolicy(db, users[0]!.id, { name: "other", document: "3" });
      assert.deepEqual(await inlinePoliciesOf(db, group.id), [{ name: "p", document: "2" }]);
      assert.deepEqual(await findInlinePolicy(db, group.id, "P"), { name: "p", document: "2" });

      const arn = "arn:aws:iam::aws:policy/ReadOnlyAccess";
      await attachPolicy(db, group.id, arn);
      await attachPolicy(db, group.id, arn);
      await attachPolicy(db, users[0]!.id, arn);
      const stranger = userOf("100000000007", "s", { boundary: arn });
      await insertUser(db, stranger);
      await attachPolicy(db, stranger.id, arn);
      await updateUser(db, users[1]!, { boundary: arn });
      assert.deepEqual(await attachedPoliciesOf(db, group.id), [arn]);
      assert.deepEqual(await ownersOfPolicy(db, account, arn), [group.id, users[0]!.id].toSorted());
      assert.deepEqual(await boundedBy(db, account, arn), [users[1]!.id]);
      assert.deepEqual(await policyUsage(db, account), new Map([[arn, { attachments: 2, boundaries: 1 }]]));
    });

    test("a managed policy is what its default version says; numbers are never given twice", async () => {
      const { db } = records;
      const account = "100000000008";
      const id = iamId("ANPA", systemRandom);
      const policy = {
        id,
        account,
        name: "P",
        path: "/",
        description: undefined,
        createdAt,
        tags: {},
        document: "one",
      };
      assert.equal(await insertManagedPolicy(db, policy), "inserted");
      assert.equal(await insertManagedPolicy(db, { ...policy, id: "ANPAOTHER", name: "p" }), "exists");
      const arn = `arn:aws:iam::${account}:policy/P`;
      const find = async () => (await findManagedPolicy(db, arn))!;
      assert.equal((await find()).document, "one");
      await insertPolicyVersion(db, await find(), { document: "two", createdAt: 2, asDefault: true });
      assert.deepEqual([(await find()).document, (await find()).updatedAt], ["two", 2]);
      await setDefaultVersion(db, id, 1, 3);
      assert.equal((await find()).document, "one");
      await sql`delete from policy_versions where policy_id = ${id} and number = 2`.execute(db);
      const third = await insertPolicyVersion(db, await find(), { document: "three", createdAt: 4, asDefault: false });
      assert.equal(third.number, 3);
      assert.deepEqual(
        (await policyVersionsOf(db, await find())).map(({ number }) => number),
        [3, 1],
      );
      await deleteManagedPolicy(db, id);
      assert.equal(await findManagedPolicy(db, arn), undefined);
      assert.deepEqual(await policyVersionsOf(db, { ...policy, arn } as never), []);
    });

    test("OpenID Connect providers keep every member", async () => {
      const provider = {
        account: "100000000009",
        name: "id.example.com/a",
        createdAt,
        clientIds: ["a", "b"],
        thumbprints: [],
        tags: { k: "v" },
      };
      assert.equal(await insertOidcProvider(records.db, provider), "inserted");
      assert.equal(await insertOidcProvider(records.db, provider), "exists");
      const arn = "arn:aws:iam::100000000009:oidc-provider/id.example.com/a";
      assert.deepEqual(await findOidcProvider(records.db, provider.account, provider.name), { ...provider, arn });
    });

    test("whoever had a key before there was IAM is a user who may do everything", async () => {
      const { db } = records;
      for (const table of [
        ...["users", "groups", "group_members", "roles", "managed_policies", "policy_versions", "inline_policies"],
        ...["policy_attachments", "oidc_providers"],
      ]) {
        await sql`drop table ${sql.table(table)}`.execute(db);
      }
      await sql`drop index access_keys_by_user`.execute(db);
      for (const column of ["user_id", "status", "last_used_at", "last_used_service", "last_used_region"]) {
        await sql`alter table access_keys drop column ${sql.ref(column)}`.execute(db);
      }
      await sql`delete from millrace_migrations where name = '0005-create-identities'`.execute(db);
      const account = "200000000001";
      const old = async (id: string, user: string, at: number, revoked: number | null = null) =>
        sql`insert into access_keys (id, secret, account, user_name, created_at, revoked_at)
          values (${id}, 's', ${account}, ${user}, ${at}, ${revoked})`.execute(db);
      await old("AKIAROOT", "root", 1);
      await old("AKIA1", "Admin", 5);
      await old("AKIA2", "admin", 6);
      await old("AKIA3", "gone", 7, 8);
      await migrate(records);

      const { key, user } = (await findAccessKeyAndUser(db, "AKIA2"))!;
      assert.deepEqual([user!.name, user!.arn, key.status], ["Admin", `arn:aws:iam::${account}:user/Admin`, "Active"]);
      assert.match(user!.id, /^AIDA[A-Z2-7]{17}$/);
      assert.deepEqual(
        (await accessKeysOfUser(db, user!.id)).map(({ id }) => id),
        ["AKIA1", "AKIA2"],
      );
      assert.deepEqual(await attachedPoliciesOf(db, user!.id), ["arn:aws:iam::aws:policy/AdministratorAccess"]);
      const root = await findAccessKeyAndUser(db, "AKIAROOT");
      assert.deepEqual([root!.key.user_name, root!.user], ["root", undefined]);
      assert.equal(await findAccessKeyAndUser(db, "AKIA3"), undefined);
      assert.equal(await findUser(db, account, "gone"), undefined);
      await insertAccessKey(db, {
        id: "AKIA4",
        secret: "s",
        account,
        user_name: "Admin",
        user_id: user!.id,
        created_at: 9,
      });
      assert.equal((await accessKeysOfUser(db, user!.id)).length, 3);
    });
  });
}

test("every built-in policy is one that IAM would take", () => {
  assert.equal(builtInPolicies.size, 13);
  for (const [arn, { document, id }] of builtInPolicies) {
    assert.ok(parsePolicy(document, "identity").statements.length > 0, arn);
    assert.match(id, /^ANPA[A-Z0-9]{17}$/);
  }
});
