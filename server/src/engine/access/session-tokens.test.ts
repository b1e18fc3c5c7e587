import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { systemClock } from "../../base/clock.ts";
import { systemRandom } from "../../base/random.ts";
import { masterKeyWrapper } from "../../storage/keys/key-wrapper.ts";
import { openSecrets } from "../../storage/keys/secrets.ts";
import { openSqliteRecords } from "../../storage/records/sqlite.ts";
import { openSessionTokens } from "./session-tokens.ts";

/** Of an installation of its own, as two of its processes have it. */
async function openTokens(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), "millrace-tokens-"));
  const records = await openSqliteRecords({ path: join(folder, "records.db") });
  t.after(async () => {
    await records.close();
    await rm(folder, { recursive: true });
  });
  const common = { random: systemRandom, clock: systemClock };
  const wrapper = masterKeyWrapper(systemRandom(32), systemRandom);
  const open = () => openSessionTokens({ secrets: openSecrets({ records, wrapper, ...common }), ...common });
  return [open(), open()] as const;
}

const holder = {
  accountId: "123456789012",
  principalArn: "arn:aws:sts::123456789012:assumed-role/worker/night",
  isRoot: false,
  userId: "AROAEXAMPLEEXAMPLE123:night",
  session: {
    issuedAtMs: 1_000,
    expiresAtMs: 2_000,
    role: { arn: "arn:aws:iam::123456789012:role/worker", id: "AROAEXAMPLEEXAMPLE123", name: "worker" },
    policies: ['{"Statement":[]}'],
    tags: { __proto__x: "1", "a b": "ü" },
    transitiveTagKeys: ["a b"],
  },
};

test("a token gives back the session and its secret, in any process of the installation", async (t) => {
  const [tokens, elsewhere] = await openTokens(t);
  const { accessKeyId, secretAccessKey, sessionToken } = await tokens.issue(holder);
  assert.match(accessKeyId, /^ASIA[A-Z2-7]{16}$/);
  assert.match(secretAccessKey, /^[A-Za-z0-9+/]{40}$/);
  assert.deepEqual(await elsewhere.open(accessKeyId, sessionToken), { ...holder, secret: secretAccessKey });
  const [another] = await openTokens(t);
  assert.equal(await another.open(accessKeyId, sessionToken), undefined, "another installation's");
  assert.equal(sessionToken.includes(secretAccessKey), false);
  assert.ok(sessionToken.length < 600, String(sessionToken.length));
});

test("a token belongs to its key id", async (t) => {
  const [tokens] = await openTokens(t);
  const [one, other] = await Promise.all([tokens.issue(holder), tokens.issue(holder)]);
  assert.equal(await tokens.open(one.accessKeyId, other.sessionToken), undefined);
  assert.equal(await tokens.open("", one.sessionToken), undefined);
});

test("a token with any character changed, cut or written in another way is none", async (t) => {
  const [tokens] = await openTokens(t);
  const { accessKeyId, sessionToken } = await tokens.issue(holder);
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (let at = 0; at < sessionToken.length; at += 1) {
    const next = alphabet[(alphabet.indexOf(sessionToken[at]!) + 1) % 64]!;
    const forged = sessionToken.slice(0, at) + next + sessionToken.slice(at + 1);
    assert.equal(await tokens.open(accessKeyId, forged), undefined, `character ${at}`);
  }
  const urlSafe = sessionToken.replaceAll("+", "-").replaceAll("/", "_");
  const others = [
    "",
    "=",
    sessionToken.slice(0, -1),
    sessionToken.slice(4),
    `${sessionToken}=`,
    ` ${sessionToken}`,
    `${sessionToken}\n`,
    ...(urlSafe === sessionToken ? [] : [urlSafe]),
    "A".repeat(1 << 20),
  ];
  for (const other of others) assert.equal(await tokens.open(accessKeyId, other), undefined, other.slice(0, 40));
});
