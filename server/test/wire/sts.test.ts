/**
 * Sessions as clients get and use them: the JS SDK's STS against the real edge, policies and tokens.
 */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { GetObjectCommand, S3 } from "@aws-sdk/client-s3";
import type { Credentials } from "@aws-sdk/client-sts";
import { createPresignedPost } from "@aws-sdk/s3-presigned-post";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { openS3Service } from "../../src/services/s3/service.ts";
import { openFsBlobs } from "../../src/storage/blobs/fs-store.ts";
import { openKmsStore } from "../../src/storage/keys/kms-store.ts";
import { account, documentOf, type IdentityParts, type Keys, region, startIdentities } from "../support/identities.ts";

const rootTrust = { AWS: account };
const allow = (action: string | string[], resource: string | string[] = "*", more: object = {}) => ({
  Effect: "Allow",
  Action: action,
  Resource: resource,
  ...more,
});
const deny = (action: string, resource = "*") => ({ Effect: "Deny", Action: action, Resource: resource });

function keysOf({ AccessKeyId, SecretAccessKey, SessionToken }: Credentials = {} as Credentials): Keys {
  return { accessKeyId: AccessKeyId!, secretAccessKey: SecretAccessKey!, sessionToken: SessionToken! };
}

const named = (code: string, message: RegExp | string, status = 403) => {
  return (error: Error & { $metadata?: { httpStatusCode?: number } }) => {
    assert.equal(error.name, code, error.message);
    if (typeof message === "string") assert.equal(error.message, message);
    else assert.match(error.message, message);
    assert.equal(error.$metadata?.httpStatusCode, status);
    return true;
  };
};

test("everybody who has signed may ask who they are, and is told by their ARN and id", async (t) => {
  const server = await startIdentities(t);
  const user = await server.user("ingest-bot", [deny("*")], { path: "/bots/" });
  const { Account, Arn, UserId } = await server.sts().getCallerIdentity({});
  assert.deepEqual([Account, Arn, UserId], [account, `arn:aws:iam::${account}:root`, account]);
  const own = await server.sts(user.keys).getCallerIdentity({});
  assert.deepEqual(
    [own.Account, own.Arn, own.UserId],
    [account, `arn:aws:iam::${account}:user/bots/ingest-bot`, user.id],
  );
});

test("a user assumes a role that trusts the account only with a policy of their own", async (t) => {
  const server = await startIdentities(t);
  const role = await server.role("reader", rootTrust, [], { path: "/app/" });
  const asked = { RoleArn: role.arn, RoleSessionName: "night-shift" };
  const without = await server.user("without");
  const denied = `User: ${without.arn} is not authorized to perform: sts:AssumeRole on resource: ${role.arn} because no identity-based policy allows the sts:AssumeRole action`;
  await assert.rejects(server.sts(without.keys).assumeRole(asked), named("AccessDenied", denied));

  const user = await server.user("with", [allow("sts:AssumeRole", role.arn)]);
  const { Credentials, AssumedRoleUser, PackedPolicySize } = await server.sts(user.keys).assumeRole(asked);
  const arn = `arn:aws:sts::${account}:assumed-role/reader/night-shift`;
  assert.deepEqual(AssumedRoleUser, { AssumedRoleId: `${role.id}:night-shift`, Arn: arn });
  assert.equal(PackedPolicySize, undefined);
  assert.match(Credentials!.AccessKeyId!, /^ASIA[A-Z2-7]{16}$/);
  const lifetime = Credentials!.Expiration!.getTime() - Date.now();
  assert.ok(3_590_000 < lifetime && lifetime <= 3_601_000, String(lifetime));
  const who = await server.sts(keysOf(Credentials)).getCallerIdentity({});
  assert.deepEqual([who.Account, who.Arn, who.UserId], [account, arn, `${role.id}:night-shift`]);
});

