/**
 * Signed requests with one byte changed, sent late, early or for another region, service or date: of a hundred thousand
 * none is taken for its signer's, and none breaks the server.
 *
 * MILLRACE_SEED=N begins elsewhere; a mutant that gets through is printed whole.
 */
import assert from "node:assert/strict";
import crypto, { createHash, createHmac } from "node:crypto";
import { syncBuiltinESMExports } from "node:module";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { systemClock } from "../../src/base/clock.ts";
import { systemRandom } from "../../src/base/random.ts";
import { authenticate } from "../../src/edge/auth/authenticate.ts";
import { presignUrl, signedRequest, signRequest } from "../../src/edge/auth/sign.ts";
import { signingKey } from "../../src/edge/auth/signing-key.ts";
import type { EdgeRequest, EdgeResponse } from "../../src/edge/http.ts";
import { bucketRulesOf } from "../../src/engine/jobs/bucket-rules.ts";
import { openIamService } from "../../src/services/iam/service.ts";
import { openKmsService } from "../../src/services/kms/service.ts";
import { openS3Service } from "../../src/services/s3/service.ts";
import { openTranscoderService } from "../../src/services/transcoder/service.ts";
import { openFsBlobs } from "../../src/storage/blobs/fs-store.ts";
import { openBuiltInBuckets } from "../../src/storage/buckets/built-in-buckets.ts";
import { openKmsStore } from "../../src/storage/keys/kms-store.ts";
import { edgeRequest, readAll } from "../support/edge-request.ts";
import { type IdentityServer, type Keys, region, startIdentities } from "../support/identities.ts";
import { options, signed } from "../support/signed-request.ts";

const mutants = 100_000;
const seed = Number(process.env.MILLRACE_SEED ?? 1);

/** Whole, as its signer sends it. Bodies are kept as bytes, to be changed too. */
type Sent = Omit<EdgeRequest, "body" | "signal"> & { bytes: Buffer };

/** A form of signing. `late`: so many seconds after it was made it is too old. */
type Form = { name: string; sent: Sent; lateSeconds: number; parts: readonly Part[] };

/** Something that the signature covers, or the signature: `put` gives the request with another text in its place. */
type Part = { name: string; text: string; put(text: string): Sent; same(a: string, b: string): boolean };

const asIs = (a: string, b: string) => a === b;
/** Runs of blanks count as one, and none count at the ends, nor after a comma: so a value is signed. */
const asHeader = (a: string, b: string) => headerText(a) === headerText(b);
const headerText = (value: string) =>
  value
    .replace(/[ \t]+/g, " ")
    .replace(/^ | $/g, "")
    .replaceAll(", ", ",");
/** Nothing hangs on blanks between the header's parts. */
const withoutBlanks = (a: string, b: string) => a.replace(/[ \t]/g, "") === b.replace(/[ \t]/g, "");
/** Both are decoded before they are signed: `%2f` is `%2F`, and in a query `+` is `%20`. */
const asQuery = (a: string, b: string) =>
  percentText(a.replaceAll("+", "%20")) === percentText(b.replaceAll("+", "%20"));
/** A target that does not begin with a slash never comes through the listener. */
const asPath = (a: string, b: string) => !a.startsWith("/") || percentText(a) === percentText(b);
const percentText = (text: string) =>
  text.replace(/%([0-9a-f]{2})/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));

function partsOf(sent: Sent, coversBody: boolean): Part[] {
  const { authorization = "", ...headers } = sent.headers;
  const signedNames = /SignedHeaders=([^,]*)/.exec(authorization)?.[1]?.split(";") ?? [];
  const covered = [
    ...new Set([...signedNames, ...("x-amz-content-sha256" in headers ? ["x-amz-content-sha256"] : [])]),
  ];
  return [
    { name: "method", text: sent.method, put: (method: string) => ({ ...sent, method }), same: asIs },
    { name: "path", text: sent.rawPath, put: (rawPath: string) => ({ ...sent, rawPath }), same: asPath },
    { name: "query", text: sent.rawQuery, put: (rawQuery: string) => ({ ...sent, rawQuery }), same: asQuery },
    ...covered.map((name): Part => {
      const put = (value: string) => ({ ...sent, headers: { ...sent.headers, [name]: value } });
      return { name, text: sent.headers[name]!, put, same: asHeader };
    }),
    {
      name: "authorization",
      text: authorization,
      put: (value: string) => ({ ...sent, headers: { ...sent.headers, authorization: value } }),
      same: withoutBlanks,
    },
    ...(coversBody
      ? [
          {
            name: "body",
            text: sent.bytes.toString("latin1"),
            put: (text: string) => withBytes(sent, text),
            same: asIs,
          },
        ]
      : []),
  ].filter(({ text }) => text !== "");
}

