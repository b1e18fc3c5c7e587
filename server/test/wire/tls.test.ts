/**
 * HTTPS as clients meet it: what openssl may negotiate, who trusts the local authority, and certificates that change.
 */
import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect as connectPlain } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { connect, type TLSSocket } from "node:tls";
import { promisify } from "node:util";
import { issueLeaf, makeAuthority } from "../../src/app/tls/certificates.ts";
import { openFileCertificates } from "../../src/app/tls/file-certificates.ts";
import { type Log, silentLog } from "../../src/base/log.ts";
import { systemRandom } from "../../src/base/random.ts";
import { openListener } from "../../src/edge/listener.ts";
import { keys, type MillraceProcess, startMillrace } from "../journeys/millrace-process.ts";

const main = resolve(import.meta.dirname, "../../src/app/main.ts");
const runtime = ["--conditions=millrace-source", "--disable-warning=ExperimentalWarning"];
const run = promisify(execFile);
const has = (program: string, ...args: string[]) => spawnSync(program, args).status === 0;
const withoutOpenssl = has("openssl", "version") ? false : "openssl is missing";

let folder: string;
let server: MillraceProcess;
let authority: string;
let port: number;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "millrace-tls-"));
  const options = ["--listen", "127.0.0.1:0", "--tls", "local", "--tls-name", "mill.example", "--role", "api"];
  server = await startMillrace(["serve", ...options, "--data", folder]);
  authority = join(folder, "ca.pem");
  port = Number(new URL(server.url).port);
});

after(async () => {
  await server?.kill("SIGTERM");
  await rm(folder, { recursive: true, force: true });
});

/** What `openssl s_client` says; `fails` when it comes to no connection. */
async function sClient(...args: string[]): Promise<{ fails: boolean; text: string }> {
  const child = execFile("openssl", ["s_client", "-connect", `127.0.0.1:${port}`, "-CAfile", authority, ...args]);
  child.stdin!.end();
  let text = "";
  for (const stream of [child.stdout!, child.stderr!]) stream.on("data", (part) => (text += part));
  const [code] = await once(child, "close");
  return { fails: code !== 0, text };
}

const anyCipher = ["-cipher", "ALL:COMPLEMENTOFALL:@SECLEVEL=0"];