test("a role that names a user lets in that user and nobody else, and root never", async (t) => {
  const server = await startIdentities(t);
  const user = await server.user("alice");
  const other = await server.user("bob", [allow("sts:*")]);
  const role = await server.role("for-alice", { AWS: user.arn });
  const asked = { RoleArn: role.arn, RoleSessionName: "s1" };
  await server.sts(user.keys).assumeRole(asked);
  await assert.rejects(
    server.sts(other.keys).assumeRole(asked),
    named(
      "AccessDenied",
      /^User: .*user\/bob is not authorized to perform: sts:AssumeRole on resource: .*role\/for-alice/,
    ),
  );
  await assert.rejects(
    server.sts().assumeRole(asked),
    named("AccessDenied", "Roles may not be assumed by root accounts."),
  );
  const missing = { ...asked, RoleArn: `arn:aws:iam::${account}:role/no-such-role` };
  await assert.rejects(
    server.sts(user.keys).assumeRole(missing),
    named(
      "AccessDenied",
      `User: ${user.arn} is not authorized to perform: sts:AssumeRole on resource: ${missing.RoleArn}`,
    ),
  );
});

test("conditions of a trust policy see ExternalId, the session's name, its tags and its source identity", async (t) => {
  const server = await startIdentities(t);
  const user = await server.user("deploy", [allow("sts:*")], { tags: { team: "video" } });
  let count = 0;
  const trusting = (condition: object, action: string | string[] = "sts:*") => {
    count += 1;
    const statement = { Effect: "Allow", Principal: rootTrust, Action: action, Condition: condition };
    return server.role(`r${count}`, { Statement: [statement] });
  };
  const sts = server.sts(user.keys);
  const cases: [object, object, object][] = [
    [{ StringEquals: { "sts:ExternalId": "42-a" } }, { ExternalId: "42-a" }, { ExternalId: "42-b" }],
    [{ StringLike: { "sts:RoleSessionName": "job-*" } }, { RoleSessionName: "job-7" }, { RoleSessionName: "jab-7" }],
    [
      // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of the policy language.
      { StringEquals: { "aws:RequestTag/team": "${aws:PrincipalTag/team}" } },
      { Tags: [{ Key: "team", Value: "video" }] },
      { Tags: [{ Key: "team", Value: "audio" }] },
    ],
    [
      { "ForAllValues:StringEquals": { "aws:TagKeys": ["team", "stage"] }, Null: { "aws:TagKeys": "false" } },
      { Tags: [{ Key: "stage", Value: "x" }] },
      {
        Tags: [
          { Key: "stage", Value: "x" },
          { Key: "more", Value: "x" },
        ],
      },
    ],
    [{ StringEquals: { "sts:SourceIdentity": "eve" } }, { SourceIdentity: "eve" }, { SourceIdentity: "adam" }],
  ];
  for (const [condition, right, wrong] of cases) {
    const { arn: RoleArn } = await trusting(condition);
    await sts.assumeRole({ RoleArn, RoleSessionName: "session", ...right });
    await assert.rejects(
      sts.assumeRole({ RoleArn, RoleSessionName: "session", ...wrong }),
      named("AccessDenied", /sts:/),
    );
  }

  const untagged = await trusting({}, "sts:AssumeRole");
  const asked = { RoleArn: untagged.arn, RoleSessionName: "session" };
  await sts.assumeRole(asked);
  await assert.rejects(
    sts.assumeRole({ ...asked, Tags: [{ Key: "a", Value: "b" }] }),
    named("AccessDenied", /not authorized to perform: sts:TagSession on/),
  );
  await assert.rejects(
    sts.assumeRole({ ...asked, SourceIdentity: "eve" }),
    named("AccessDenied", /not authorized to perform: sts:SetSourceIdentity on/),
  );
});

async function s3Of({ folder, ...parts }: IdentityParts) {
  const blobs = await openFsBlobs({ folder: `${folder}/blobs`, random: parts.random });
  return [openS3Service({ ...parts, blobs, keys: openKmsStore(parts) })];
}