function withBytes(sent: Sent, latin1: string): Sent {
  return { ...sent, bytes: Buffer.from(latin1, "latin1") };
}

type Signing = { service: string; method?: string; path: string; headers?: Record<string, string>; body?: string };

const host = "127.0.0.1:4580";

function byHeader(keys: Keys, { service, method = "POST", path, headers = {}, body = "" }: Signing, at = systemClock) {
  const url = `http://${host}${path}`;
  return { url, headers: signRequest({ method, url, headers, body, service, region, credentials: keys, clock: at }) };
}

function sentOf(method: string, url: string, headers: Record<string, string>, body: string | Buffer = ""): Sent {
  const { body: _, signal: __, ...rest } = edgeRequest(method, url, headers);
  const bytes = Buffer.from(body);
  const length = bytes.length === 0 ? {} : { "content-length": String(bytes.length) };
  return { ...rest, headers: { ...rest.headers, ...length }, bytes };
}

function opened({ bytes, ...sent }: Sent): EdgeRequest {
  async function* body() {
    if (0 < bytes.length) yield bytes;
  }
  return { ...sent, body: body(), signal: new AbortController().signal };
}

function headerForm(name: string, keys: Keys, signing: Signing, lateSeconds: number): Form {
  const { url, headers } = byHeader(keys, signing);
  const sent = sentOf(signing.method ?? "POST", url, headers, signing.body);
  return { name, sent, lateSeconds, parts: partsOf(sent, true) };
}

/** The link's own proof stands in its query. Signed links to S3 promise nothing of a body. */
function linkForm(name: string, url: string, lateSeconds: number, same = asQuery): Form {
  const sent = sentOf("GET", url, {});
  const parts = partsOf(sent, false).map((part) => (part.name === "query" ? { ...part, same } : part));
  return { name, sent, lateSeconds, parts: parts.filter((part) => part.name !== "host") };
}

function chunkedForm(keys: Keys): Form {
  const url = `http://${host}/box/chunked`;
  const body = Buffer.from("a chunk that is signed, and the chunks after it hang on it".repeat(20));
  const trailer = "x-amz-checksum-sha256";
  const { headers, signature, timestamp, scope } = signedRequest({
    method: "PUT",
    url,
    headers: {
      "content-encoding": "aws-chunked",
      "x-amz-decoded-content-length": String(body.length),
      "x-amz-trailer": trailer,
    },
    payloadHash: "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
    service: "s3",
    region,
    credentials: keys,
    clock: systemClock,
  });
  const key = signingKey(keys.secretAccessKey, scope);
  const place = `${timestamp}\n${scope.date}/${region}/s3/aws4_request`;
  const hash = (data: string | Buffer) => createHash("sha256").update(data).digest("hex");
  const sign = (text: string) => createHmac("sha256", key).update(text).digest("hex");
  const chunkText = (last: string, data: Buffer) =>
    `AWS4-HMAC-SHA256-PAYLOAD\n${place}\n${last}\n${hash("")}\n${hash(data)}`;
  const first = sign(chunkText(signature, body));
  const last = sign(chunkText(first, Buffer.alloc(0)));
  const checksum = `${trailer}:${createHash("sha256").update(body).digest("base64")}\n`;
  const end = sign(`AWS4-HMAC-SHA256-TRAILER\n${place}\n${last}\n${hash(checksum)}`);
  const framed = Buffer.concat([
    Buffer.from(`${body.length.toString(16)};chunk-signature=${first}\r\n`),
    body,
    Buffer.from(`\r\n0;chunk-signature=${last}\r\n${checksum.trimEnd()}\r\nx-amz-trailer-signature:${end}\r\n\r\n`),
  ]);
  const sent = sentOf("PUT", url, headers, framed);
  return { name: "S3, chunks and trailers", sent, lateSeconds: 900, parts: partsOf(sent, false) };
}

/** What the chunks of an upload and its trailers are signed with: each byte of the framed body. */
function framesOf({ sent }: Form): Part {
  return {
    name: "frames",
    text: sent.bytes.toString("latin1"),
    put: (text) => withBytes(sent, text),
    // A size in hexadecimal is the same in either case.
    same: (a, b) => a.toLowerCase() === b.toLowerCase(),
  };
}

