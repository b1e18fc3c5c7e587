import assert from "node:assert/strict";
import { test } from "node:test";
import { parseKeyReference } from "./key-reference.ts";
import { bindingOf, blobOverheadBytes, buildBlob, parseBlob } from "./kms-blob.ts";

const keyId = "01234567-89ab-4cde-8f01-23456789abcd";

test("a blob is its header and what was sealed", () => {
  const sealed = Buffer.alloc(40, 0xee);
  const blob = buildBlob({ keyId, material: 258, sealed });
  assert.equal(Buffer.from(blob).toString("hex"), `4d01${keyId.replaceAll("-", "")}00000102${"ee".repeat(40)}`);
  const parsed = parseBlob(Buffer.concat([Buffer.alloc(3), blob]).subarray(3))!;
  assert.deepEqual([parsed.keyId, parsed.material], [keyId, 258]);
  assert.deepEqual(Buffer.from(parsed.sealed), sealed);
  assert.equal(blob.length, blobOverheadBytes);
  for (const none of [new Uint8Array(), blob.subarray(0, -1), blob.with(0, 0x4e), blob.with(1, 2)]) {
    assert.equal(parseBlob(none), undefined);
  }
});

test("what a blob is bound to reads the same for the same context only", () => {
  const header = { keyId, material: 0 };
  assert.equal(bindingOf(header, { b: "2", a: "1" }), bindingOf(header, { a: "1", b: "2" }));
  const contexts: Record<string, string>[] = [
    {},
    { a: "bc" },
    { ab: "c" },
    { a: "b", c: "" },
    { a: '","' },
    { 'a","': "" },
    { a: "\ud800" },
    { a: "\\ud800" },
  ];
  const others = [
    bindingOf({ keyId, material: 1 }, {}),
    bindingOf({ keyId: keyId.replace("0", "1"), material: 0 }, {}),
    ...contexts.map((context) => bindingOf(header, context)),
  ];
  assert.equal(new Set(others).size, others.length);
});

test("keys are named in four ways, and in no other", () => {
  const home = { account: "123456789012", region: "us-east-1" };
  const arn = "arn:aws:kms:us-east-1:123456789012";
  const cases: [text: string, parsed: unknown][] = [
    [keyId, { id: keyId }],
    [`${arn}:key/${keyId}`, { id: keyId, home }],
    ["alias/a/b", { alias: "alias/a/b" }],
    [`${arn}:alias/a/b`, { alias: "alias/a/b", home }],
    ["", undefined],
    [`${keyId}0`, undefined],
    [keyId.toUpperCase(), undefined],
    ["alias/", undefined],
    ["alias/a b", undefined],
    [`alias/${"a".repeat(251)}`, undefined],
    [`${arn}:key/alias/a`, undefined],
    [`${arn}:key/${keyId}\n`, undefined],
    [`${arn}:grant/a`, undefined],
    ["arn:aws:kms:us-east-1:12:key/x", undefined],
  ];
  for (const [text, parsed] of cases) assert.deepEqual(parseKeyReference(text), parsed, text);
});
