/**
 * Sessions for those whom an OpenID Connect issuer vouches for: the JS SDK without keys, and a real issuer over HTTPS.
 */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { type TestContext, test } from "node:test";
import { STS } from "@aws-sdk/client-sts";
import { createSafeFetch } from "../../src/base/safe-fetch.ts";
import { insertOidcProvider } from "../../src/storage/records/oidc-providers.ts";
import { account, type IdentityServer, region, startIdentities } from "../support/identities.ts";
import { type Issuer, startIssuer } from "../support/oidc-issuer.ts";

async function start(t: TestContext, clock = Date.now) {
  const issuer = await startIssuer(t, clock);
  const fetch = createSafeFetch({ allow: ["127.0.0.0/8"], ca: [issuer.authority] });
  const server = await startIdentities(t, { fetch, clock });
  const name = issuer.url.slice("https://".length);
  const more = { createdAt: 0, thumbprints: [], tags: {} };
  await insertOidcProvider(server.records.db, { account, name, clientIds: ["millrace", "other"], ...more });
  const providerArn = `arn:aws:iam::${account}:oidc-provider/${name}`;
  const trusting = (condition: object) => ({
    Statement: [
      {
        Effect: "Allow",
        Principal: { Federated: providerArn },
        Action: "sts:AssumeRoleWithWebIdentity",
        Condition: condition,
      },
    ],
  });
  const role = await server.role("builder", trusting({ StringEquals: { [`${name}:aud`]: "millrace" } }));
  return { issuer, server, name, providerArn, trusting, role };
}

/** Without keys: the SDK does not sign this call. */
function assume(t: TestContext, { url }: IdentityServer, RoleArn: string, WebIdentityToken: string, more: object = {}) {
  const sts = new STS({ endpoint: url, region, maxAttempts: 1, credentials: noKeys });
  t.after(() => sts.destroy());
  return sts.assumeRoleWithWebIdentity({ RoleArn, RoleSessionName: "run-1", WebIdentityToken, ...more });
}

async function noKeys(): Promise<never> {
  throw new Error("nobody may ask for keys here");
}

test("a token of a configured issuer, RS256 or ES256, opens a role that trusts it", async (t) => {
  const { issuer, server, role, name, providerArn } = await start(t);
  for (const key of Object.values(issuer.keys)) {
    const answer = await assume(t, server, role.arn, issuer.token({}, { key }));
    const arn = `arn:aws:sts::${account}:assumed-role/builder/run-1`;
    assert.deepEqual(
      [answer.SubjectFromWebIdentityToken, answer.Audience, answer.Provider, answer.AssumedRoleUser?.Arn],
      ["job-7", "millrace", issuer.url, arn],
    );
    const { AccessKeyId, SecretAccessKey, SessionToken } = answer.Credentials!;
    const keys = { accessKeyId: AccessKeyId!, secretAccessKey: SecretAccessKey!, sessionToken: SessionToken! };
    assert.equal((await server.sts(keys).getCallerIdentity({})).Arn, arn);
  }
  assert.deepEqual(issuer.asked, ["/tenant/.well-known/openid-configuration", "/tenant/keys"], "it is asked once");
  assert.ok(providerArn.endsWith(name));
});

test("the trust policy sees subject, audience, party and methods", async (t) => {
  const { issuer, server, name, trusting } = await start(t);
  const cases: [object, object, object | undefined][] = [
    [{ StringEquals: { [`${name}:sub`]: "repo:a" } }, { sub: "repo:a" }, { sub: "repo:b" }],
    [{ StringLike: { [`${name}:sub`]: "repo:*" } }, { sub: "repo:x" }, { sub: "user:x" }],
    [{ StringEquals: { [`${name}:aud`]: "other" } }, { aud: "other" }, { aud: "millrace" }],
    [{ StringEquals: { [`${name}:aud`]: "other" } }, { aud: "third", azp: "other" }, { aud: ["none", "millrace"] }],
    [{ "ForAnyValue:StringEquals": { [`${name}:amr`]: "otp" } }, { amr: ["pwd", "otp"] }, { amr: ["pwd"] }],
    [{ StringEquals: { "sts:RoleSessionName": "run-1" } }, {}, undefined],
  ];
  for (const [index, [condition, right, wrong]] of cases.entries()) {
    const role = await server.role(`r${index}`, trusting(condition));
    await assume(t, server, role.arn, issuer.token(right));
    if (wrong === undefined) continue;
    await assert.rejects(assume(t, server, role.arn, issuer.token(wrong)), (error: Error) => {
      assert.deepEqual(
        [error.name, error.message],
        ["AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity"],
        `case ${index}`,
      );
      return true;
    });
  }
});

