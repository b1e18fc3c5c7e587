/**
 * What real clients sign, as it comes over a socket: JS SDK, boto3, and requests recorded from kvssink.
 */
import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { request } from "node:http";
import { Readable } from "node:stream";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { ElasticTranscoderClient, ListJobsByPipelineCommand } from "@aws-sdk/client-elastic-transcoder";
import { IAMClient, ListUsersCommand } from "@aws-sdk/client-iam";
import { KMSClient, ListKeysCommand } from "@aws-sdk/client-kms";
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { createPresignedPost } from "@aws-sdk/s3-presigned-post";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { systemClock } from "../../src/base/clock.ts";
import { type Authenticated, authenticate } from "../../src/edge/auth/authenticate.ts";
import { verifyPostPolicy } from "../../src/edge/auth/post-policy.ts";
import { type Listener, openListener } from "../../src/edge/listener.ts";
import { edgeRequest, oneKey, readAll } from "../support/edge-request.ts";

const secret = "wJalr/XUtnFEMI+K7MDENG";
const options = { credentials: oneKey("AKIAMILLRACE", secret), clock: systemClock };
const client = {
  region: "eu-mill-1",
  credentials: { accessKeyId: "AKIAMILLRACE", secretAccessKey: secret },
  maxAttempts: 1,
};

/** What came last: who it was, and the body as it was taken in. */
let last: Authenticated & { bytes: Buffer; path: string; payload?: string };
let listener: Listener;

before(async () => {
  listener = await openListener({
    host: "127.0.0.1",
    port: 0,
    async handler(request) {
      try {
        const result = await authenticate(request, options);
        const bytes = await readAll(result.body);
        const payload = request.headers["x-amz-content-sha256"];
        last = { ...result, bytes, path: request.rawPath, payload };
      } catch (error) {
        return { status: 403, headers: {}, body: `<Error><Code>${(error as Error).message}</Code></Error>` };
      }
      const isJson = last.service !== "s3" && last.service !== "iam";
      const headers = isJson ? { "content-type": "application/json" } : undefined;
      return { status: last.caller ? 200 : 403, headers: headers ?? {}, body: isJson ? "{}" : "" };
    },
  });
});
after(() => listener.close());

const s3 = () => new S3Client({ ...client, endpoint: listener.url, forcePathStyle: true });

const oddKeys = [
  "plain",
  "a b+c",
  "ünïcödé/日本",
  "a//b/./../c",
  "100%",
  "a%2Fb",
  "!*'()~-_.",
  "q?x=1&y#z",
  "semi;colon:at@$,=",
];

test("verifies the JS SDK's uploads under odd keys, with buffers and streams", async () => {
  const body = Buffer.alloc(300_000, "mill");
  for (const Key of oddKeys) {
    await s3().send(new PutObjectCommand({ Bucket: "b", Key, Body: body, Metadata: { a: "1  2" } }));
    assert.deepEqual(last.bytes, body, Key);
    assert.equal(decodeURIComponent(last.path), `/b/${Key}`);
    await s3().send(new ListObjectsV2Command({ Bucket: "b", Prefix: Key, MaxKeys: 3 }));
    assert.equal(last.kind, "header");
  }
  const stream = () => Readable.from([body.subarray(0, 100_000), body.subarray(100_000)]);
  await s3().send(
    new PutObjectCommand({
      Bucket: "b",
      Key: "k",
      Body: stream(),
      ContentLength: body.length,
      ChecksumAlgorithm: "CRC32C",
    }),
  );
  assert.equal(last.payload, "STREAMING-UNSIGNED-PAYLOAD-TRAILER");
  assert.deepEqual(last.bytes, body);
  assert.deepEqual(Object.keys(last.trailers()), ["x-amz-checksum-crc32c"]);
  assert.equal(last.decodedLength, body.length);
});

test("verifies the JS SDK's calls in the other protocols", async () => {
  const endpoint = listener.url;
  await new ElasticTranscoderClient({ ...client, endpoint }).send(
    new ListJobsByPipelineCommand({ PipelineId: "1111111111111-abc:/ d", Ascending: "true", PageToken: "a+b/c=" }),
  );
  assert.deepEqual([last.service, last.region, last.kind], ["elastictranscoder", "eu-mill-1", "header"]);
  await new KMSClient({ ...client, endpoint }).send(new ListKeysCommand({ Limit: 3 }));
  assert.deepEqual([last.service, last.bytes.toString()], ["kms", '{"Limit":3}']);
  await new IAMClient({ ...client, endpoint }).send(new ListUsersCommand({ MaxItems: 3 })).catch(() => undefined);
  assert.deepEqual([last.service, last.bytes.toString().includes("Action=ListUsers")], ["iam", true]);
});

