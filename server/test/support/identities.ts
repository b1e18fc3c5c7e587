/**
 * A server whose callers are judged by real policies: rows, sealed secrets, sessions and the edge as the program wires
 * them, on a port of its own, with the services that a test asks for beside STS.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { STS, type STSClientConfig } from "@aws-sdk/client-sts";
import { openIdentity } from "../../src/app/identity.ts";
import { type Clock, systemClock } from "../../src/base/clock.ts";
import { iamId } from "../../src/base/ids.ts";
import { type Log, silentLog } from "../../src/base/log.ts";
import { type Random, systemRandom } from "../../src/base/random.ts";
import { createSafeFetch, type SafeFetch } from "../../src/base/safe-fetch.ts";
import { createEdge } from "../../src/edge/edge.ts";
import type { Handler } from "../../src/edge/http.ts";
import { openListener } from "../../src/edge/listener.ts";
import { type Access, openAccess } from "../../src/engine/access/access.ts";
import { newKeyPair, type SecretSealer } from "../../src/engine/access/key-pairs.ts";
import type { Caller, Service } from "../../src/services/operation.ts";
import type { KeyWrapper } from "../../src/storage/keys/key-wrapper.ts";
import { openMasterKey } from "../../src/storage/keys/master-key.ts";
import { insertAccessKey } from "../../src/storage/records/access-keys.ts";
import { putInlinePolicy } from "../../src/storage/records/inline-policies.ts";
import type { Records } from "../../src/storage/records/records.ts";
import { findRole, insertRole, type NewRole, type Role } from "../../src/storage/records/roles.ts";
import { openSqliteRecords } from "../../src/storage/records/sqlite.ts";
import { findUser, insertUser, type User } from "../../src/storage/records/users.ts";

export const account = "123456789012";
export const region = "us-east-1";

export type Keys = { accessKeyId: string; secretAccessKey: string; sessionToken?: string };

/** What services are opened with. */
export type IdentityParts = {
  records: Records;
  wrapper: KeyWrapper;
  access: Access;
  sealer: SecretSealer;
  folder: string;
  clock: Clock;
  random: Random;
  log: Log;
};

export type IdentityServer = IdentityParts & {
  url: string;
  /** All that are served. */
  // biome-ignore lint/suspicious/noExplicitAny: services of many contexts stand side by side.
  services: readonly Service<any>[];
  /** Without a port. */
  handler: Handler;
  /** Of the account's root. */
  root: Keys;
  /** `policies`: inline ones, as documents or their statements. */
  user(name: string, policies?: readonly object[], more?: Partial<User>): Promise<User & { keys: Keys }>;
  /** `trust`: principals of a statement that allows sts:*, or a whole document. */
  role(name: string, trust: object, policies?: readonly object[], more?: Partial<NewRole>): Promise<Role>;
  sts(credentials?: Keys, options?: STSClientConfig): STS;
};

export type IdentityServerOptions = {
  // biome-ignore lint/suspicious/noExplicitAny: services of many contexts stand side by side.
  services?(parts: IdentityParts): readonly Service<any>[] | Promise<readonly Service<any>[]>;
  clock?: Clock;
  log?: Log;
  fetch?: SafeFetch;
  /** Told of every signature that was right. */
  used?(caller: Caller): void;
};

/** Closed after the test. */
export async function startIdentities(t: TestContext, options: IdentityServerOptions = {}): Promise<IdentityServer> {
  const { clock = systemClock, log = silentLog, fetch = createSafeFetch() } = options;
  const common = { clock, random: systemRandom, log };
  const folder = await mkdtemp(join(tmpdir(), "millrace-identities-"));
  const records = await openSqliteRecords({ path: join(folder, "records.db") });
  const wrapper = await openMasterKey({ records, path: join(folder, "master-key"), ...common });
  const access = openAccess({ records, ...common });
  const config = { account, data: folder, rootKey: undefined };
  const identity = await openIdentity(config, { records, wrapper, access, fetch, ...common });
  const { sealer } = identity;
  const parts: IdentityParts = { records, wrapper, access, sealer, folder, ...common };
  const services = [identity.sts, ...((await options.services?.(parts)) ?? [])];
  const handler = createEdge({
    services,
    credentials: {
      find: identity.credentials.find,
      used(caller, what) {
        options.used?.(caller);
        identity.credentials.used?.(caller, what);
      },
    },
    authorizer: access,
    ...common,
    s3BaseDomains: [],
  });
  const listener = await openListener({ handler, host: "127.0.0.1", port: 0 });
  const clients: STS[] = [];
  t.after(async () => {
    for (const client of clients) client.destroy();
    await listener.close();
    await identity.close();
    await records.close();
    if (t.passed) await rm(folder, { recursive: true });
    else t.diagnostic(`kept: ${folder}`);
  });
  const root = { accessKeyId: identity.rootKey.id, secretAccessKey: identity.rootKey.secret };

  return {
    ...parts,
    url: listener.url,
    services,
    handler,
    root,
    async user(name, policies = [], more = {}) {
      const id = iamId("AIDA", systemRandom);
      const row = { id, account, name, path: "/", createdAt: clock(), boundary: undefined, tags: {}, ...more };
      if ((await insertUser(records.db, row)) === "exists") throw new Error(`there is a user ${name} already`);
      await putPolicies(records, row.id, policies);
      const { id: accessKeyId, secret } = newKeyPair(systemRandom);
      const key = { id: accessKeyId, secret: await sealer.seal(accessKeyId, secret), created_at: clock() };
      await insertAccessKey(records.db, { ...key, account: row.account, user_name: name, user_id: row.id });
      access.forget();
      return { ...(await findUser(records.db, row.account, name))!, keys: { accessKeyId, secretAccessKey: secret } };
    },
    async role(name, trust, policies = [], more = {}) {
      const id = iamId("AROA", systemRandom);
      const trusted = "Statement" in trust ? trust : { Effect: "Allow", Action: "sts:*", Principal: trust };
      const row = { id, account, name, path: "/", createdAt: clock(), boundary: undefined, tags: {}, ...more };
      const own = { description: undefined, maxSessionSeconds: 3600, trustPolicy: documentOf(trusted), ...more };
      if ((await insertRole(records.db, { ...row, ...own })) === "exists") throw new Error(`there is a role ${name}`);
      await putPolicies(records, row.id, policies);
      access.forget();
      return (await findRole(records.db, account, name))!;
    },
    sts(credentials = root, more = {}) {
      const client = new STS({ endpoint: listener.url, region, credentials, maxAttempts: 1, ...more });
      clients.push(client);
      return client;
    },
  };
}

async function putPolicies(records: Records, ownerId: string, policies: readonly object[]): Promise<void> {
  for (const [index, policy] of policies.entries()) {
    await putInlinePolicy(records.db, ownerId, { name: `p${index + 1}`, document: documentOf(policy) });
  }
}

/** The text of a document, also of one that was given as a statement or a list of them. */
export function documentOf(policy: object): string {
  return JSON.stringify({ Version: "2012-10-17", ...("Statement" in policy ? policy : { Statement: policy }) });
}