const refusals: [string, (issuer: Issuer) => string, string, RegExp][] = [
  ["no token", () => "not.a.token", "InvalidIdentityToken", /not a valid JWT/],
  ["two parts", (issuer) => issuer.token({}).split(".").slice(0, 2).join("."), "InvalidIdentityToken", /valid JWT/],
  [
    "algorithm none",
    (issuer) => `${issuer.token({}, { header: { alg: "none" } }).replace(/[^.]*$/, "")}`,
    "InvalidIdentityToken",
    /valid JWT/,
  ],
  ["a shared secret made of the public key", sharedSecretToken, "InvalidIdentityToken", /valid JWT/],
  [
    "a critical extension",
    (issuer) => issuer.token({}, { header: { crit: ["x"] } }),
    "InvalidIdentityToken",
    /valid JWT/,
  ],
  [
    "another algorithm than the key's",
    (issuer) => issuer.token({}, { key: issuer.keys.ec, header: { alg: "RS256" } }),
    "InvalidIdentityToken",
    /verification key/,
  ],
  [
    "an unknown issuer",
    (issuer) => issuer.token({ iss: "https://elsewhere.example" }),
    "InvalidIdentityToken",
    /No OpenIDConnect provider found in your account for https:\/\/elsewhere/,
  ],
  [
    "an issuer of plain HTTP",
    (issuer) => issuer.token({ iss: issuer.url.replace("https", "http") }),
    "InvalidIdentityToken",
    /No OpenIDConnect provider/,
  ],
  [
    "another audience",
    (issuer) => issuer.token({ aud: "someone-else" }),
    "InvalidIdentityToken",
    /Incorrect token audience/,
  ],
  [
    "another party",
    (issuer) => issuer.token({ azp: "someone-else" }),
    "InvalidIdentityToken",
    /Incorrect token audience/,
  ],
  [
    "a key that is not published",
    (issuer) => issuer.token({}, { key: issuer.newKey("rsa", "rsa-1") }),
    "InvalidIdentityToken",
    /verification key/,
  ],
  [
    "a key of unknown id",
    (issuer) => issuer.token({}, { key: issuer.newKey("ec", "new") }),
    "InvalidIdentityToken",
    /verification key/,
  ],
  ["no subject", (issuer) => issuer.token({ sub: undefined }), "InvalidIdentityToken", /iss and sub/],
  ["no end", (issuer) => issuer.token({ exp: undefined }), "InvalidIdentityToken", /exp/],
  [
    "an end that has passed",
    (issuer) => issuer.token({ exp: Math.floor(Date.now() / 1000) - 1 }),
    "ExpiredTokenException",
    /^Token expired: current date\/time \d+ must be before the expiration date\/time \d+$/,
  ],
  [
    "a beginning that is to come",
    (issuer) => issuer.token({ nbf: Math.floor(Date.now() / 1000) + 300 }),
    "InvalidIdentityToken",
    /not valid yet/,
  ],
  [
    "one character changed",
    (issuer) => issuer.token({}).replace(/\.(.)/, (_, first) => `.${first === "e" ? "f" : "e"}`),
    "InvalidIdentityToken",
    /./,
  ],
];

test("tokens that prove nothing are refused, each by its name", async (t) => {
  const { issuer, server, role } = await start(t);
  for (const [what, make, code, message] of refusals) {
    await assert.rejects(assume(t, server, role.arn, make(issuer)), (error: Error) => {
      assert.equal(error.name.replace(/Exception$/, ""), code.replace(/Exception$/, ""), `${what}: ${error.message}`);
      assert.match(error.message, message, what);
      return true;
    });
  }
});