test("a session may do what its role, its session policy and its boundary all allow", async (t) => {
  const server = await startIdentities(t, { services: s3Of });
  const user = await server.user("caller", [allow("sts:AssumeRole")]);
  const role = await server.role("worker", rootTrust, [allow(["s3:CreateBucket", "s3:ListAllMyBuckets"])]);
  const session = async (more: object = {}) => {
    const asked = { RoleArn: role.arn, RoleSessionName: "w1", ...more };
    const { Credentials, PackedPolicySize } = await server.sts(user.keys).assumeRole(asked);
    const s3 = new S3({
      endpoint: server.url,
      region,
      credentials: keysOf(Credentials),
      forcePathStyle: true,
      maxAttempts: 1,
    });
    t.after(() => s3.destroy());
    return { s3, PackedPolicySize };
  };
  const whole = await session();
  await whole.s3.listBuckets({});
  await whole.s3.createBucket({ Bucket: "made-by-role" });
  const arn = `arn:aws:sts::${account}:assumed-role/worker/w1`;
  await assert.rejects(whole.s3.deleteBucket({ Bucket: "made-by-role" }), (error: Error) => {
    assert.match(
      error.message,
      new RegExp(
        `^User: ${arn} is not authorized to perform: s3:DeleteBucket on resource: "?arn:aws:s3:::made-by-role"?`,
      ),
    );
    return true;
  });

  const limited = await session({ Policy: documentOf(allow("s3:ListAllMyBuckets")) });
  assert.ok(0 < limited.PackedPolicySize! && limited.PackedPolicySize! < 20);
  await limited.s3.listBuckets({});
  await assert.rejects(
    limited.s3.createBucket({ Bucket: "another" }),
    /because no session policy allows the s3:CreateBucket action/,
  );
  const managed = await session({ PolicyArns: [{ arn: "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess" }] });
  await managed.s3.listBuckets({});
  await assert.rejects(managed.s3.createBucket({ Bucket: "another" }), /because no session policy allows/);

  const bounded = { boundary: "arn:aws:iam::aws:policy/AmazonKinesisVideoStreamsFullAccess" };
  await server.records.db.updateTable("roles").set(bounded).where("id", "=", role.id).execute();
  server.access.forget();
  await assert.rejects(
    whole.s3.listBuckets({}),
    /because no permissions boundary allows the s3:ListAllMyBuckets action/,
  );
  await server.records.db.deleteFrom("inline_policies").where("owner_id", "=", role.id).execute();
  server.access.forget();
  await assert.rejects(
    whole.s3.listBuckets({}),
    /because no identity-based policy allows the s3:ListAllMyBuckets action/,
  );
});

test("a role assumed by a role lives an hour at most, and hands transitive tags on", async (t) => {
  const server = await startIdentities(t);
  const user = await server.user("caller", [allow("sts:*")]);
  const first = await server.role("first", rootTrust, [allow("sts:*")], { maxSessionSeconds: 43_200 });
  const second = await server.role(
    "second",
    {
      Statement: [
        {
          Effect: "Allow",
          Principal: { AWS: first.arn },
          Action: "sts:*",
          Condition: { StringEquals: { "aws:PrincipalTag/project": "p1" } },
        },
      ],
    },
    [],
    { maxSessionSeconds: 43_200 },
  );
  const third = await server.role("third", {
    Statement: [
      {
        Effect: "Allow",
        Principal: rootTrust,
        Action: "sts:*",
        Condition: { StringEquals: { "aws:PrincipalTag/project": "p1" }, Null: { "aws:PrincipalTag/stage": "true" } },
      },
    ],
  });
  await assert.rejects(
    server.sts(user.keys).assumeRole({ RoleArn: second.arn, RoleSessionName: "s2", DurationSeconds: 43_200 }),
    named("AccessDenied", /sts:AssumeRole/),
  );
  const one = await server.sts(user.keys).assumeRole({
    RoleArn: first.arn,
    RoleSessionName: "s1",
    DurationSeconds: 43_200,
    Tags: [
      { Key: "Project", Value: "p1" },
      { Key: "stage", Value: "test" },
    ],
    TransitiveTagKeys: ["Project"],
  });
  assert.ok(0 < one.PackedPolicySize!);
  const chained = server.sts(keysOf(one.Credentials));
  const asked = { RoleArn: second.arn, RoleSessionName: "s2" };
  await assert.rejects(
    chained.assumeRole({ ...asked, DurationSeconds: 3601 }),
    named("ValidationError", /1 hour session limit for roles assumed by role chaining/, 400),
  );
  await assert.rejects(
    chained.assumeRole({ ...asked, Tags: [{ Key: "project", Value: "p2" }] }),
    named("ValidationError", /transitive tag/, 400),
  );
  const two = await chained.assumeRole(asked);
  await server.role("unused", rootTrust);
  // The role has no policies; the trust policy of a third names the account only.
  await assert.rejects(
    server.sts(keysOf(two.Credentials)).assumeRole({ RoleArn: third.arn, RoleSessionName: "s3" }),
    named("AccessDenied", /because no identity-based policy allows/),
  );
});

