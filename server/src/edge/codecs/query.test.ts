import assert from "node:assert/strict";
import { test } from "node:test";
import { compileModel } from "../model/model.ts";
import type { Snapshot } from "../model/snapshot.ts";
import { decodeQueryInput, parseForm } from "./query.ts";
import { Undecodable } from "./undecodable.ts";

const snapshot: Snapshot = {
  provenance: { generatedBy: "", package: "", version: "", license: "" },
  protocol: "awsQuery",
  serviceId: "Test",
  signingName: "test",
  version: "2026-01-01",
  operations: { Op: { input: "All", output: null } },
  shapes: {
    All: {
      kind: "structure",
      members: {
        Text: { type: "string" },
        Number: { type: "number" },
        At: { type: "timestamp" },
        Bytes: { type: "blob" },
        Texts: { list: { type: "string" } },
        Flat: { list: { type: "string" }, traits: { xmlFlattened: 1, xmlName: "flat" } },
        ByName: { map: { type: "string" } },
        Tags: { shape: "Tags" },
      },
    },
    Tags: { kind: "list", member: { shape: "Tag" } },
    Tag: { kind: "structure", members: { Key: { type: "string" }, Value: { type: "string" } } },
  },
};
const { members } = compileModel(snapshot).operations.get("Op")!.input.type!;
const decode = (form: string) => decodeQueryInput(members, parseForm(form));

for (const [form, expected] of [
  ["", {}],
  ["Action=Op&Unknown=1", {}],
  ["Text=a+b%2B%C3%A9&Text=second&Number=-1.5", { Text: "a b+é", Number: -1.5 }],
  ["At=2026-01-02T03%3A04%3A05Z&Bytes=AQ%3D%3D", { At: new Date("2026-01-02T03:04:05Z"), Bytes: Uint8Array.of(1) }],
  ["Texts=", { Texts: [] }],
  ["Texts.member.10=c&Texts.member.2=b&Texts.member.1=a&Texts.member.x=d", { Texts: ["a", "b", "c"] }],
  ["flat.1=a&flat.2=b", { Flat: ["a", "b"] }],
  ["ByName.entry.1.key=k&ByName.entry.1.value=v", { ByName: { k: "v" } }],
  ["Tags.member.1.Key=k&Tags.member.1.Value=", { Tags: [{ Key: "k", Value: "" }] }],
] as const) {
  test(`reads ${form}`, () => assert.deepEqual(decode(form), expected));
}

for (const form of [
  "Number=five",
  "At=today",
  "Text=%",
  "ByName.entry.1.key=k",
  `${"a.".repeat(100)}b=1`,
  "a=1&".repeat(3) + Array.from({ length: 10_001 }, (_, i) => `p${i}=1`).join("&"),
]) {
  test(`refuses ${form.slice(0, 40)}`, () => assert.throws(() => decode(form), Undecodable));
}

test("no name reaches a prototype", () => {
  assert.deepEqual(
    decode("__proto__.polluted=1&Tags.__proto__.polluted=1&ByName.entry.1.key=__proto__&ByName.entry.1.value=v"),
    {
      Tags: [],
      ByName: Object.fromEntries([["__proto__", "v"]]),
    },
  );
  assert.equal(({} as { polluted?: string }).polluted, undefined);
});
