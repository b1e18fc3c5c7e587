import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import { test } from "node:test";
import { edgeRequest, oneKey, readAll } from "../../../test/support/edge-request.ts";
import { credentials, ets, now, options, refusal, s3, signed } from "../../../test/support/signed-request.ts";
import type { EdgeRequest } from "../http.ts";
import { authenticate } from "./authenticate.ts";
import { type SignRequest, signRequest } from "./sign.ts";

test("accepts what the signer signs, and says who, where and for what", async () => {
  const url = "http://localhost:4580/2012-09-25/pipelines?Ascending=true";
  const result = await authenticate(signed({ ...ets, method: "POST", url, body: "{}" }), options);
  assert.deepEqual(result.caller, {
    accessKeyId: "AKIAMILLRACE",
    accountId: "000000000000",
    principalArn: "arn:aws:iam::000000000000:root",
    isRoot: true,
  });
  assert.deepEqual([result.service, result.region, result.kind], ["elastictranscoder", "eu-mill-1", "header"]);
  assert.equal((await readAll(result.body)).toString(), "{}");
  assert.equal(result.decodedLength, 2);
});

test("accepts AWS's published examples for S3", async () => {
  // "Signature calculations for the Authorization header", examples of a single chunk; "…query parameters".
  const example = {
    credentials: oneKey("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
    clock: () => Date.UTC(2013, 4, 24),
  };
  const url = "https://examplebucket.s3.amazonaws.com";
  const scope = "AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request";
  const empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
  const headers = (signedHeaders: string, signature: string, others: Record<string, string> = {}) => ({
    "x-amz-date": "20130524T000000Z",
    "x-amz-content-sha256": empty,
    authorization: `AWS4-HMAC-SHA256 Credential=${scope},SignedHeaders=${signedHeaders},Signature=${signature}`,
    ...others,
  });
  const requests = [
    edgeRequest(
      "GET",
      `${url}/test.txt`,
      headers(
        "host;range;x-amz-content-sha256;x-amz-date",
        "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        { range: "bytes=0-9" },
      ),
    ),
    edgeRequest(
      "PUT",
      `${url}/test$file.text`,
      headers(
        "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
        "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
        {
          date: "Fri, 24 May 2013 00:00:00 GMT",
          "x-amz-storage-class": "REDUCED_REDUNDANCY",
          "x-amz-content-sha256": "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
        },
      ),
      "Welcome to Amazon S3.",
    ),
    edgeRequest(
      "GET",
      `${url}/?lifecycle`,
      headers(
        "host;x-amz-content-sha256;x-amz-date",
        "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
      ),
    ),
    edgeRequest(
      "GET",
      `${url}/?max-keys=2&prefix=J`,
      headers(
        "host;x-amz-content-sha256;x-amz-date",
        "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
      ),
    ),
    edgeRequest(
      "GET",
      `${url}/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=${encodeURIComponent(scope)}&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404`,
    ),
  ];
  for (const request of requests) {
    const { body } = await authenticate(request, { ...options, ...example });
    await readAll(body);
  }
});

test("accepts and decodes AWS's published examples of chunked uploads", async () => {
  const scope = "AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request";
  const chunks = (signatures: string[], end: string) =>
    `10000;chunk-signature=${signatures[0]}\r\n${"a".repeat(65536)}\r\n400;chunk-signature=${signatures[1]}\r\n${"a".repeat(1024)}\r\n0;chunk-signature=${signatures[2]}\r\n${end}\r\n`;
  const common = {
    "content-encoding": "aws-chunked",
    "x-amz-date": "20130524T000000Z",
    "x-amz-decoded-content-length": "66560",
    "x-amz-storage-class": "REDUCED_REDUNDANCY",
  };
  const plain = {
    ...common,
    "content-length": "66824",
    "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
    authorization: `AWS4-HMAC-SHA256 Credential=${scope},SignedHeaders=content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class,Signature=4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9`,
  };
  const plainBody = chunks(
    [
      "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
      "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
      "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
    ],
    "",
  );
  const trailer = {
    ...common,
    "x-amz-trailer": "x-amz-checksum-crc32c",
    "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
    authorization: `AWS4-HMAC-SHA256 Credential=${scope},SignedHeaders=content-encoding;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class;x-amz-trailer,Signature=106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e`,
  };
  const trailerBody = chunks(
    [
      "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
      "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
      "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992",
    ],
    "x-amz-checksum-crc32c:sOO8/Q==\r\nx-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n",
  );
  const example = {
    credentials: oneKey("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
    clock: () => Date.UTC(2013, 4, 24),
  };
  const url = "https://s3.amazonaws.com/examplebucket/chunkObject.txt";
  for (const [headers, text, trailers] of [
    [plain, plainBody, {}],
    [trailer, trailerBody, { "x-amz-checksum-crc32c": "sOO8/Q==" }],
  ] as const) {
    const result = await authenticate(edgeRequest("PUT", url, headers, text), example);
    assert.equal(result.decodedLength, 66560);
    assert.equal((await readAll(result.body)).toString(), "a".repeat(66560));
    assert.deepEqual(result.trailers(), trailers);
  }
});

test("says what is wrong in the words of the service's protocol", async () => {
  const cases: [what: string, request: (of: Partial<SignRequest>) => EdgeRequest, ...codes: string[]][] = [
    [
      "a scheme that is none",
      (of) => signed(of, { headers: { authorization: "x" } }),
      "400 AuthorizationHeaderMalformed",
    ],
    [
      "an unknown key",
      (of) => signed({ ...of, credentials: { ...credentials, accessKeyId: "AKIAOTHER" } }),
      "403 InvalidAccessKeyId",
      "403 UnrecognizedClientException",
      "400 UnrecognizedClientException",
      "403 InvalidClientTokenId",
    ],
    [
      "a wrong secret",
      (of) => signed({ ...of, credentials: { ...credentials, secretAccessKey: "no" } }),
      "403 SignatureDoesNotMatch",
      "403 InvalidSignatureException",
      "400 InvalidSignatureException",
      "403 SignatureDoesNotMatch",
    ],
    [
      "a clock that is 16 minutes late",
      (of) => signed({ ...of, clock: () => now - 16 * 60_000 }),
      "403 RequestTimeTooSkewed",
      "403 InvalidSignatureException",
      "400 InvalidSignatureException",
      "403 SignatureDoesNotMatch",
    ],
    [
      "a token that belongs to no session",
      (of) => signed({ ...of, credentials: { ...credentials, sessionToken: "t" } }),
      "400 InvalidToken",
      "403 UnrecognizedClientException",
      "400 UnrecognizedClientException",
      "403 InvalidClientTokenId",
    ],
    [
      "another body",
      (of) => signed({ ...of, method: "PUT", body: "a" }, { body: edgeRequest("PUT", "http://h/", {}, "b").body }),
      "400 XAmzContentSHA256Mismatch",
      "403 InvalidSignatureException",
      "400 InvalidSignatureException",
      "403 SignatureDoesNotMatch",
    ],
    [
      "an unsigned x-amz-acl",
      (of) => signed(of, { headers: { "x-amz-acl": "public-read" } }),
      "403 AccessDenied",
      "403 InvalidSignatureException",
      "400 InvalidSignatureException",
      "403 SignatureDoesNotMatch",
    ],
    [
      "an unsigned host",
      (of) => signed({ ...of, unsignedHeaders: ["host"] }),
      "403 AccessDenied",
      "403 InvalidSignatureException",
      "400 InvalidSignatureException",
      "403 SignatureDoesNotMatch",
    ],
    [
      "header and query proof at once",
      (of) => signed(of, { rawQuery: "X-Amz-Signature=00" }),
      "400 InvalidArgument",
      "403 IncompleteSignatureException",
      "400 IncompleteSignatureException",
      "400 IncompleteSignature",
    ],
    [
      "no date",
      (of) => signed(of, { headers: { "x-amz-date": "yesterday" } }),
      "403 AccessDenied",
      "403 IncompleteSignatureException",
      "400 IncompleteSignatureException",
      "400 IncompleteSignature",
    ],
    [
      "a body hash that is none",
      (of) => signed({ ...of, payloadHash: "sha256" }),
      "400 InvalidArgument",
      "403 InvalidSignatureException",
      "400 InvalidSignatureException",
      "403 SignatureDoesNotMatch",
    ],
  ];
  for (const [what, request, ...codes] of cases) {
    for (const [index, service] of ["s3", "elastictranscoder", "kms", "iam"].entries()) {
      if (codes[index] === undefined) continue;
      const { status, code } = await refusal(request({ service }));
      assert.equal(`${status} ${code}`, codes[index], `${what}, ${service}`);
    }
  }
});

test("shows S3's clients what it compared", async () => {
  const { members } = await refusal(signed({}, { rawPath: "/b/other" }));
  const { CanonicalRequest: canonical, StringToSign: text } = members;
  assert.match(canonical!, /^GET\n\/b\/other\n\nhost:localhost:4580\nx-amz-content-sha256:/);
  assert.equal(text, `AWS4-HMAC-SHA256\n20260402T091500Z\n20260402/eu-mill-1/s3/aws4_request\n${sha256(canonical!)}`);
  assert.equal(members.AWSAccessKeyId, "AKIAMILLRACE");
  assert.match(members.SignatureProvided!, /^[0-9a-f]{64}$/);
  assert.match(members.StringToSignBytes!, /^41 57 53 34 /);
  assert.match(members.CanonicalRequestBytes!, /^47 45 54 0a /);
});

test("refuses a malformed Authorization header, and says why", async () => {
  const good = signRequest({ ...s3, method: "GET", url: "http://localhost/b/k" }).authorization!;
  const cases: [header: string, code: string][] = [
    ["", "AuthorizationHeaderMalformed"],
    ["AWS4-HMAC-SHA256", "AuthorizationHeaderMalformed"],
    ["AWS4-HMAC-SHA256 ", "AuthorizationHeaderMalformed"],
    ["AWS4-HMAC-SHA256 Credential=,SignedHeaders=,Signature=", "AuthorizationHeaderMalformed"],
    ["Bearer abc", "AuthorizationHeaderMalformed"],
    ["AWS AKIAMILLRACE:sig", "AuthorizationHeaderMalformed"],
    [good.replace("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"), "NotImplemented"],
    [good.replace(/, Signature=.*/, ""), "AuthorizationHeaderMalformed"],
    [`${good}, Signature=00`, "AuthorizationHeaderMalformed"],
    [`${good}, Extra=1`, "AuthorizationHeaderMalformed"],
    [`${good},`, "AuthorizationHeaderMalformed"],
    [good.replace("20260402/", "20260401/"), "AuthorizationHeaderMalformed"],
    [good.replace("20260402/", ""), "AuthorizationHeaderMalformed"],
    [good.replace("aws4_request", "aws4_request/x"), "AuthorizationHeaderMalformed"],
    [good.replace("aws4_request", "aws5_request"), "AuthorizationHeaderMalformed"],
    [good.replace("host;", "Host;"), "AuthorizationHeaderMalformed"],
    [good.replace("host;", "host;host;"), "AuthorizationHeaderMalformed"],
    [good.replace("host;", "host;;"), "AuthorizationHeaderMalformed"],
    [good.replace("host;", "host;expect;"), "SignatureDoesNotMatch"],
    [good.replace(/Signature=.*/, "Signature=ä"), "SignatureDoesNotMatch"],
  ];
  for (const [authorization, code] of cases) {
    const refused = await refusal(signed({ url: "http://localhost/b/k" }, { headers: { authorization } }));
    assert.equal(refused.code, code, authorization);
  }
});

test("takes the date from Date where x-amz-date is missing", async () => {
  const { "x-amz-date": _, ...headers } = signRequest({
    ...ets,
    method: "GET",
    url: "http://localhost/p",
    headers: { date: new Date(now).toUTCString() },
    unsignedHeaders: ["x-amz-date"],
  });
  await authenticate(edgeRequest("GET", "http://localhost/p", headers), options);
});

test("allows clocks five minutes of difference, S3 and Elastic Transcoder fifteen", async () => {
  for (const [service, minutes] of [
    ["s3", 15],
    ["elastictranscoder", 15],
    ["kinesisvideo", 5],
    ["iam", 5],
  ] as const) {
    for (const sign of [-1, 1]) {
      const at = (ms: number) => signed({ service, clock: () => now + sign * ms });
      await authenticate(at(minutes * 60_000), options);
      const { message } = await refusal(at(minutes * 60_000 + 1000));
      if (service === "s3") continue;
      const early =
        /^Signature not yet current: 2026\S+ is still later than 2026\S+ \(20260402T091500Z \+ \d+ min\.\)$/;
      const late = /^Signature expired: 2026\S+ is now earlier than 2026\S+ \(20260402T091500Z - \d+ min\.\)$/;
      assert.match(String(message), 0 < sign ? early : late);
    }
  }
  const { members } = await refusal(signed({ clock: () => now - 3_600_000 }));
  assert.deepEqual(members, {
    RequestTime: "20260402T081500Z",
    ServerTime: "2026-04-02T09:15:00Z",
    MaxAllowedSkewMilliseconds: "900000",
  });
});

test("takes any region unless some are configured, and tells S3's clients the right one", async () => {
  const regions = ["eu-mill-1", "us-east-1"];
  assert.equal((await authenticate(signed({ region: "anywhere-9" }), options)).region, "anywhere-9");
  await authenticate(signed({ region: "us-east-1" }), { ...options, regions });
  const wrong = await refusal(signed({ region: "us-west-2" }), { regions });
  assert.deepEqual([wrong.code, wrong.members], ["AuthorizationHeaderMalformed", { Region: "eu-mill-1" }]);
  assert.equal((await refusal(signed({ ...ets, region: "us-west-2" }), { regions })).code, "InvalidSignatureException");
});

test("hashes the body itself where x-amz-content-sha256 is missing, outside S3", async () => {
  const request = { ...ets, method: "POST", body: '{"Name":"a"}', sendPayloadHash: false };
  const { body } = await authenticate(signed(request), options);
  assert.equal((await readAll(body)).toString(), '{"Name":"a"}');
  const other = edgeRequest("POST", "http://h/", {}, '{"Name":"b"}').body;
  assert.equal((await refusal(signed(request, { body: other }))).code, "InvalidSignatureException");
  const s3Request = signed({ method: "PUT", body: "a", sendPayloadHash: false });
  assert.equal((await refusal(s3Request)).code, "InvalidRequest");
});

test("reads no more of a body than its limit, and nothing before the signature is known to be right", async () => {
  let read = 0;
  async function* endless() {
    for (;;) {
      read += 1000;
      yield Buffer.alloc(1000);
    }
  }
  const request = { ...ets, method: "POST", sendPayloadHash: false };
  const refused = await refusal(signed(request, { body: endless() }), { maxBodyBytes: 10_000 });
  assert.deepEqual([refused.status, refused.code, read], [413, "RequestEntityTooLargeException", 11_000]);
  read = 0;
  const declared = { body: endless(), headers: { "content-length": "20000" } };
  assert.equal((await refusal(signed(request, declared), { maxBodyBytes: 10_000 })).status, 413);
  const forged = { ...ets, method: "POST", credentials: { ...credentials, secretAccessKey: "no" } };
  assert.equal((await refusal(signed(forged, { body: endless() }))).code, "InvalidSignatureException");
  assert.equal(read, 0);
});

test("passes a streamed body on piece by piece, and throws only at its end", async () => {
  const pieces = ["ab", "cd"].map((text) => Buffer.from(text));
  const request = signed(
    { method: "PUT", body: "abcx" },
    {
      body: (async function* () {
        yield* pieces;
      })(),
    },
  );
  const { body } = await authenticate(request, options);
  const seen: Uint8Array[] = [];
  await assert.rejects(
    async () => {
      for await (const piece of body) seen.push(piece);
    },
    { code: "XAmzContentSHA256Mismatch" },
  );
  assert.deepEqual(seen, pieces);
});

test("needs to know how long a chunked body is", async () => {
  const request = { method: "PUT", payloadHash: "STREAMING-UNSIGNED-PAYLOAD-TRAILER" };
  assert.equal((await refusal(signed(request))).code, "MissingContentLength");
  for (const length of ["", "-1", "1e3", "0x10", "1.0", "9".repeat(16), " 1", "Infinity"]) {
    const headers = { "x-amz-decoded-content-length": length };
    assert.equal((await refusal(signed({ ...request, headers }))).code, "InvalidArgument", length);
  }
  const sigV4A = { ...request, payloadHash: "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER" };
  assert.equal((await refusal(signed(sigV4A))).code, "NotImplemented");
});

test("takes off unsigned chunk framing and gives out the trailers", async () => {
  const text = "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n";
  const request = {
    method: "PUT",
    body: text,
    payloadHash: "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
    headers: { "x-amz-decoded-content-length": "5", "x-amz-trailer": "X-Amz-Checksum-Crc32" },
  };
  const result = await authenticate(signed(request), options);
  assert.equal((await readAll(result.body)).toString(), "hello");
  assert.deepEqual(result.trailers(), { "x-amz-checksum-crc32": "NhCmhg==" });
  const cut = await refusal(signed({ ...request, body: text.slice(0, -2) }));
  assert.equal(cut.code, "IncompleteBody");
});

test("lets nobody in who claims nothing, and says so", async () => {
  const result = await authenticate(edgeRequest("GET", "http://localhost/b/k"), options);
  assert.equal(result.kind, "anonymous");
  assert.equal(result.caller, undefined);
});

test("takes endless bodies as producers sign them, and never touches them", async () => {
  const empty = sha256("");
  const forPutMedia = { service: "kinesisvideo", method: "POST", url: "http://127.0.0.1//putMedia" };
  const bodyMode = () => "endless" as const;
  const body = (async function* () {
    yield Buffer.from("mkv");
  })();
  const cases: [who: string, EdgeRequest][] = [
    [
      "C",
      signed({
        ...forPutMedia,
        payloadHash: empty,
        sendPayloadHash: false,
        headers: { "user-agent": "a  b", "x-amz-security-token": "" },
        unsignedHeaders: ["x-amz-security-token"],
      }),
    ],
    ["Java", signed({ ...forPutMedia, payloadHash: "UNSIGNED-PAYLOAD", unsignedHeaders: ["x-amz-content-sha256"] })],
    ["Java, unsaid", signed({ ...forPutMedia, payloadHash: "UNSIGNED-PAYLOAD", sendPayloadHash: false })],
    ["SDK for Java 1", signed({ ...forPutMedia, payloadHash: "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" })],
  ];
  for (const [who, request] of cases) {
    const result = await authenticate({ ...request, body }, { ...options, bodyMode });
    assert.equal(result.body, body, who);
  }
});

test("reads header values as the C producer and clients that repeat headers sign them", async () => {
  const url = "http://localhost/b/k?attributes";
  const sign = (value: string, canonical: string) => {
    const text = `GET\n/b/k\nattributes=\nhost:localhost\nx-amz-content-sha256:UNSIGNED-PAYLOAD\nx-amz-date:20260402T091500Z\nx-amz-object-attributes:${canonical}\n\nhost;x-amz-content-sha256;x-amz-date;x-amz-object-attributes\nUNSIGNED-PAYLOAD`;
    const scope = "20260402/eu-mill-1/s3/aws4_request";
    const key = scope
      .split("/")
      .reduce((k, part) => createHmac("sha256", k).update(part).digest(), Buffer.from("AWS4shh"));
    const signature = createHmac("sha256", key)
      .update(`AWS4-HMAC-SHA256\n20260402T091500Z\n${scope}\n${sha256(text)}`)
      .digest("hex");
    return edgeRequest("GET", url, {
      "x-amz-content-sha256": "UNSIGNED-PAYLOAD",
      "x-amz-date": "20260402T091500Z",
      "x-amz-object-attributes": value,
      authorization: `AWS4-HMAC-SHA256 Credential=AKIAMILLRACE/${scope}, SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-object-attributes, Signature=${signature}`,
    });
  };
  for (const canonical of ["ETag, Parts  x", "ETag, Parts x", "ETag,Parts x"]) {
    await authenticate(sign("ETag, Parts  x", canonical), options);
  }
  assert.equal((await refusal(sign("ETag, Parts", "ETagParts"))).code, "SignatureDoesNotMatch");
});

function sha256(text: string): string {
  return createHash("sha256").update(text, "latin1").digest("hex");
}
