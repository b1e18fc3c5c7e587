/**
 * The pipeline without a port: what is answered when things go wrong. That they go right is shown in test/wire.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "../base/clock.ts";
import { type Log, silentLog } from "../base/log.ts";
import { systemRandom } from "../base/random.ts";
import type { AnyOperation, Service } from "../services/operation.ts";
import { ServiceError } from "../services/service-error.ts";
import { signRequest } from "./auth/sign.ts";
import { createEdge } from "./edge.ts";

const root = { accessKeyId: "AKIAROOT000000000000", secretAccessKey: "root-secret" };
const other = { accessKeyId: "AKIAOTHER00000000000", secretAccessKey: "other-secret" };

const anything = (run: AnyOperation<unknown>["run"]): AnyOperation<unknown> => ({
  authorize: () => ({ action: "service:Action", resource: "arn:aws:service:::thing" }),
  run,
});

const transcoder: Service<unknown> = {
  model: "elastic-transcoder",
  context: {},
  operations: {
    ReadJob: anything(async ({ Id }) => {
      if (Id === "bug") throw new TypeError("the secret of the bug");
      if (Id === "text") throw "not an error";
      throw new ServiceError("ResourceNotFoundException", 404, "not here", { members: { Where: "é" } });
    }),
    CreateJob: anything(async () => ({ Job: { Id: "1", Arn: null, Secret: "x" } })),
    ListPipelines: anything(async () => undefined),
  },
  notDone: { TestRole: "Roles are not assumed." },
  constraints: {},
};

const s3: Service<unknown> = {
  model: "s3",
  context: {},
  operations: {
    GetObject: anything(async ({ Range }) => {
      if (Range === undefined) throw new ServiceError("NoSuchKey", 404, "no & such key", { members: { Key: "<k>" } });
      return { ContentRange: "bytes 0-0/2", ContentLength: 1, Metadata: { Name: "a\r\nb: c", Sign: "€" }, Body: one() };
    }),
    HeadObject: anything(async () => {
      throw new ServiceError("NoSuchKey", 404, "no such key");
    }),
    DeleteObjects: anything(async () => ({ Deleted: [] })),
    GetBucketVersioning: anything(async () => ({})),
    PutBucketVersioning: anything(async () => ({})),
  },
  notDone: { PutBucketPolicy: "Access is decided by the keys." },
  constraints: {},
  async cors({ bucket, origin, method }) {
    if (bucket !== "shared" || method === "DELETE") return undefined;
    return { "access-control-allow-origin": origin };
  },
};

async function* one() {
  yield Uint8Array.of(65);
}

type Sent = {
  service?: string;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
  keys?: typeof root | "none";
};

function start() {
  const logged: { fields: Record<string, unknown>; message: string }[] = [];
  const log: Log = {
    ...silentLog,
    error: (fields, message) => logged.push({ fields: fields as Record<string, unknown>, message }),
  };
  const handler = createEdge({
    services: [transcoder, s3],
    credentials: {
      async find(accessKeyId) {
        const keys = [root, other].find((candidate) => candidate.accessKeyId === accessKeyId);
        if (keys === undefined) return undefined;
        const principalArn = `arn:aws:iam::123456789012:${keys === root ? "root" : "user/other"}`;
        return {
          accountId: "123456789012",
          accessKeyId,
          principalArn,
          isRoot: keys === root,
          secret: keys.secretAccessKey,
        };
      },
    },
    clock: systemClock,
    random: systemRandom,
    log,
    s3BaseDomains: ["s3.example"],
    extra: async ({ rawPath }) => {
      if (rawPath === "/_millrace/bug") throw new Error("bug");
      return rawPath === "/_millrace/health" ? { status: 200, headers: {}, body: "ok" } : undefined;
    },
  });
  async function send(
    request: string,
    { service = "elastictranscoder", headers = {}, body = "", keys = root }: Sent = {},
  ) {
    const [method, target] = request.split(" ") as [string, string];
    const url = `http://${headers.host ?? "localhost"}${target}`;
    const credentials = keys === "none" ? undefined : keys;
    const signed =
      credentials &&
      signRequest({ method, url, headers, body, credentials, service, region: "us-east-1", clock: systemClock });
    const bytes = Buffer.from(body as string);
    const [rawPath, rawQuery = ""] = target.split("?") as [string, string?];
    const answer = await handler({
      method,
      rawPath,
      rawQuery,
      headers: { host: "localhost", "content-length": String(bytes.length), ...headers, ...signed },
      body: (async function* () {
        yield bytes;
      })(),
      secure: false,
      remoteAddress: "127.0.0.1",
      signal: new AbortController().signal,
    });
    return { ...answer, text: typeof answer.body === "string" ? answer.body : "" };
  }
  return { send, logged };
}

const api = "/2012-09-25";

for (const [request, sent, status, code, body] of [
  [`GET ${api}/jobs/x`, {}, 404, "ResourceNotFoundException", '{"message":"not here","Where":"é"}'],
  [`GET ${api}/nothing`, {}, 404, "UnknownOperationException", /no operation of Elastic Transcoder/],
  [`GET ${api}/jobs/x`, { keys: "none" }, 403, "MissingAuthenticationTokenException", /Missing Authentication Token/],
  [
    `GET ${api}/jobs/x`,
    { keys: other },
    403,
    "AccessDeniedException",
    /user\/other is not authorized to perform: service:Action/,
  ],
  [`GET ${api}/presets`, {}, 501, "NotImplemented", /ListPresets is not implemented here/],
  [`POST ${api}/roleTests`, { body: "{" }, 501, "NotImplemented", /TestRole .* Roles are not assumed/],
  [
    `POST ${api}/jobs`,
    { body: "{" },
    400,
    "SerializationException",
    /^{"Message":"The body of the request is not valid JSON."}$/,
  ],
  [
    `POST ${api}/jobs`,
    { body: '{"Input":[]}' },
    400,
    "SerializationException",
    /^{"Message":"Start of list found where not expected."}$/,
  ],
  [`POST ${api}/jobs`, { body: "{}" }, 400, "ValidationException", /Value null at 'pipelineId'/],
  [`POST ${api}/jobs`, { body: " ".repeat(9 << 20) }, 413, "RequestEntityTooLargeException", /at most 1048576 bytes/],
  ["GET /x", { service: "ec2" }, 404, "UnknownOperationException", /does not serve ec2/],
] as const) {
  test(`${request}: ${status} ${code}`, async () => {
    const answer = await start().send(request, sent as Sent);
    assert.equal(answer.status, status);
    assert.equal(answer.headers["x-amzn-errortype"], code);
    assert.equal(answer.headers["content-type"], "application/json");
    if (typeof body === "string") assert.equal(answer.text, body);
    else assert.match(answer.text, body);
    assert.match(String(answer.headers["x-amzn-requestid"]), /^[0-9a-f-]{36}$/);
  });
}

for (const [request, sent, status, code] of [
  ["GET /b/k", { service: "s3" }, 404, "NoSuchKey"],
  ["GET /b/k", { service: "s3", headers: { host: "b.s3.example" } }, 404, "NoSuchKey"],
  ["GET /b/k", { keys: "none" }, 403, "AccessDenied"],
  ["GET /_millrace/other", { keys: "none" }, 403, "AccessDenied"],
  ["PUT /b?policy", { service: "s3", body: "{}" }, 501, "NotImplemented"],
  ["PUT /b?nonsense", { service: "s3" }, 501, "NotImplemented"],
  ["PATCH /b", { service: "s3" }, 405, "MethodNotAllowed"],
  ["GET /b/k?versioning", { service: "s3" }, 405, "MethodNotAllowed"],
  ["GET /b/%ff", { service: "s3" }, 400, "InvalidURI"],
  ["GET /b/k?partNumber=x", { service: "s3" }, 400, "InvalidArgument"],
  ["PUT /b?versioning", { service: "s3", body: "<a>" }, 400, "MalformedXML"],
  ["PUT /b?versioning", { service: "s3" }, 400, "MalformedXML"],
  ["POST /b?delete", { service: "s3", body: "<Delete><Object/></Delete>" }, 400, "MalformedXML"],
  ["OPTIONS /b/k", { keys: "none" }, 400, "BadRequest"],
  [
    "OPTIONS /b/k",
    { keys: "none", headers: { origin: "https://a", "access-control-request-method": "GET" } },
    403,
    "AccessForbidden",
  ],
  [
    "POST /b",
    { keys: "none", headers: { "content-type": "multipart/form-data; boundary=x" } },
    405,
    "MethodNotAllowed",
  ],
] as const) {
  test(`${request}: ${status} ${code}`, async () => {
    const answer = await start().send(request, sent as Sent);
    assert.equal(`${answer.status} ${/<Code>(.*?)<\/Code>/.exec(answer.text)?.[1]}`, `${status} ${code}`);
    assert.equal(answer.headers["content-type"], "application/xml");
    assert.match(answer.text, new RegExp(`<RequestId>${answer.headers["x-amz-request-id"]}</RequestId>`));
    assert.ok(answer.headers["x-amz-id-2"]);
  });
}

test("an error of S3 carries its members, escaped, and the resource", async () => {
  const { text } = await start().send("GET /b/k", { service: "s3" });
  const expected =
    "<Error><Code>NoSuchKey</Code><Message>no &amp; such key</Message><Key>&lt;k&gt;</Key><Resource>/b/k</Resource>";
  assert.ok(text.includes(expected), text);
});

test("a failure of ours tells the caller nothing and the log everything, once", async () => {
  const { send, logged } = start();
  for (const id of ["bug", "text"]) {
    const answer = await send(`GET ${api}/jobs/${id}`);
    assert.equal(answer.status, 500);
    assert.equal(answer.headers["x-amzn-errortype"], "InternalServiceException");
    assert.doesNotMatch(answer.text, /secret|not an error/);
    const [{ fields }, ...more] = logged.splice(0) as [(typeof logged)[number], ...typeof logged];
    assert.equal(more.length, 0);
    assert.equal(fields.requestId, answer.headers["x-amzn-requestid"]);
    assert.match(String(fields.err), /the secret of the bug|not an error/);
  }
});

test("a mistake of the caller's is not logged as ours", async () => {
  const { send, logged } = start();
  await send(`GET ${api}/jobs/x`);
  assert.deepEqual(logged, []);
});

test("HEAD answers errors without a body", async () => {
  const { status, headers, body } = await start().send("HEAD /b/k", { service: "s3" });
  assert.deepEqual([status, headers["content-type"], body], [404, undefined, undefined]);
});

test("an answer holds nulls, and nothing beyond the model", async () => {
  const { send } = start();
  const created = await send(`POST ${api}/jobs`, { body: '{"PipelineId":"x","Unknown":1}' });
  assert.deepEqual([created.status, created.text], [201, '{"Job":{"Id":"1","Arn":null}}']);
  const listed = await send(`GET ${api}/pipelines`);
  assert.deepEqual([listed.status, listed.text], [200, "{}"]);
});

test("a part of an object is 206, and no metadata breaks out of its header", async () => {
  const { status, headers, body } = await start().send("GET /b/k", { service: "s3", headers: { range: "bytes=0-0" } });
  assert.equal(status, 206);
  assert.equal(headers["x-amz-meta-name"], "ab: c");
  assert.equal(headers["x-amz-meta-sign"], "=?UTF-8?B?4oKs?=");
  assert.deepEqual(await Array.fromAsync(body as AsyncIterable<Uint8Array>), [Uint8Array.of(65)]);
});

test("browsers of other origins are answered as the bucket says, also on errors", async () => {
  const { send } = start();
  const origin = "https://app.example";
  const asked = { origin, "access-control-request-method": "GET" };
  const preflight = await send("OPTIONS /shared/k", { keys: "none", headers: asked });
  assert.deepEqual([preflight.status, preflight.headers["access-control-allow-origin"]], [200, origin]);
  const refused = { ...asked, "access-control-request-method": "DELETE" };
  assert.equal((await send("OPTIONS /shared/k", { keys: "none", headers: refused })).status, 403);
  const missing = await send("GET /shared/k", { service: "s3", headers: { origin } });
  assert.deepEqual([missing.status, missing.headers["access-control-allow-origin"]], [404, origin]);
  const denied = await send("GET /shared/k", { keys: "none", headers: { origin } });
  assert.deepEqual([denied.status, denied.headers["access-control-allow-origin"]], [403, origin]);
});

test("paths of our own need no signature, and their bugs are answered too", async () => {
  const { send, logged } = start();
  assert.equal((await send("GET /_millrace/health", { keys: "none" })).text, "ok");
  assert.equal((await send("GET /_millrace/bug", { keys: "none" })).status, 500);
  assert.equal(logged.length, 1);
});
