/**
 * Sessions as the credential chains of unmodified clients get them: profiles with `role_arn`, web identities by
 * environment variables, `aws sts`, boto3 and the JS SDK's default chain.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { promisify } from "node:util";
import { createSafeFetch } from "../../src/base/safe-fetch.ts";
import { insertOidcProvider } from "../../src/storage/records/oidc-providers.ts";
import { account, type Keys, region, startIdentities } from "../support/identities.ts";
import { startIssuer } from "../support/oidc-issuer.ts";

const run = promisify(execFile);
// Those of the path: what distributions ship may be older than AWS_ENDPOINT_URL.
const aws = "aws";
const python = "python3";
const runs = (program: string, ...args: string[]) =>
  run(program, args).then(
    () => true,
    () => false,
  );
const hasAws = await runs(aws, "--version");
const hasBoto = await runs(python, "-c", "import boto3");

/** A server, a user with a role, and a builder's token; the files that clients read are in the server's folder. */
async function start(t: TestContext) {
  const issuer = await startIssuer(t);
  const fetch = createSafeFetch({ allow: ["127.0.0.0/8"], ca: [issuer.authority] });
  const server = await startIdentities(t, { fetch });
  const name = issuer.url.slice("https://".length);
  const provider = { account, name, clientIds: ["millrace"], createdAt: 0, thumbprints: [], tags: {} };
  await insertOidcProvider(server.records.db, provider);
  const providerArn = `arn:aws:iam::${account}:oidc-provider/${name}`;
  const user = await server.user("person", [{ Effect: "Allow", Action: "sts:*", Resource: "*" }]);
  const role = await server.role("worker", { AWS: account }, [{ Effect: "Allow", Action: "sts:*", Resource: "*" }]);
  const builder = await server.role("builder", {
    Statement: [{ Effect: "Allow", Action: "sts:AssumeRoleWithWebIdentity", Principal: { Federated: providerArn } }],
  });
  const configPath = join(server.folder, "config");
  const tokenPath = join(server.folder, "token");
  await writeFile(
    configPath,
    `[default]
region = ${region}
[profile base]
aws_access_key_id = ${user.keys.accessKeyId}
aws_secret_access_key = ${user.keys.secretAccessKey}
[profile worker]
role_arn = ${role.arn}
source_profile = base
role_session_name = from-profile
external_id = 42
`,
  );
  await writeFile(tokenPath, issuer.token({}));
  const common = {
    PATH: process.env.PATH,
    // Of its own: the AWS CLI keeps sessions of roles there, and takes those of another server for this one's.
    HOME: server.folder,
    AWS_CONFIG_FILE: configPath,
    AWS_SHARED_CREDENTIALS_FILE: join(server.folder, "credentials"),
    AWS_ENDPOINT_URL: server.url,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_EC2_METADATA_DISABLED: "true",
    AWS_PAGER: "",
  };
  const profile = { ...common, AWS_PROFILE: "worker" };
  const web = {
    ...common,
    AWS_ROLE_ARN: builder.arn,
    AWS_ROLE_SESSION_NAME: "from-token",
    AWS_WEB_IDENTITY_TOKEN_FILE: tokenPath,
  };
  const ofKeys = (keys: Keys) => ({
    ...common,
    AWS_ACCESS_KEY_ID: keys.accessKeyId,
    AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
    ...(keys.sessionToken !== undefined && { AWS_SESSION_TOKEN: keys.sessionToken }),
  });
  return { server, user, role, builder, common, profile, web, ofKeys, token: issuer.token({}) };
}

const assumed = (name: string) => `arn:aws:sts::${account}:assumed-role/${name}`;