for (const [what, args, accepted] of [
  ["TLS 1.0", ["-tls1", ...anyCipher], undefined],
  ["TLS 1.1", ["-tls1_1", ...anyCipher], undefined],
  ["TLS 1.2", ["-tls1_2"], /TLSv1\.2, Cipher is ECDHE-ECDSA-AES(128|256)-GCM-SHA(256|384)/],
  ["TLS 1.3", ["-tls1_3"], /TLSv1\.3, Cipher is TLS_AES_(128|256)_GCM/],
  ["CBC", ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA384:@SECLEVEL=0"], undefined],
  ["RSA key exchange", ["-tls1_2", "-cipher", "kRSA:@SECLEVEL=0"], undefined],
  ["finite-field Diffie-Hellman", ["-tls1_2", "-cipher", "kDHE:@SECLEVEL=0"], undefined],
  ["no authentication", ["-tls1_2", "-cipher", "aNULL:@SECLEVEL=0"], undefined],
  ["no encryption", ["-tls1_2", "-cipher", "eNULL:@SECLEVEL=0"], undefined],
  ["ChaCha20", ["-tls1_2", "-cipher", "ECDHE-ECDSA-CHACHA20-POLY1305"], /CHACHA20/],
  ["HTTP/1.1 by ALPN", ["-alpn", "h2,http/1.1"], /ALPN protocol: http\/1\.1/],
  ["h2 alone", ["-alpn", "h2"], undefined],
] as const) {
  test(`${what} is ${accepted === undefined ? "refused" : "accepted"}`, { skip: withoutOpenssl }, async () => {
    const { fails, text } = await sClient(...args);
    if (accepted === undefined) {
      assert.ok(fails, text);
      // The server refuses, and not our openssl by itself.
      assert.match(text, /alert|no ciphers available|no cipher match/i);
    } else assert.match(text, accepted);
  });
}

test("the chain holds with the file of millrace ca, for the names of the server", {
  skip: withoutOpenssl,
}, async () => {
  const printed = await run(process.execPath, [...runtime, main, "ca", "--data", folder]);
  assert.equal(printed.stdout, await readFile(authority, "utf8"));
  for (const [option, name] of [
    ["-verify_hostname", "localhost"],
    ["-verify_hostname", "mill.example"],
    ["-verify_hostname", "bucket.s3.localhost"],
    ["-verify_ip", "127.0.0.1"],
    ["-verify_ip", "::1"],
  ] as const) {
    const { fails, text } = await sClient("-verify_return_error", "-x509_strict", option, name);
    assert.ok(!fails, text);
    assert.match(text, /Verification: OK/);
  }
  assert.ok((await sClient("-verify_return_error", "-verify_hostname", "other.example")).fails);
  await assert.rejects(
    run(process.execPath, [...runtime, main, "ca", "--data", join(folder, "none")]),
    /--tls local makes one/,
  );
});

test("a client that comes again resumes its session, and renegotiates nothing", { skip: withoutOpenssl }, async () => {
  for (const version of ["-tls1_2", "-tls1_3"]) {
    const path = join(folder, `session${version}`);
    const child = execFile("openssl", [
      ...["s_client", "-connect", `127.0.0.1:${port}`, "-CAfile", authority, version, "-sess_out", path, "-ign_eof"],
    ]);
    // TLS 1.3 gives its tickets with the first answer.
    child.stdin!.write("GET /_millrace/health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    await once(child, "close");
    const { text } = await sClient(version, "-sess_in", path);
    assert.match(text, /^Reused, TLSv1/m);
  }
  const child = execFile("openssl", ["s_client", "-connect", `127.0.0.1:${port}`, "-tls1_2"]);
  let said = "";
  child.stderr!.on("data", (part) => (said += part));
  child.stdin!.write("R\n");
  setTimeout(() => child.stdin!.end(), 1000);
  await once(child, "close");
  assert.match(said, /no renegotiation/i);
});

const shared = () => ({
  PATH: process.env.PATH,
  HOME: folder,
  AWS_ACCESS_KEY_ID: keys.accessKeyId,
  AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
  AWS_DEFAULT_REGION: "us-east-1",
  AWS_MAX_ATTEMPTS: "1",
  AWS_ENDPOINT_URL: server.url,
});

for (const [name, skip, setting, command] of [
  [
    "aws",
    has("aws", "--version") ? false : "aws is missing",
    "AWS_CA_BUNDLE",
    () => ["aws", "--endpoint-url", server.url, "kinesisvideo", "list-streams"],
  ],
  [
    "boto3",
    has("/usr/bin/python3", "-c", "import boto3") ? false : "boto3 is missing",
    "AWS_CA_BUNDLE",
    () => [
      ...["/usr/bin/python3", "-c"],
      `import boto3\nprint(boto3.client("s3", endpoint_url="${server.url}").list_buckets()["Buckets"], "StreamInfoList")`,
    ],
  ],
  [
    "the SDK for JavaScript",
    false,
    "NODE_EXTRA_CA_CERTS",
    () => [
      ...[process.execPath, "--input-type=module", "--eval"],
      `import { KinesisVideo } from ${JSON.stringify(import.meta.resolve("@aws-sdk/client-kinesis-video"))};
       console.log(await new KinesisVideo({ endpoint: "${server.url}", maxAttempts: 1, region: "us-east-1" }).listStreams({}));`,
    ],
  ],
  [
    "curl",
    has("curl", "--version") ? false : "curl is missing",
    "CURL_CA_BUNDLE",
    () => ["curl", "-sS", `${server.url}/_millrace/health`],
  ],
] as const) {
  test(`${name} trusts the authority by ${setting}, and not without`, { skip }, async () => {
    const [program, ...args] = command() as [string, ...string[]];
    const { stdout } = await run(program, args, { env: { ...shared(), [setting]: authority } });
    assert.match(stdout, /StreamInfoList|"status":"ok"/);
    await assert.rejects(run(program, args, { env: shared() }), /certificate|CERTIFICATE|issuer/);
  });
}

test("commands of the same data folder trust it by themselves", async () => {
  const { stdout } = await run(process.execPath, [...runtime, main, "stream", "list", "--data", folder], {
    env: {
      PATH: process.env.PATH,
      MILLRACE_ROOT_ACCESS_KEY_ID: keys.accessKeyId,
      MILLRACE_ROOT_SECRET_ACCESS_KEY: keys.secretAccessKey,
    },
  });
  assert.match(stdout, /no such streams/);
});

test("no secret key of the authority or the server is readable in the data folder", async () => {
  const { stdout } = await run("grep", ["-rlE", "BEGIN [A-Z ]*PRIVATE KEY", folder]).catch((error) => error);
  assert.equal(stdout, "");
});

test("plain HTTP off loopback is refused in a sentence that says the ways", async () => {
  await assert.rejects(
    startMillrace(["serve", "--listen", "0.0.0.0:0", "--data", join(folder, "open")]),
    /--listen 0\.0\.0\.0:0 can be reached by others.*--tls CERT,KEY.*--tls local.*--plain-http/,
  );
});

test("new files are taken without a restart, broken ones are logged and the old kept", async (t) => {
  const own = await mkdtemp(join(tmpdir(), "millrace-tls-"));
  t.after(() => rm(own, { recursive: true }));
  const [cert, key] = [join(own, "cert.pem"), join(own, "key.pem")];
  const ca = await makeAuthority(Date.now(), systemRandom);
  const write = async (pair: { cert: string; key: string }) => {
    await writeFile(cert, pair.cert);
    await writeFile(key, pair.key);
  };
  const issue = (name: string) => issueLeaf(ca, [name, "localhost"], Date.now(), systemRandom);
  await write(await issue("first.example"));
  const warnings: string[] = [];
  const log: Log = { ...silentLog, warn: (_, message) => warnings.push(message) };
  const certificates = await openFileCertificates(`${cert},${key}`, log, 50);
  const listener = await openListener({
    handler: async () => ({ status: 200, headers: {}, body: "ok" }),
    ...{ host: "127.0.0.1", port: 0, certificates, drainMs: 100 },
  });
  t.after(async () => {
    await listener.close();
    await certificates.close();
  });
  const namesNow = async () => {
    const socket = connect({ port: listener.port, host: "127.0.0.1", ca: ca.cert, servername: "localhost" });
    await once(socket, "secureConnect");
    const names = socket.getPeerCertificate().subjectaltname ?? "";
    socket.destroy();
    return names;
  };
  const kept: TLSSocket = connect({ port: listener.port, host: "127.0.0.1", ca: ca.cert, servername: "localhost" });
  await once(kept, "secureConnect");
  assert.match(await namesNow(), /first\.example/);

  await write(await issue("second.example"));
  for (let i = 0; i < 60 && !/second/.test(await namesNow()); i++) await sleep(50);
  assert.match(await namesNow(), /second\.example/);
  kept.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
  assert.match(String((await once(kept, "data"))[0]), /200 OK/);
  kept.destroy();

  const third = await issue("third.example");
  await writeFile(key, third.key);
  for (let i = 0; i < 60 && warnings.length === 0; i++) await sleep(50);
  assert.deepEqual(warnings, ["the changed certificate is not used: the last one stays"]);
  assert.match(await namesNow(), /second\.example/);
  await writeFile(cert, third.cert);
  for (let i = 0; i < 60 && !/third/.test(await namesNow()); i++) await sleep(50);
  assert.match(await namesNow(), /third\.example/);
  await writeFile(cert, "no certificate");
  await assert.rejects(openFileCertificates(`${cert},${key}`, log), /are no certificate and its key in PEM/);
  await assert.rejects(openFileCertificates("/nowhere,/nowhere", log), /cannot read \/nowhere/);
});

test("half-closed connections and stalled readers are handled behind TLS too", async (t) => {
  const ca = await makeAuthority(Date.now(), systemRandom);
  const current = await issueLeaf(ca, ["localhost"], Date.now(), systemRandom);
  const gone = Promise.withResolvers<void>();
  const listener = await openListener({
    async handler({ rawPath, signal }) {
      await sleep(100);
      if (rawPath !== "/endless") return { status: 200, headers: {}, body: "hello" };
      signal.addEventListener("abort", () => gone.resolve());
      const body = (async function* () {
        for (;;) yield Buffer.alloc(1 << 20);
      })();
      return { status: 200, headers: {}, body };
    },
    ...{ host: "127.0.0.1", port: 0, certificates: { current, watch() {} }, drainMs: 100, limits: { stalledMs: 300 } },
  });
  t.after(() => listener.close());
  const opened = async () => {
    const socket = connect({ port: listener.port, host: "127.0.0.1", ca: ca.cert, servername: "localhost" });
    await once(socket, "secureConnect");
    return socket.on("error", () => {});
  };
  const half = await opened();
  half.end("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
  let text = "";
  for await (const part of half) text += part;
  assert.match(text, /hello$/);
  // One that never says a word does not keep the server from closing.
  connectPlain(listener.port, "127.0.0.1").on("error", () => {});
  const stalled = await opened();
  stalled.write("GET /endless HTTP/1.1\r\nhost: x\r\n\r\n");
  await gone.promise;
  stalled.destroy();
});
