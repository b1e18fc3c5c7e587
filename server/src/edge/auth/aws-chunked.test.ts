import assert from "node:assert/strict";
import { test } from "node:test";
import { type ChunkedDecoder, createChunkedDecoder, type SignatureChain } from "./aws-chunked.ts";
import { signingKey } from "./signing-key.ts";

// AWS's published example ("Transferring payload in multiple chunks"): 66560 × "a" in chunks of 65536, 1024 and 0.
const scope = { date: "20130524", region: "us-east-1", service: "s3" };
const key = signingKey("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", scope);
const timestamp = "20130524T000000Z";
const plainChain: SignatureChain = {
  key,
  scope,
  timestamp,
  seed: "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
};
const trailerChain: SignatureChain = {
  ...plainChain,
  seed: "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e",
};

function signedBody(signatures: string[], end: string): Buffer {
  const [first, second, last] = signatures;
  return Buffer.concat([
    Buffer.from(`10000;chunk-signature=${first}\r\n${"a".repeat(65536)}\r\n`),
    Buffer.from(`400;chunk-signature=${second}\r\n${"a".repeat(1024)}\r\n`),
    Buffer.from(`0;chunk-signature=${last}\r\n${end}\r\n`),
  ]);
}

const plainBody = signedBody(
  [
    "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
    "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
    "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
  ],
  "",
);
const trailerSignatures = [
  "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
  "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
  "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992",
];
const trailerSignature = "d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435";
const trailerBody = signedBody(
  trailerSignatures,
  `x-amz-checksum-crc32c:sOO8/Q==\r\nx-amz-trailer-signature:${trailerSignature}\r\n`,
);
const trailers = ["x-amz-checksum-crc32c"];

function decode(decoder: ChunkedDecoder, ...pieces: Uint8Array[]): Buffer {
  const data = pieces.flatMap((piece) => decoder.push(piece));
  decoder.end();
  return Buffer.concat(data);
}

const decodedLength = 66560;
const as = Buffer.alloc(decodedLength, "a");

test("decodes AWS's example of signed chunks", () => {
  assert.deepEqual(decode(createChunkedDecoder({ decodedLength, chain: plainChain }), plainBody), as);
});

test("decodes AWS's example of signed chunks with a signed trailer", () => {
  const decoder = createChunkedDecoder({ decodedLength, trailers, chain: trailerChain });
  assert.deepEqual(decode(decoder, trailerBody), as);
  assert.deepEqual(decoder.trailers(), { "x-amz-checksum-crc32c": "sOO8/Q==" });
});

test("hands out views of what was pushed, not copies", () => {
  const [view] = createChunkedDecoder({ decodedLength, chain: plainChain }).push(plainBody);
  assert.equal(view!.buffer, plainBody.buffer);
});

test("takes the LF that minio-go writes after a trailer", () => {
  const end = `x-amz-checksum-crc32c:sOO8/Q==\n\r\nx-amz-trailer-signature:${trailerSignature}\r\n`;
  const decoder = createChunkedDecoder({ decodedLength, trailers, chain: trailerChain });
  decode(decoder, signedBody(trailerSignatures, end));
  assert.deepEqual(decoder.trailers(), { "x-amz-checksum-crc32c": "sOO8/Q==" });
});

test("refuses signed chunks when any byte is changed", () => {
  const body = trailerBody;
  const dataEnds = body.length - 400;
  for (let at = 0; at < body.length; at = at < 90 || dataEnds <= at ? at + 1 : at + 997) {
    const changed = Buffer.from(body);
    changed[at]! ^= 0x01;
    const decoder = createChunkedDecoder({ decodedLength, trailers, chain: trailerChain });
    assert.throws(() => decode(decoder, changed), { name: "ServiceError" }, `byte ${at}`);
  }
});

test("refuses signed chunks that are swapped, repeated or left out", () => {
  const chunk = (from: string, to: string) => plainBody.subarray(plainBody.indexOf(from), plainBody.indexOf(to));
  const first = chunk("10000;", "400;");
  const second = chunk("400;", "0;chunk-signature=b6");
  const last = plainBody.subarray(plainBody.indexOf("0;chunk-signature=b6"));
  for (const order of [[second, first, last], [first, first, second, last], [first, last], [second, last], [last]]) {
    const length = order.reduce((sum, part) => sum + (part === first ? 65536 : part === second ? 1024 : 0), 0);
    const decoder = createChunkedDecoder({ decodedLength: length, chain: plainChain });
    assert.throws(() => decode(decoder, ...order), { code: "SignatureDoesNotMatch" });
  }
});

const smallBody = Buffer.from("5\r\nhello\r\n2\r\n, \r\n5\r\nworld\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n");
const small = { decodedLength: 12, trailers: ["x-amz-checksum-crc32"] };

test("gives the same however the body is cut, and however finely", () => {
  for (let a = 0; a <= smallBody.length; a++) {
    for (let b = a; b <= smallBody.length; b++) {
      const decoder = createChunkedDecoder(small);
      const data = decode(decoder, smallBody.subarray(0, a), smallBody.subarray(a, b), smallBody.subarray(b));
      assert.equal(data.toString(), "hello, world", `cut at ${a} and ${b}`);
      assert.deepEqual(decoder.trailers(), { "x-amz-checksum-crc32": "AAAAAA==" });
    }
  }
  const bytes = [...trailerBody].map((byte) => Uint8Array.of(byte));
  const decoder = createChunkedDecoder({ decodedLength, trailers, chain: trailerChain });
  assert.deepEqual(decode(decoder, ...bytes), as);
});