/** The classic forgery: signed with the public key as if it were a secret. */
function sharedSecretToken({ url, keys }: Issuer): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const claims = { iss: url, sub: "x", aud: "millrace", exp: Math.floor(Date.now() / 1000) + 60 };
  const signed = `${part({ alg: "HS256", kid: keys.rsa.kid })}.${part(claims)}`;
  return `${signed}.${createHmac("sha256", JSON.stringify(keys.rsa.jwk)).update(signed).digest("base64url")}`;
}

test("roles that do not trust the issuer, or do not exist, are denied in the same words", async (t) => {
  const { issuer, server, role } = await start(t);
  await server.role("for-users", { AWS: account });
  for (const arn of [role.arn.replace("builder", "for-users"), role.arn.replace("builder", "no-such-role")]) {
    await assert.rejects(assume(t, server, arn, issuer.token({})), (error: Error) => {
      assert.deepEqual(
        [error.name, error.message],
        ["AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity"],
      );
      return true;
    });
  }
});

test("new keys of an issuer are found, and it is not asked more than twice a minute whatever comes", async (t) => {
  let now = Date.now();
  const { issuer, server, role } = await start(t, () => now);
  await assume(t, server, role.arn, issuer.token({}));
  const next = issuer.newKey("ec", "ec-2");
  issuer.publish(next);
  for (let tries = 0; tries < 5; tries += 1) {
    await assert.rejects(assume(t, server, role.arn, issuer.token({}, { key: next })), /verification key/);
  }
  assert.equal(issuer.asked.length, 2);
  now += 30_001;
  await assume(t, server, role.arn, issuer.token({}, { key: next }));
  assert.equal(issuer.asked.length, 4);
  await assert.rejects(assume(t, server, role.arn, issuer.token({})), /verification key/, "a key that was withdrawn");
});

test("an issuer that cannot be reached, or answers nonsense, is a communication error", async (t) => {
  let now = Date.now();
  const { issuer, server, role } = await start(t, () => now);
  const discovery = "/tenant/.well-known/openid-configuration";
  const good = issuer.answers.get(discovery)!;
  const other = { ...JSON.parse(good.body), issuer: "https://elsewhere.example" };
  const plain = { ...JSON.parse(good.body), jwks_uri: `${issuer.url.replace("https", "http")}/keys` };
  const cases: [object, RegExp][] = [
    [{ status: 500, body: "" }, /answers 500/],
    [{ status: 200, body: "<html>" }, /JSON/],
    [{ status: 200, body: "x".repeat(300_000) }, /more than 262144 bytes/],
    [{ status: 200, body: JSON.stringify(other) }, /names another issuer/],
    [{ status: 200, body: JSON.stringify(plain) }, /no jwks_uri of https/],
  ];
  for (const [answer, message] of cases) {
    issuer.answers.set(discovery, answer as typeof good);
    await assert.rejects(assume(t, server, role.arn, issuer.token({})), (error: Error) => {
      assert.match(error.name, /^IDPCommunicationError/);
      assert.match(error.message, message);
      return true;
    });
    now += 31_000;
  }
  issuer.answers.set(discovery, good);
  await assume(t, server, role.arn, issuer.token({}));
});

test("an issuer on an address that may not be called is not called", async (t) => {
  const issuer = await startIssuer(t);
  const server = await startIdentities(t, { fetch: createSafeFetch({ ca: [issuer.authority] }) });
  const provider = {
    account,
    name: issuer.url.slice(8),
    clientIds: ["millrace"],
    createdAt: 0,
    thumbprints: [],
    tags: {},
  };
  await insertOidcProvider(server.records.db, provider);
  const arn = `arn:aws:iam::${account}:oidc-provider/${provider.name}`;
  const trust = { Statement: [{ Effect: "Allow", Principal: { Federated: arn }, Action: "sts:*" }] };
  const role = await server.role("r", trust);
  await assert.rejects(assume(t, server, role.arn, issuer.token({})), /is not on the open internet/);
  assert.deepEqual(issuer.asked, []);
});
