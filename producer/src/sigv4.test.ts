import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import { test } from "node:test";
import { signHeaders } from "./sigv4.ts";

const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" };
const nowMs = Date.UTC(2015, 7, 30, 12, 36, 0);

test("signs as the written-out canonical request is signed by hand", async () => {
  const headers = await signHeaders({
    url: "https://s-1.kinesisvideo.eu-west-1.amazonaws.com/putMedia",
    headers: { "x-amzn-stream-name": "  two   blanks " },
    body: "",
    credentials: { ...credentials, sessionToken: "token" },
    region: "eu-west-1",
    nowMs,
  });
  const empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
  const names = "host;x-amz-date;x-amz-security-token;x-amzn-stream-name";
  const canonical = [
    "POST",
    "/putMedia",
    "",
    "host:s-1.kinesisvideo.eu-west-1.amazonaws.com",
    "x-amz-date:20150830T123600Z",
    "x-amz-security-token:token",
    "x-amzn-stream-name:two blanks",
    "",
    names,
    empty,
  ].join("\n");
  const scope = "20150830/eu-west-1/kinesisvideo/aws4_request";
  const hash = createHash("sha256").update(canonical).digest("hex");
  const key = scope
    .split("/")
    .reduce<string | Buffer>(
      (parent, part) => createHmac("sha256", parent).update(part).digest(),
      `AWS4${credentials.secretAccessKey}`,
    );
  const signature = createHmac("sha256", key)
    .update(`AWS4-HMAC-SHA256\n20150830T123600Z\n${scope}\n${hash}`)
    .digest("hex");
  assert.equal(
    headers.authorization,
    `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/${scope}, SignedHeaders=${names}, Signature=${signature}`,
  );
  assert.equal(headers["x-amz-date"], "20150830T123600Z");
  assert.equal("host" in headers, false);
});

test("signs the port where it is not the scheme's own, and the path escaped twice", async () => {
  const sign = async (url: string) =>
    (await signHeaders({ url, headers: {}, body: "{}", credentials, region: "r", nowMs })).authorization;
  assert.equal(await sign("https://h:443/a"), await sign("https://h/a"));
  assert.notEqual(await sign("https://h:8443/a"), await sign("https://h/a"));
  assert.notEqual(await sign("https://h/a%20b"), await sign("https://h/a%2520b"));
});