test("refuses a body that ends anywhere before its end", () => {
  for (let length = 0; length < smallBody.length; length++) {
    const decoder = createChunkedDecoder(small);
    assert.throws(() => decode(decoder, smallBody.subarray(0, length)), { code: "IncompleteBody" }, `at ${length}`);
  }
});

test("refuses what is not in the encoding", () => {
  const sum = "x-amz-checksum-crc32:AAAAAA==\r\n";
  const cases: [what: string, body: string, code: string][] = [
    ["no size", "\r\nhello, world\r\n0\r\n\r\n", "IncompleteBody"],
    ["a size that is not hex", "zz\r\n", "IncompleteBody"],
    ["a negative size", "-5\r\nhello\r\n", "IncompleteBody"],
    ["a size with a sign", "+c\r\nhello, world\r\n0\r\n\r\n", "IncompleteBody"],
    ["a size with 0x", "0xc\r\nhello, world\r\n0\r\n\r\n", "IncompleteBody"],
    ["a size of 64 bits", "ffffffffffffffff\r\n", "IncompleteBody"],
    ["a size past 2^53", "20000000000000\r\n", "IncompleteBody"],
    ["a size of 1000 digits", `${"0".repeat(1000)}c\r\n`, "IncompleteBody"],
    ["a size line without end", "c".repeat(100_000), "IncompleteBody"],
    ["a bare LF after the size", "c\nhello, world\r\n0\r\n\r\n", "IncompleteBody"],
    ["more than was declared", "d\r\nhello, world!\r\n0\r\n\r\n", "IncompleteBody"],
    ["more than was declared, in sum", `c\r\nhello, world\r\n1\r\n!\r\n0\r\n${sum}\r\n`, "IncompleteBody"],
    ["less than was declared", `5\r\nhello\r\n0\r\n${sum}\r\n`, "IncompleteBody"],
    ["no CRLF after the data", `c\r\nhello, world0\r\n${sum}\r\n`, "IncompleteBody"],
    ["data longer than its size", `b\r\nhello, world\r\n1\r\n!\r\n0\r\n${sum}\r\n`, "IncompleteBody"],
    ["a chunk extension", `c;a=b\r\nhello, world\r\n0\r\n${sum}\r\n`, "IncompleteBody"],
    ["a signature where none is agreed", `c;chunk-signature=${"0".repeat(64)}\r\n`, "IncompleteBody"],
    ["bytes after the end", `c\r\nhello, world\r\n0\r\n${sum}\r\nx`, "IncompleteBody"],
    ["a second end", `c\r\nhello, world\r\n0\r\n${sum}\r\n0\r\n\r\n`, "IncompleteBody"],
    ["no trailer though one was announced", "c\r\nhello, world\r\n0\r\n\r\n", "MalformedTrailerError"],
    ["a trailer that was not announced", `c\r\nhello, world\r\n0\r\n${sum}a:b\r\n\r\n`, "MalformedTrailerError"],
    ["a trailer twice", `c\r\nhello, world\r\n0\r\n${sum}${sum}\r\n`, "MalformedTrailerError"],
    ["a trailer without a colon", "c\r\nhello, world\r\n0\r\nx-amz-checksum-crc32\r\n\r\n", "MalformedTrailerError"],
    [
      "a trailer signature where none is agreed",
      `c\r\nhello, world\r\n0\r\n${sum}x-amz-trailer-signature:0\r\n\r\n`,
      "MalformedTrailerError",
    ],
    ["a trailer without end", `c\r\nhello, world\r\n0\r\nx-amz-checksum-crc32:${"A".repeat(5000)}`, "IncompleteBody"],
  ];
  for (const [what, body, code] of cases) {
    assert.throws(() => decode(createChunkedDecoder(small), Buffer.from(body)), { code }, what);
    const bytes = [...Buffer.from(body)].map((byte) => Uint8Array.of(byte));
    assert.throws(() => decode(createChunkedDecoder(small), ...bytes), { code }, `${what}, byte by byte`);
  }
});

test("trailers have names like any, and no effect beyond their own", () => {
  const decoder = createChunkedDecoder({ decodedLength: 0, trailers: ["__proto__"] });
  decode(decoder, Buffer.from("0\r\n__proto__:x\r\n\r\n"));
  assert.deepEqual(Object.entries(decoder.trailers()), [["__proto__", "x"]]);
});

test("answers random bytes with data or a ServiceError, and holds no more than a line of them", () => {
  let state = 1;
  const random = (below: number) => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return (state >> 8) % below;
  };
  const words = [
    "0",
    "5",
    "c",
    "\r",
    "\n",
    "\r\n",
    ";",
    ":",
    "hello",
    "chunk-signature=",
    "x-amz-checksum-crc32",
    "\0",
    "\xff",
  ];
  for (let run = 0; run < 5000; run++) {
    const mutated = Buffer.from(smallBody);
    for (let count = random(4); 0 <= count; count--) mutated[random(mutated.length)] = random(256);
    const body =
      run % 2
        ? mutated
        : Buffer.from(Array.from({ length: random(30) }, () => words[random(words.length)]).join(""), "latin1");
    const cut = random(body.length + 1);
    const decoder = createChunkedDecoder(small);
    try {
      assert.equal(decode(decoder, body.subarray(0, cut), body.subarray(cut)).length, 12);
    } catch (error) {
      assert.equal((error as Error).name, "ServiceError", `run ${run}: ${error}`);
    }
  }
});
