/**
 * Keys and their owners from the command line, beside a running server: `millrace env`, `keys` and `iam explain`.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { IAM } from "@aws-sdk/client-iam";
import { STS } from "@aws-sdk/client-sts";
import { startMillrace, withFolder } from "../journeys/millrace-process.ts";

const main = resolve(import.meta.dirname, "../../src/app/main.ts");
const region = "us-east-1";
const account = "000000000000";
/** What the tests' other servers are given by the environment. */
const noRootOfEnvironment = { MILLRACE_ROOT_ACCESS_KEY_ID: undefined, MILLRACE_ROOT_SECRET_ACCESS_KEY: undefined };

/** Both of its outputs, and its exit code. */
function millrace(args: string[], env: NodeJS.ProcessEnv = {}): Promise<{ code: number; text: string }> {
  const runtime = ["--conditions=millrace-source", "--disable-warning=ExperimentalWarning"];
  const { PATH, HOME } = process.env;
  return new Promise((resolve) => {
    const options = { env: { PATH, HOME, ...env } };
    execFile(process.execPath, [...runtime, main, ...args], options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), text: stdout + stderr });
    });
  });
}

function keysIn(text: string) {
  const part = (name: string) => new RegExp(`${name}=(\\S+)`).exec(text)?.[1] ?? "";
  return { accessKeyId: part("AWS_ACCESS_KEY_ID"), secretAccessKey: part("AWS_SECRET_ACCESS_KEY") };
}

test("keys are handed out on the machine of the server, and policies explained", () =>
  withFolder(async (folder) => {
    const data = join(folder, "data");
    assert.match((await millrace(["env", "--data", data])).text, /no running server is known for the data folder/);
    assert.match((await millrace(["keys", "root", "--data", data])).text, /no server has started over .*data yet/);
    const server = await startMillrace(["serve", "--listen", "127.0.0.1:0", "--data", data], noRootOfEnvironment);
    try {
      assert.match(server.output(), /try +eval "\$\(millrace env --data \S+\)" && aws s3 ls/);
      const whoIs = async (credentials: ReturnType<typeof keysIn>) => {
        const sts = new STS({ endpoint: server.url, region, credentials: { ...credentials }, maxAttempts: 1 });
        return (await sts.getCallerIdentity({}).finally(() => sts.destroy())).Arn;
      };
      const { text: shell } = await millrace(["env", "--data", data], { AWS_ENDPOINT_URL: "http://127.0.0.1:1" });
      assert.match(shell, new RegExp(`^export AWS_ENDPOINT_URL=${server.url}$`, "m"));
      const root = keysIn(shell);
      assert.equal(await whoIs(root), `arn:aws:iam::${account}:root`);
      assert.deepEqual(keysIn((await millrace(["keys", "root", "--data", data])).text), root);

      const made = await millrace(["keys", "create", "--user", "bob", "--data", data]);
      assert.match(made.text, /the user bob is made, with AdministratorAccess/);
      const bob = keysIn(made.text);
      const arn = `arn:aws:iam::${account}:user/bob`;
      assert.equal(await whoIs(bob), arn);
      assert.match(
        (await millrace(["keys", "create", "--user", "bob", "--data", data])).text,
        /the user bob has another key/,
      );

      const asked = ["iam", "explain", "--data", data, "--as", arn, "--action"];
      const get = [...asked, "s3:GetObject", "--resource", "arn:aws:s3:::films/a.mp4"];
      const allowed = await millrace(get);
      assert.equal(allowed.code, 0);
      assert.match(allowed.text, /user\/bob may do s3:GetObject on arn:aws:s3:::films\/a\.mp4/);
      assert.match(allowed.text, /of arn:aws:iam::aws:policy\/AdministratorAccess allows it/);

      const iam = new IAM({ endpoint: server.url, region, credentials: { ...bob }, maxAttempts: 1 });
      const PolicyDocument = JSON.stringify({
        Version: "2012-10-17",
        Statement: [
          { Effect: "Allow", Action: "s3:*", Resource: "*" },
          {
            Sid: "AtHome",
            Effect: "Deny",
            Action: "s3:*",
            Resource: "*",
            Condition: { NotIpAddress: { "aws:SourceIp": "10.0.0.0/8" } },
          },
        ],
      });
      await iam.putUserPolicy({ UserName: "bob", PolicyName: "films", PolicyDocument });
      const PolicyArn = "arn:aws:iam::aws:policy/AdministratorAccess";
      await iam.detachUserPolicy({ UserName: "bob", PolicyArn });
      await assert.rejects(iam.listUsers({}), /user\/bob is not authorized to perform: iam:ListUsers/, "at once");
      iam.destroy();
      const away = await millrace([...get, "--context", "aws:SourceIp=192.0.2.1"]);
      assert.equal(away.code, 1);
      assert.match(away.text, /may not do .*with an explicit deny in an identity-based policy/);
      assert.match(away.text, /"AtHome" of inline policy films of user bob denies it/);
      assert.equal((await millrace([...get, "--context", "aws:SourceIp=10.1.2.3,aws:SecureTransport=true"])).code, 0);
      assert.match(
        (await millrace([...asked, "iam:ListUsers"])).text,
        /no identity-based policy allows the iam:ListUsers/,
      );
      const stranger = await millrace([
        "iam",
        "explain",
        "--data",
        data,
        "--as",
        `${arn}by`,
        "--action",
        "s3:GetObject",
      ]);
      assert.match(stranger.text, /there is no user, role or session .*bobby/);
      assert.match((await millrace([...asked, "everything"])).text, /say who \(--as ARN\) and what/);

      await millrace(["keys", "revoke", bob.accessKeyId, "--data", data]);
      await assert.rejects(whoIs(bob), { name: "InvalidClientTokenId" }, "at once");
      const secrets = [root.secretAccessKey, bob.secretAccessKey];
      assert.deepEqual(await filesWith(data, secrets), []);
    } finally {
      await server.kill("SIGTERM");
    }
    assert.equal((await millrace(["keys", "root", "--data", data])).code, 0, "also when no server runs");
  }));

/** Those below a folder that hold one of the texts. */
async function filesWith(folder: string, texts: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const bytes = await readFile(path);
    if (texts.some((text) => bytes.includes(text))) found.push(path);
  }
  return found;
}