function formOf(keys: Keys): Form {
  const at = new Date(systemClock());
  const stamp = at.toISOString().replace(/[-:]|\.\d+/g, "");
  const credential = `${keys.accessKeyId}/${stamp.slice(0, 8)}/${region}/s3/aws4_request`;
  const fields = {
    key: "posted",
    "x-amz-algorithm": "AWS4-HMAC-SHA256",
    "x-amz-credential": credential,
    "x-amz-date": stamp,
  };
  const conditions = [{ bucket: "box" }, ...Object.entries(fields).map(([name, value]) => ({ [name]: value }))];
  const expiration = new Date(at.getTime() + 600_000).toISOString();
  const policy = Buffer.from(JSON.stringify({ expiration, conditions })).toString("base64");
  const scope = { date: stamp.slice(0, 8), region, service: "s3" };
  const signature = createHmac("sha256", signingKey(keys.secretAccessKey, scope)).update(policy).digest("hex");
  const boundary = "millrace";
  const send = (changed: Record<string, string>): Sent => {
    const all = { ...fields, policy, "x-amz-signature": signature, ...changed };
    const text = Object.entries(all).map(
      ([name, value]) => `--${boundary}\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
    );
    const file = `--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="f"\r\n\r\nbytes\r\n--${boundary}--\r\n`;
    const type = `multipart/form-data; boundary=${boundary}`;
    return sentOf("POST", `http://${host}/box`, { "content-type": type }, Buffer.from(text.join("") + file, "latin1"));
  };
  const parts = Object.entries({ ...fields, policy, "x-amz-signature": signature }).map(
    ([name, text]): Part => ({ name, text, put: (value) => send({ [name]: value }), same: asIs }),
  );
  return { name: "S3, a browser's form", sent: send({}), lateSeconds: 601, parts };
}

function versionTwoLink(keys: Keys): Form {
  const expires = Math.floor(systemClock() / 1000) + 600;
  const text = `GET\n\n\n${expires}\n/box/kept?versionId=null`;
  const signature = createHmac("sha1", keys.secretAccessKey).update(text).digest("base64");
  const query = `AWSAccessKeyId=${keys.accessKeyId}&Expires=${expires}&Signature=${encodeURIComponent(signature)}&versionId=null`;
  // Base64's last character before "=" holds two bits that mean nothing.
  return linkForm("S3, a link of version 2", `http://${host}/box/kept?${query}`, 601);
}

type World = { server: IdentityServer; taken: () => number; forms: Form[]; objects(): Promise<string[]> };

async function openWorld(t: TestContext): Promise<World> {
  let taken = 0;
  let now = 0;
  const clock = () => systemClock() + now;
  const server = await startIdentities(t, {
    clock,
    used: () => {
      taken++;
    },
    async services({ records, wrapper, folder, sealer, access, log }) {
      const common = { records, clock, random: systemRandom, log };
      const blobs = await openFsBlobs({ folder: join(folder, "blobs"), random: systemRandom });
      t.after(() => blobs.close());
      const keys = openKmsStore({ records, wrapper, clock, random: systemRandom });
      const buckets = openBuiltInBuckets({ ...common, blobs, keys });
      return [
        openS3Service({ ...common, blobs, keys }),
        openTranscoderService({ ...common, buckets, rights: { access, bucketRuleOf: bucketRulesOf(records) } }),
        openIamService({ records, sealer, changed: access.forget }),
        openKmsService({ records, keys }),
      ];
    },
  });
  const set = (ms: number) => {
    now = ms;
  };
  const root = server.root;
  const send = async (sent: Sent) => server.handler(opened(sent));
  for (const [method, path, body] of [
    ["PUT", "/box", ""],
    ["PUT", "/box/kept", "what is kept"],
  ] as const) {
    const { url, headers } = byHeader(root, { service: "s3", method, path, body });
    assert.equal((await send(sentOf(method, url, headers, body))).status, 200, path);
  }
  const { Credentials } = await server
    .sts((await server.user("ann", [{ Effect: "Allow", Action: "*", Resource: "*" }])).keys)
    .getSessionToken({});
  const session: Keys = {
    accessKeyId: Credentials!.AccessKeyId!,
    secretAccessKey: Credentials!.SecretAccessKey!,
    sessionToken: Credentials!.SessionToken!,
  };
  const form = { "content-type": "application/x-www-form-urlencoded; charset=utf-8" };
  const json = { "content-type": "application/x-amz-json-1.1", "x-amz-target": "TrentService.ListKeys" };
  const link = { service: "s3", region, clock: systemClock, method: "GET", expiresSeconds: 600 };
  const forms = [
    headerForm(
      "S3 GET",
      root,
      {
        service: "s3",
        method: "GET",
        path: "/box/kept?response-content-type=text%2Fplain",
        headers: { range: "bytes=0-3" },
      },
      901,
    ),
    headerForm(
      "S3 PUT",
      root,
      {
        service: "s3",
        method: "PUT",
        path: "/box/a%20b",
        headers: { "content-type": "text/plain", "x-amz-meta-a": "b, c" },
        body: "put",
      },
      901,
    ),
    headerForm("S3 with a session", session, { service: "s3", method: "GET", path: "/box/kept" }, 901),
    headerForm(
      "Elastic Transcoder",
      root,
      { service: "elastictranscoder", method: "GET", path: "/2012-09-25/presets?Ascending=true" },
      901,
    ),
    headerForm(
      "IAM",
      root,
      { service: "iam", path: "/", headers: form, body: "Action=ListUsers&Version=2010-05-08" },
      301,
    ),
    headerForm(
      "IAM with a session",
      session,
      { service: "iam", path: "/", headers: form, body: "Action=ListRoles&Version=2010-05-08" },
      301,
    ),
    headerForm("KMS", root, { service: "kms", path: "/", headers: json, body: '{"Limit":10}' }, 301),
    linkForm(
      "S3, a link",
      presignUrl({ ...link, url: `http://${host}/box/kept?versionId=null`, credentials: root }),
      601,
    ),
    linkForm(
      "S3, a session's link",
      presignUrl({ ...link, url: `http://${host}/box/kept`, credentials: session }),
      601,
    ),
    versionTwoLink(root),
    chunkedForm(root),
    formOf(root),
  ];
  for (const one of forms) {
    const before = taken;
    const { status, body } = await send(one.sent);
    assert.ok(status < 300 && taken === before + 1, `${one.name}: ${status} ${await textOf(body)}`);
    // Late and early.
    const saysWhenItWasMade = !/version 2|form/.test(one.name);
    for (const seconds of [one.lateSeconds, ...(saysWhenItWasMade ? [-3600] : [])]) {
      set(seconds * 1000);
      const answer = await send(one.sent);
      assert.ok(400 <= answer.status && answer.status < 500, `${one.name}, ${seconds} s later: ${answer.status}`);
      assert.equal(taken, before + 1, `${one.name}, ${seconds} s later`);
    }
    set(0);
    for (const elsewhere of otherScopes(one.sent)) {
      const answer = await send(elsewhere);
      assert.ok(400 <= answer.status && answer.status < 500, `${one.name}, ${elsewhere.headers.authorization}`);
      assert.equal(taken, before + 1, `${one.name}, ${elsewhere.headers.authorization}`);
    }
  }
  return {
    server,
    taken: () => taken,
    forms,
    async objects() {
      const { rows } = {
        rows: await server.records.db.selectFrom("objects").select(["key", "etag"]).orderBy("key").execute(),
      };
      return rows.map(({ key, etag }) => `${key} ${etag}`);
    },
  };
}

/** As if it had been signed for another region, service, date or end. */
function otherScopes(sent: Sent): Sent[] {
  const { authorization } = sent.headers;
  const scope = /\/(\d{8})\/([a-z0-9-]+)\/([a-z0-9]+)\/(aws4_request)/.exec(authorization ?? "");
  if (scope === null || authorization === undefined) return [];
  const others = ["20260101", "eu-west-1", scope[3] === "kms" ? "iam" : "kms", "aws4_answer"];
  return others.map((other, index) => {
    const parts = scope.slice(1).with(index, other);
    const changed = authorization.replace(scope[0], `/${parts.join("/")}`);
    return { ...sent, headers: { ...sent.headers, authorization: changed } };
  });
}

async function textOf(body: EdgeResponse["body"]): Promise<string> {
  if (body === undefined) return "";
  return typeof body === "string" || body instanceof Uint8Array
    ? Buffer.from(body).toString()
    : `${await readAll(body)}`;
}

/** Numbers of a linear congruential generator: the same for the same seed. */
function numbers(from: number): (below: number) => number {
  let state = from >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function mutate(text: string, next: (below: number) => number): string {
  const at = next(text.length);
  const was = text.charCodeAt(at);
  // Any other byte that HTTP lets through in its place.
  let byte = 0x21 + next(0xff - 0x21);
  if (byte === was || byte === 0x7f) byte = was === 0x41 ? 0x42 : 0x41;
  return text.slice(0, at) + String.fromCharCode(byte) + text.slice(at + 1);
}

test(`none of ${mutants} requests with a byte changed is its signer's`, { timeout: 300_000 }, async (t) => {
  const { server, taken, forms, objects } = await openWorld(t);
  const frames = framesOf(forms.find(({ name }) => name.includes("chunks"))!);
  const before = await objects();
  let began = taken();
  const next = numbers(seed);
  const statuses = new Map<number, number>();
  let sent = 0;
  while (sent < mutants) {
    const form = forms[next(forms.length)]!;
    const part = form.parts[next(form.parts.length)]!;
    const text = mutate(part.text, next);
    if (part.same(text, part.text)) continue;
    const request = part.put(text);
    sent++;
    const { status, body } = await server.handler(opened(request));
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    const found = () => `seed ${seed}, mutant ${sent}, ${form.name}, ${part.name}: ${JSON.stringify(request)}`;
    // Who changes what says that a request is signed at all is nobody, and nobody may do nothing here.
    assert.ok(400 <= status && status < 500, `${status} ${await textOf(body)}: ${found()}`);
    // S3 begins to take a body before it has all of it: that nothing of it was kept is looked at below.
    if (part.name === "body" && form.name.startsWith("S3")) began = taken();
    assert.equal(taken(), began, `was taken for its signer's: ${found()}`);
  }
  // A head that is right is its signer's, whose body is not: nothing may be kept of it.
  for (let n = 0; n < 2_000; n++) {
    const text = mutate(frames.text, next);
    if (frames.same(text, frames.text)) continue;
    const { status, body } = await server.handler(opened(frames.put(text)));
    assert.ok(
      400 <= status && status < 500,
      `${status} ${await textOf(body)}: seed ${seed}, frames ${n}: ${JSON.stringify(text)}`,
    );
  }
  assert.deepEqual(await objects(), before);
  t.diagnostic(
    `${sent} mutants and 2000 bodies: ${[...statuses]
      .sort()
      .map(([status, count]) => `${count} × ${status}`)
      .join(", ")}`,
  );
});

test("a signature is compared whole, wherever it is wrong, in the same time", async (t) => {
  const compared: string[] = [];
  const real = crypto.timingSafeEqual;
  t.mock.method(crypto, "timingSafeEqual", (a: Uint8Array, b: Uint8Array) => {
    compared.push(`${a.length} and ${b.length}`);
    return real(a, b);
  });
  syncBuiltinESMExports();
  t.after(() => {
    t.mock.restoreAll();
    syncBuiltinESMExports();
  });
  const wrongAt = (at: number) => {
    const request = signed({});
    const authorization = request.headers.authorization!;
    const where = authorization.length - 64 + at;
    const digit = authorization[where] === "0" ? "1" : "0";
    const changed = authorization.slice(0, where) + digit + authorization.slice(where + 1);
    return { ...request, headers: { ...request.headers, authorization: changed } };
  };
  const refused = (at: number) => assert.rejects(authenticate(wrongAt(at), options), { code: "SignatureDoesNotMatch" });
  await refused(0);
  const first = compared.splice(0);
  await refused(63);
  assert.deepEqual(compared, first);
  assert.ok(0 < first.length && first.every((sizes) => sizes === "64 and 64"), first.join());

  const took = { first: [] as number[], last: [] as number[] };
  for (let n = 0; n < 4_000; n++) {
    for (const [name, at] of n % 2
      ? ([
          ["first", 0],
          ["last", 63],
        ] as const)
      : ([
          ["last", 63],
          ["first", 0],
        ] as const)) {
      const request = wrongAt(at);
      const began = process.hrtime.bigint();
      await authenticate(request, options).catch(() => {});
      took[name].push(Number(process.hrtime.bigint() - began) / 1000);
    }
  }
  const median = (times: number[]) => times.toSorted((a, b) => a - b)[times.length >> 1]!;
  const [first50, last50] = [median(took.first), median(took.last)];
  t.diagnostic(
    `refused after ${first50.toFixed(1)} µs when the first digit is wrong, ${last50.toFixed(1)} when the last is (${(last50 / first50).toFixed(3)})`,
  );
});