test("a source identity stays through a chain of roles", async (t) => {
  const server = await startIdentities(t);
  const user = await server.user("caller", [allow("sts:*")]);
  const first = await server.role("first", rootTrust, [allow("sts:*")]);
  const one = await server
    .sts(user.keys)
    .assumeRole({ RoleArn: first.arn, RoleSessionName: "s1", SourceIdentity: "eve" });
  assert.equal(one.SourceIdentity, "eve");
  const chained = server.sts(keysOf(one.Credentials));
  const two = await chained.assumeRole({ RoleArn: first.arn, RoleSessionName: "s2" });
  assert.equal(two.SourceIdentity, "eve");
  await assert.rejects(
    chained.assumeRole({ RoleArn: first.arn, RoleSessionName: "s2", SourceIdentity: "adam" }),
    named("ValidationError", /cannot be changed/, 400),
  );
});

test("what AssumeRole is given is checked, and refused in the API's words", async (t) => {
  const server = await startIdentities(t);
  const user = await server.user("caller", [allow("sts:*")]);
  const role = await server.role("r", rootTrust);
  const sts = server.sts(user.keys);
  const tags = (...keys: string[]) => ({ Tags: keys.map((Key) => ({ Key, Value: "v" })) });
  // Letters that hardly pack.
  const noise = Buffer.from(server.random(90_000)).toString("base64url").replaceAll(/[-_]/g, "x");
  const many = Array.from({ length: 50 }, (_, index) => ({
    Key: `k${index}`,
    Value: noise.slice(index * 256, index * 256 + 256),
  }));
  const cases: [object, string, RegExp, number][] = [
    [{ RoleSessionName: "x" }, "ValidationError", /'roleSessionName' .*length greater than or equal to 2/, 400],
    [{ RoleSessionName: "a b" }, "ValidationError", /'roleSessionName' .*regular expression pattern/, 400],
    [{ DurationSeconds: 899 }, "ValidationError", /'durationSeconds' .*greater than or equal to 900/, 400],
    [{ DurationSeconds: 43_201 }, "ValidationError", /'durationSeconds' .*less than or equal to 43200/, 400],
    [{ DurationSeconds: 3601 }, "ValidationError", /exceeds the MaxSessionDuration set for this role/, 400],
    [{ Policy: "{" }, "MalformedPolicyDocument", /./, 400],
    [
      { Policy: documentOf({ Effect: "Allow", Action: "s3:*", Resource: "*", Principal: "*" }) },
      "MalformedPolicyDocument",
      /rincipal/,
      400,
    ],
    [
      { PolicyArns: [{ arn: `arn:aws:iam::${account}:policy/none` }] },
      "ValidationError",
      /policy\/none does not exist/,
      400,
    ],
    [
      { PolicyArns: Array(11).fill({ arn: "arn:aws:iam::aws:policy/IAMFullAccess" }) },
      "ValidationError",
      /'policyArns' .*less than or equal to 10/,
      400,
    ],
    [tags("a", "A"), "ValidationError", /Duplicate tag keys found/, 400],
    [tags("aws:x"), "ValidationError", /aws:/, 400],
    [{ ...tags("a"), TransitiveTagKeys: ["b"] }, "ValidationError", /must be included in the requested tags/, 400],
    [
      { Tags: many },
      "PackedPolicyTooLarge",
      /^Packed policy consumes \d{3,}% of allotted space, please use smaller policy\.$/,
      400,
    ],
    [{ SerialNumber: "arn:aws:iam::123456789012:mfa/x", TokenCode: "123456" }, "NotImplemented", /Multi-factor/, 501],
    [{ ExternalId: "a b" }, "ValidationError", /'externalId'/, 400],
    [{ RoleArn: "arn:short" }, "ValidationError", /'roleArn' .*greater than or equal to 20/, 400],
  ];
  for (const [change, code, message, status] of cases) {
    const asked = { RoleArn: role.arn, RoleSessionName: "session", ...change };
    await assert.rejects(sts.assumeRole(asked), (error: Error) => {
      const found = error.name.replace(/Exception$/, "");
      assert.equal(found, code, `${JSON.stringify(change).slice(0, 100)}: ${error.message}`);
      assert.match(error.message, message);
      assert.equal((error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode, status);
      return true;
    });
  }
});

test("a session token of a user carries what the user may, and ends with the user", async (t) => {
  const server = await startIdentities(t, { services: s3Of });
  const user = await server.user("person", [allow("s3:*")]);
  const { Credentials } = await server.sts(user.keys).getSessionToken({ DurationSeconds: 900 });
  const keys = keysOf(Credentials);
  const s3 = new S3({ endpoint: server.url, region, credentials: keys, forcePathStyle: true, maxAttempts: 1 });
  t.after(() => s3.destroy());
  await s3.createBucket({ Bucket: "by-session" });
  assert.equal((await server.sts(keys).getCallerIdentity({})).Arn, user.arn);
  await assert.rejects(
    server.sts(keys).getSessionToken({}),
    named("AccessDenied", "Cannot call GetSessionToken with session credentials"),
  );
  const ofRoot = keysOf((await server.sts().getSessionToken({ DurationSeconds: 129_600 })).Credentials);
  assert.equal((await server.sts(ofRoot).getCallerIdentity({})).Arn, `arn:aws:iam::${account}:root`);

  await server.records.db.deleteFrom("users").where("id", "=", user.id).execute();
  await assert.rejects(s3.listBuckets({}), (error: Error) =>
    /provided token is malformed|InvalidToken/.test(`${error}`),
  );
  await assert.rejects(
    server.sts(user.keys).getCallerIdentity({}),
    named("InvalidClientTokenId", /security token .* is invalid/),
  );
});

test("a federated user may do what the user and the session policy both allow", async (t) => {
  const server = await startIdentities(t, { services: s3Of });
  const user = await server.user("broker", [
    allow(["sts:GetFederationToken", "sts:TagSession", "s3:ListAllMyBuckets"]),
  ]);
  const bare = await server.user("bare");
  await assert.rejects(
    server.sts(bare.keys).getFederationToken({ Name: "visitor" }),
    named("AccessDenied", /sts:GetFederationToken on resource: arn:aws:sts::123456789012:federated-user\/visitor/),
  );
  const s3For = (credentials: Keys) => {
    const s3 = new S3({ endpoint: server.url, region, credentials, forcePathStyle: true, maxAttempts: 1 });
    t.after(() => s3.destroy());
    return s3;
  };
  const Policy = documentOf(allow("s3:*"));
  const given = await server
    .sts(user.keys)
    .getFederationToken({ Name: "visitor", Policy, Tags: [{ Key: "a", Value: "b" }] });
  const arn = `arn:aws:sts::${account}:federated-user/visitor`;
  assert.deepEqual(given.FederatedUser, { FederatedUserId: `${account}:visitor`, Arn: arn });
  const s3 = s3For(keysOf(given.Credentials));
  await s3.listBuckets({});
  await assert.rejects(s3.createBucket({ Bucket: "not-the-users" }), /federated-user\/visitor is not authorized/);
  const who = await server.sts(keysOf(given.Credentials)).getCallerIdentity({});
  assert.deepEqual([who.Arn, who.UserId], [arn, `${account}:visitor`]);

  const unlimited = await server.sts(user.keys).getFederationToken({ Name: "visitor" });
  await assert.rejects(s3For(keysOf(unlimited.Credentials)).listBuckets({}), /not authorized/);
  const byRoot = await server.sts().getFederationToken({ Name: "guest", Policy: documentOf(allow("s3:CreateBucket")) });
  await s3For(keysOf(byRoot.Credentials)).createBucket({ Bucket: "by-root-s-guest" });
  await assert.rejects(s3For(keysOf(byRoot.Credentials)).listBuckets({}), /no session policy allows/);
  await assert.rejects(
    server.sts(keysOf(byRoot.Credentials)).getFederationToken({ Name: "again" }),
    named("AccessDenied", /session/),
  );
});

test("keys, tokens and their states are told apart as the API tells them", async (t) => {
  let now = Date.now();
  const server = await startIdentities(t, { clock: () => now, services: s3Of });
  const user = await server.user("u", [allow("*")]);
  const role = await server.role("r", rootTrust, [allow("*")]);
  const keys = keysOf(
    (await server.sts(user.keys).assumeRole({ RoleArn: role.arn, RoleSessionName: "ss" })).Credentials,
  );
  const other = keysOf(
    (await server.sts(user.keys).assumeRole({ RoleArn: role.arn, RoleSessionName: "ss" })).Credentials,
  );
  const token = keys.sessionToken!;
  const swapped = (at: number) => `${token.slice(0, at)}${token[at] === "A" ? "B" : "A"}${token.slice(at + 1)}`;
  const invalid = "The security token included in the request is invalid.";
  const cases: [string, Keys, string, string | RegExp, string][] = [
    ["no token", { ...keys, sessionToken: undefined! }, "InvalidClientTokenId", invalid, "InvalidAccessKeyId"],
    [
      "another session's token",
      { ...keys, sessionToken: other.sessionToken! },
      "InvalidClientTokenId",
      invalid,
      "InvalidToken",
    ],
    ["a token that is none", { ...keys, sessionToken: "nonsense" }, "InvalidClientTokenId", invalid, "InvalidToken"],
    [
      "a token without its end",
      { ...keys, sessionToken: token.slice(0, -4) },
      "InvalidClientTokenId",
      invalid,
      "InvalidToken",
    ],
    [
      "a token written in another way",
      { ...keys, sessionToken: `${token.slice(0, 40)}\n${token.slice(40)}`.replace("\n", "=") },
      "InvalidClientTokenId",
      invalid,
      "InvalidToken",
    ],
    [
      "a token with a user's key",
      { ...user.keys, sessionToken: token },
      "InvalidClientTokenId",
      invalid,
      "InvalidToken",
    ],
    [
      "a wrong secret",
      { ...keys, secretAccessKey: "wrong" },
      "SignatureDoesNotMatch",
      /signature we calculated/,
      "SignatureDoesNotMatch",
    ],
    [
      "an unknown key",
      { accessKeyId: "AKIAUNKNOWNUNKNOWN12", secretAccessKey: "x" },
      "InvalidClientTokenId",
      invalid,
      "InvalidAccessKeyId",
    ],
    ...[0, 30, 31, 32, 60, 200, token.length - 2].map((at): [string, Keys, string, string, string] => [
      `character ${at} of the token`,
      { ...keys, sessionToken: swapped(at) },
      "InvalidClientTokenId",
      invalid,
      "InvalidToken",
    ]),
  ];
  const s3For = (credentials: Keys) => {
    const s3 = new S3({
      endpoint: server.url,
      region,
      credentials,
      forcePathStyle: true,
      maxAttempts: 1,
      systemClockOffset: now - Date.now(),
    });
    t.after(() => s3.destroy());
    return s3;
  };
  for (const [what, credentials, code, message, s3Code] of cases) {
    await assert.rejects(server.sts(credentials).getCallerIdentity({}), (error: Error) => {
      assert.equal(error.name, code, what);
      if (typeof message === "string") assert.equal(error.message, message, what);
      else assert.match(error.message, message, what);
      return true;
    });
    await assert.rejects(s3For(credentials).listBuckets({}), (error: Error) => {
      assert.equal(error.name, s3Code, what);
      return true;
    });
  }
  await s3For(keys).listBuckets({});

  now += 3_601_000;
  const late = { systemClockOffset: now - Date.now() };
  await assert.rejects(
    server.sts(keys, late).getCallerIdentity({}),
    named("ExpiredToken", "The security token included in the request is expired"),
  );
  await assert.rejects(
    server.sts({ ...keys, secretAccessKey: "wrong" }, late).getCallerIdentity({}),
    named("SignatureDoesNotMatch", /signature we calculated/),
  );
  await assert.rejects(s3For(keys).listBuckets({}), named("ExpiredToken", "The provided token has expired.", 400));
  await server.records.db
    .updateTable("access_keys")
    .set({ status: "Inactive" })
    .where("id", "=", user.keys.accessKeyId)
    .execute();
  await assert.rejects(server.sts(user.keys, late).getCallerIdentity({}), named("InvalidClientTokenId", invalid));
});

test("links and forms of a session carry its token, and are nothing without it or after its end", async (t) => {
  let now = Date.now();
  const server = await startIdentities(t, { clock: () => now, services: s3Of });
  const user = await server.user("u", [allow("*")]);
  const role = await server.role("r", rootTrust, [allow("s3:*")]);
  const asked = { RoleArn: role.arn, RoleSessionName: "ss", DurationSeconds: 900 };
  const credentials = keysOf((await server.sts(user.keys).assumeRole(asked)).Credentials);
  const s3 = new S3({ endpoint: server.url, region, credentials, forcePathStyle: true, maxAttempts: 1 });
  t.after(() => s3.destroy());
  await s3.createBucket({ Bucket: "links" });
  const { url: address, fields } = await createPresignedPost(s3, { Bucket: "links", Key: "posted", Expires: 3600 });
  const post = async (change: Record<string, string | undefined> = {}) => {
    const form = new FormData();
    for (const [name, value] of Object.entries({ ...fields, ...change }))
      if (value !== undefined) form.append(name, value);
    form.append("file", new Blob(["film"]));
    const answer = await fetch(address, { method: "POST", body: form });
    return [answer.status, /<Code>(\w+)/.exec(await answer.text())?.[1]];
  };
  assert.deepEqual(await post(), [204, undefined]);
  const link = await getSignedUrl(s3, new GetObjectCommand({ Bucket: "links", Key: "posted" }), { expiresIn: 3600 });
  const v2 = linkOfVersion2(`${server.url}/links/posted`, credentials, Math.floor(now / 1000) + 3600);
  const get = async (url: string) => {
    const answer = await fetch(url);
    return [answer.status, /<Code>(\w+)/.exec(await answer.text())?.[1]];
  };
  const without = (url: string) => url.replace(/&x-amz-security-token=[^&]+/i, "");
  for (const url of [link, v2]) {
    assert.deepEqual(await get(url), [200, undefined], url);
    assert.deepEqual(await get(without(url)), [403, "InvalidAccessKeyId"], url);
  }
  assert.deepEqual(await post({ "X-Amz-Security-Token": undefined }), [403, "InvalidAccessKeyId"]);
  assert.deepEqual(await post({ "X-Amz-Security-Token": "AAAA" }), [400, "InvalidToken"]);
  now += 901_000;
  for (const url of [link, v2]) assert.deepEqual(await get(url), [400, "ExpiredToken"], url);
  assert.deepEqual(await post(), [400, "ExpiredToken"]);
});

/** As boto3 makes them: the token is signed like a header. */
function linkOfVersion2(
  url: string,
  { accessKeyId, secretAccessKey, sessionToken = "" }: Keys,
  expires: number,
): string {
  const text = `GET\n\n\n${expires}\nx-amz-security-token:${sessionToken}\n${new URL(url).pathname}`;
  const signature = createHmac("sha1", secretAccessKey).update(text).digest("base64");
  const query = { AWSAccessKeyId: accessKeyId, Signature: signature, "x-amz-security-token": sessionToken };
  return `${url}?${new URLSearchParams({ ...query, Expires: String(expires) })}`;
}

test("GetAccessKeyInfo tells whose account a key is of, and nothing of unknown ones", async (t) => {
  const server = await startIdentities(t);
  const user = await server.user("u", [allow("sts:GetAccessKeyInfo")]);
  const sts = server.sts(user.keys);
  assert.equal((await sts.getAccessKeyInfo({ AccessKeyId: user.keys.accessKeyId })).Account, account);
  await assert.rejects(
    sts.getAccessKeyInfo({ AccessKeyId: "AKIAUNKNOWNUNKNOWN12" }),
    named("ValidationError", /AKIAUNKNOWN/, 400),
  );
  const none = await server.user("none");
  await assert.rejects(
    server.sts(none.keys).getAccessKeyInfo({ AccessKeyId: user.keys.accessKeyId }),
    named("AccessDenied", /sts:GetAccessKeyInfo on resource: \*/),
  );
});

test("the last use of a key and of a role is noted, once a minute and beside the calls", async (t) => {
  let now = Date.now();
  const server = await startIdentities(t, { clock: () => now });
  const user = await server.user("u", [allow("sts:*")]);
  const role = await server.role("r", rootTrust);
  const keyRow = async () =>
    server.records.db
      .selectFrom("access_keys")
      .selectAll()
      .where("id", "=", user.keys.accessKeyId)
      .executeTakeFirstOrThrow();
  const until = async (isDone: () => Promise<boolean>) => {
    for (let tries = 0; !(await isDone()); tries += 1) {
      assert.ok(tries < 200, "was not noted");
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  const first = now;
  const late = () => ({ systemClockOffset: now - Date.now() });
  const { Credentials } = await server.sts(user.keys).assumeRole({ RoleArn: role.arn, RoleSessionName: "ss" });
  await until(async () => (await keyRow()).last_used_at !== null);
  const { last_used_at, last_used_region, last_used_service } = await keyRow();
  assert.deepEqual([last_used_at, last_used_region, last_used_service], [first, region, "sts"]);
  await server.sts(keysOf(Credentials)).getCallerIdentity({});
  await until(async () => {
    const row = await server.records.db
      .selectFrom("roles")
      .selectAll()
      .where("id", "=", role.id)
      .executeTakeFirstOrThrow();
    return row.last_used_at === first && row.last_used_region === region;
  });
  now += 59_000;
  await server.sts(user.keys, late()).getCallerIdentity({});
  now += 2000;
  await server.sts(user.keys, late()).getCallerIdentity({});
  await until(async () => (await keyRow()).last_used_at === now);
});

test("operations that are not served say so, and what to do instead, also to those who have no keys", async (t) => {
  const server = await startIdentities(t);
  await assert.rejects(
    server.sts().decodeAuthorizationMessage({ EncodedMessage: "x" }),
    named("NotImplemented", /DecodeAuthorizationMessage is not implemented here. Denials are told in plain text/, 501),
  );
  const asked = {
    RoleArn: `arn:aws:iam::${account}:role/r`,
    PrincipalArn: `arn:aws:iam::${account}:saml-provider/p`,
    SAMLAssertion: "PHNhbWw+",
  };
  await assert.rejects(server.sts().assumeRoleWithSAML(asked), named("NotImplemented", /web identities/, 501));
});