test("the AWS CLI assumes roles by profile, by web identity and by hand", {
  skip: !hasAws && "the AWS CLI is not installed",
}, async (t) => {
  const { server, user, role, builder, common, profile, web, ofKeys, token } = await start(t);
  const sts = async (env: NodeJS.ProcessEnv, ...args: string[]) => {
    // Some versions of the CLI know no AWS_ENDPOINT_URL.
    const command = ["sts", ...args, "--endpoint-url", server.url, "--output", "json"];
    const { stdout } = await run(aws, command, { env });
    return stdout.trim() === "" ? {} : JSON.parse(stdout);
  };
  const whoami = async (env: NodeJS.ProcessEnv) => (await sts(env, "get-caller-identity")).Arn;
  assert.equal(await whoami(ofKeys(user.keys)), user.arn);
  const byProfile = await knowsEndpointOfProfiles();
  if (byProfile) {
    assert.equal(await whoami(profile), `${assumed("worker")}/from-profile`);
    assert.equal(await whoami(web), `${assumed("builder")}/from-token`);
  } else t.diagnostic("this AWS CLI takes no endpoint for the roles of profiles: it is asked by hand only");

  const named = ["--role-arn", role.arn, "--role-session-name", "by-hand"];
  const tags = ["--tags", "Key=team,Value=video", "--transitive-tag-keys", "team"];
  const policy = JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Action: "sts:*", Resource: "*" }],
  });
  const given = await sts(
    ofKeys(user.keys),
    "assume-role",
    ...named,
    ...tags,
    "--policy",
    policy,
    "--duration-seconds",
    "900",
  );
  assert.ok(0 < given.PackedPolicySize);
  const { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, SessionToken: sessionToken } = given.Credentials;
  const session = ofKeys({ accessKeyId, secretAccessKey, sessionToken });
  assert.equal(await whoami(session), `${assumed("worker")}/by-hand`);
  await assert.rejects(sts(session, "get-session-token"), /AccessDenied.*Cannot call GetSessionToken/s);

  const webAsked = ["--role-arn", builder.arn, "--role-session-name", "by-hand", "--web-identity-token", token];
  const byToken = await sts(common, "assume-role-with-web-identity", ...webAsked);
  assert.equal(byToken.AssumedRoleUser.Arn, `${assumed("builder")}/by-hand`);
  assert.match((await sts(ofKeys(user.keys), "get-session-token")).Credentials.AccessKeyId, /^ASIA/);
  const federated = await sts(ofKeys(user.keys), "get-federation-token", "--name", "visitor");
  assert.equal(federated.FederatedUser.Arn, `arn:aws:sts::${account}:federated-user/visitor`);
  const info = await sts(ofKeys(user.keys), "get-access-key-info", "--access-key-id", user.keys.accessKeyId);
  assert.equal(info.Account, account);

  /** AWS_ENDPOINT_URL came with 1.29.44 and 2.13. */
  async function knowsEndpointOfProfiles(): Promise<boolean> {
    const { stdout } = await run(aws, ["--version"]);
    const [, major = 0, minor = 0] = (/aws-cli\/(\d+)\.(\d+)/.exec(stdout) ?? []).map(Number);
    return 2 <= major ? 13 <= minor : 30 <= minor;
  }
});

test("boto3 assumes roles by profile, by web identity and by hand", {
  skip: !hasBoto && "boto3 is not installed",
}, async (t) => {
  const { server, user, role, profile, web, ofKeys } = await start(t);
  const python3 = async (env: NodeJS.ProcessEnv, script: string, ...args: string[]) => {
    const { stdout } = await run(python, ["-c", script, server.url, ...args], { env });
    return stdout.trim();
  };
  const whoami = `import boto3, sys
print(boto3.client("sts", endpoint_url=sys.argv[1]).get_caller_identity()["Arn"])`;
  assert.equal(await python3(ofKeys(user.keys), whoami), user.arn);
  const byHand = `import boto3, sys
sts = boto3.client("sts", endpoint_url=sys.argv[1])
given = sts.assume_role(RoleArn=sys.argv[2], RoleSessionName="by-hand", Tags=[{"Key": "a", "Value": "b"}])["Credentials"]
own = boto3.client("sts", endpoint_url=sys.argv[1], aws_access_key_id=given["AccessKeyId"],
                   aws_secret_access_key=given["SecretAccessKey"], aws_session_token=given["SessionToken"])
print(own.get_caller_identity()["UserId"])
try:
    sts.assume_role(RoleArn=sys.argv[2] + "-none", RoleSessionName="by-hand")
except sts.exceptions.ClientError as error:
    print(error.response["Error"]["Code"])`;
  assert.equal(await python3(ofKeys(user.keys), byHand, role.arn), `${role.id}:by-hand\nAccessDenied`);
  const version = await python3(
    ofKeys(user.keys),
    `import boto3; print("%d" % (int(boto3.__version__.split(".")[1])))`,
  );
  if (Number(version) < 29) return t.diagnostic("this boto3 takes no endpoint for the roles of profiles");
  assert.equal(await python3(profile, whoami), `${assumed("worker")}/from-profile`);
  assert.equal(await python3(web, whoami), `${assumed("builder")}/from-token`);
});

test("the JS SDK's default chain assumes roles by profile and by web identity", async (t) => {
  const { profile, web } = await start(t);
  const script = `import { STS } from "@aws-sdk/client-sts";
console.log((await new STS({}).getCallerIdentity({})).Arn);`;
  const whoami = async (env: NodeJS.ProcessEnv) => {
    const command = ["--input-type=module", "-e", script];
    return (await run(process.execPath, command, { env, cwd: import.meta.dirname })).stdout.trim();
  };
  assert.equal(await whoami(profile), `${assumed("worker")}/from-profile`);
  assert.equal(await whoami(web), `${assumed("builder")}/from-token`);
});
