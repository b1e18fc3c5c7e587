import assert from "node:assert/strict";
import { test } from "node:test";
import { compileModel, type StructureType } from "../model/model.ts";
import type { Snapshot } from "../model/snapshot.ts";
import { buildJsonBody, decodeJsonBody } from "./json.ts";
import { Undecodable } from "./undecodable.ts";

const snapshot: Snapshot = {
  provenance: { generatedBy: "", package: "", version: "", license: "" },
  protocol: "awsJson1_1",
  serviceId: "Test",
  signingName: "test",
  version: "2026-01-01",
  operations: { Op: { input: "All", output: "All" } },
  shapes: {
    All: {
      kind: "structure",
      members: {
        Text: { type: "string" },
        Number: { type: "number" },
        Flag: { type: "boolean" },
        Bytes: { type: "blob" },
        At: { type: "timestamp" },
        Day: { type: "timestamp", format: "date-time" },
        Free: { type: "document" },
        Texts: { list: { type: "string" } },
        ByName: { map: { type: "number" } },
        Self: { shape: "All" },
      },
    },
  },
};
const { members } = compileModel(snapshot).operations.get("Op")!.input.type as StructureType;
const decode = (text: string) => decodeJsonBody(members, new TextEncoder().encode(text));

for (const [text, expected] of [
  ["", {}],
  ["{}", {}],
  ["null", {}],
  ['{"Text":"a","Unknown":1}', { Text: "a" }],
  ['{"Text":null,"Self":{"Text":null}}', { Self: {} }],
  ['{"Texts":["a",null,"b"],"ByName":{"x":1,"y":null}}', { Texts: ["a", "b"], ByName: { x: 1 } }],
  ['{"Number":"NaN","Flag":false}', { Number: Number.NaN, Flag: false }],
  ['{"At":1.5,"Day":"2026-01-02T03:04:05Z"}', { At: new Date(1500), Day: new Date("2026-01-02T03:04:05Z") }],
  ['{"Bytes":"AQID"}', { Bytes: Uint8Array.of(1, 2, 3) }],
  ['{"Free":{"a":[null,1]}}', { Free: { a: [null, 1] } }],
] as const) {
  test(`reads ${text}`, () => assert.deepEqual(decode(text), expected));
}

test("keys of maps are keys, whatever they are called", () => {
  const { ByName } = decode('{"ByName":{"__proto__":1},"__proto__":{"Text":"a"}}') as { ByName: object };
  assert.deepEqual(Object.entries(ByName), [["__proto__", 1]]);
  assert.equal(Object.getPrototypeOf(ByName), Object.prototype);
});

for (const [text, message] of [
  ["{", "The body of the request is not valid JSON."],
  ["[]", "Start of list found where not expected."],
  ["5", "NUMBER_VALUE can not be converted to a Structure"],
  ['{"Text":5}', "NUMBER_VALUE can not be converted to a String"],
  ['{"Text":{}}', "Start of structure or map found where not expected."],
  ['{"Text":["a"]}', "Start of list found where not expected."],
  ['{"Number":"5"}', "STRING_VALUE can not be converted to a Number"],
  ['{"Flag":"true"}', "STRING_VALUE can not be converted to a Boolean"],
  ['{"Texts":"a"}', "STRING_VALUE can not be converted to a List"],
  ['{"ByName":true}', "TRUE_VALUE can not be converted to a Map"],
  ['{"Bytes":"A"}', "A blob of the request is not valid base64."],
  ['{"Bytes":"AQ-_"}', "A blob of the request is not valid base64."],
  ['{"At":"2026-01-02T03:04:05Z"}', "STRING_VALUE can not be converted to a Timestamp"],
  ['{"At":1e300}', "NUMBER_VALUE can not be converted to a Timestamp"],
  [`${'{"Self":'.repeat(200)}{}${"}".repeat(200)}`, "The body of the request is nested too deeply."],
  [`{"Free":${"[".repeat(200)}${"]".repeat(200)}}`, "The body of the request is nested too deeply."],
] as const) {
  test(`refuses ${text.slice(0, 60)}`, () => assert.throws(() => decode(text), new Undecodable(message)));
}

test("writes nulls that are there, leaves out what is undefined or not in the model", () => {
  const value = { Text: null, Number: undefined, Texts: [], Secret: 1, Self: { Text: "a", Secret: 2, Flag: null } };
  assert.equal(buildJsonBody(members, value), '{"Text":null,"Texts":[],"Self":{"Text":"a","Flag":null}}');
});

test("writes times, bytes and numbers that JSON has not", () => {
  const value = { At: new Date(1500), Day: new Date(0), Bytes: Uint8Array.of(255), Number: Number.NaN };
  const expected = '{"Number":"NaN","Bytes":"/w==","At":1.5,"Day":"1970-01-01T00:00:00.000Z"}';
  assert.equal(buildJsonBody(members, value), expected);
});