test("verifies the JS SDK's links and forms", async () => {
  for (const Key of oddKeys) {
    const get = await getSignedUrl(s3(), new GetObjectCommand({ Bucket: "b", Key }), { expiresIn: 60 });
    assert.equal(await follow("GET", get), 200, get);
    assert.equal(last.kind, "presigned");
  }
  const put = await getSignedUrl(s3(), new PutObjectCommand({ Bucket: "b", Key: "k", ACL: "private" }), {
    expiresIn: 60,
  });
  assert.equal(await follow("PUT", put, {}, "text"), 200);
  assert.equal(last.bytes.toString(), "text");
  assert.equal(await follow("GET", put), 403);

  const { fields } = await createPresignedPost(s3(), {
    Bucket: "b",
    Key: "in/a",
    Fields: { acl: "private" },
    Conditions: [["content-length-range", 1, 10]],
  });
  const lower = Object.fromEntries(Object.entries(fields).map(([name, value]) => [name.toLowerCase(), value]));
  const form = await verifyPostPolicy({ bucket: "b", fields: lower }, options);
  assert.deepEqual([form.caller.accessKeyId, form.lengthRange], ["AKIAMILLRACE", { min: 1, max: 10 }]);
});

/** As curl would: `fetch` resolves the dots in a path. */
function follow(method: string, link: string, headers: Record<string, string> = {}, body = ""): Promise<number> {
  const { hostname, port } = new URL(link);
  return new Promise((resolve, reject) => {
    request({ method, hostname, port, path: link.replace(/^http:\/\/[^/]+/, ""), headers }, (response) => {
      response.resume().on("end", () => resolve(response.statusCode!));
    })
      .on("error", reject)
      .end(body);
  });
}

const python = "/usr/bin/python3";
const hasBoto = existsSync(python) && spawnSync(python, ["-c", "import boto3"]).status === 0;

async function run(code: string): Promise<string> {
  const { stdout } = await promisify(execFile)(python, ["-c", code, listener.url, secret], { timeout: 60_000 });
  return stdout;
}

test("verifies boto3's calls, links and forms, of both versions", {
  skip: !hasBoto && "no python3 with boto3",
}, async () => {
  const output = await run(`
import sys, json, boto3
from botocore.config import Config
def client(service, region="eu-mill-1", **config):
    return boto3.client(service, region_name=region, endpoint_url=sys.argv[1], aws_access_key_id="AKIAMILLRACE", aws_secret_access_key=sys.argv[2],
        config=Config(retries={"max_attempts": 0}, **config))
s3 = client("s3")
for key in ${JSON.stringify(oddKeys)}:
    s3.put_object(Bucket="b", Key=key, Body=b"x" * 1000, Metadata={"a": "1  2"})
client("elastictranscoder").list_jobs_by_pipeline(PipelineId="1111111111111-abcdef", Ascending="true", PageToken="a+b/c=")
links = []
for key in ${JSON.stringify(oddKeys)}:
    for version in ["s3v4", "s3"]:
        s3 = client("s3", region="us-east-1", signature_version=version)
        links.append(["GET", s3.generate_presigned_url("get_object", Params={"Bucket": "b", "Key": key, "ResponseContentType": "text/x y"}), {}])
        links.append(["HEAD", s3.generate_presigned_url("head_object", Params={"Bucket": "b", "Key": key}), {}])
        links.append(["PUT", s3.generate_presigned_url("put_object", Params={"Bucket": "b", "Key": key, "ContentType": "text/plain"}), {"content-type": "text/plain"}])
posts = [client("s3", signature_version=version).generate_presigned_post("b", "in/a", Conditions=[["content-length-range", 1, 10]]) for version in ["s3v4", "s3"]]
print(json.dumps({"links": links, "forms": [post["fields"] for post in posts]}))
`);
  const { links, forms } = JSON.parse(output);
  const kinds = new Set<string>();
  for (const [method, url, headers] of links) {
    const status = await follow(method, url, headers, method === "PUT" ? "text" : "");
    assert.equal(status, 200, `${method} ${url}`);
    kinds.add(last.kind);
  }
  assert.deepEqual([...kinds].sort(), ["presigned", "presigned-v2"]);
  for (const fields of forms) {
    const lower = Object.fromEntries(
      Object.entries(fields).map(([name, value]) => [name.toLowerCase(), value as string]),
    );
    const { lengthRange } = await verifyPostPolicy({ bucket: "b", fields: lower }, options);
    assert.deepEqual(lengthRange, { min: 1, max: 10 });
  }
});

const captures = new URL("../../../../shared/media/kvs/kvssink/", import.meta.url);

test("verifies PutMedia as kvssink was recorded to send it", {
  skip: !existsSync(captures) && "no recordings",
}, async () => {
  const recorded = { credentials: oneKey("AKIDTESTACCESSKEY00", "testsecretkey"), bodyMode: () => "endless" as const };
  for (const name of ["av-http-1", "h264-http-1"]) {
    const text = readFileSync(new URL(`${name}.headers.txt`, captures), "latin1");
    const headers: Record<string, string> = {};
    for (const [, field, value] of text.matchAll(/^([A-Za-z-]+): (.*?)\s*$/gm)) headers[field!.toLowerCase()] = value!;
    const at = /(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z/.exec(headers["x-amz-date"]!)!.slice(1).map(Number);
    const clock = () => Date.UTC(at[0]!, at[1]! - 1, at[2], at[3], at[4], at[5]);
    const request = edgeRequest("POST", "http://127.0.0.1/putMedia", headers);
    assert.equal((await authenticate(request, { ...recorded, clock })).service, "kinesisvideo");
    const other = { ...request, headers: { ...request.headers, "x-amzn-stream-name": "cam-other" } };
    await assert.rejects(authenticate(other, { ...recorded, clock }), { code: "InvalidSignatureException" });
  }
});
