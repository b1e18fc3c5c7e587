import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { modelOf } from "../../src/edge/model/models.ts";
import { notDone } from "../../src/services/s3/not-done.ts";
import { operations } from "../../src/services/s3/service.ts";

test("serves every operation of S3's model, or says by name why not", () => {
  const known = [...modelOf("s3").operations.keys()].filter((name) => name !== "PostObject");
  assert.deepEqual([...Object.keys(operations), ...Object.keys(notDone)].toSorted(), known.toSorted());
  for (const [name, reason] of Object.entries(notDone)) assert.match(reason, /^[A-Z].*\.$/, name);
});

test("has every operation in the tables of docs/s3.md, with the reason where it is not served", () => {
  const text = readFileSync(new URL("../../../docs/s3.md", import.meta.url), "utf8");
  const [served = "", refused = ""] = text
    .split("\n## ")
    .find((part) => part.startsWith("Operations"))!
    .split("501");
  const names = [...rowsOf(served)].flatMap(([names]) => names).filter((name) => name !== "POST of a form");
  assert.deepEqual(names.toSorted(), Object.keys(operations).toSorted());
  const reasons = [...rowsOf(refused)].flatMap(([names, reason]) => names.map((name) => [name, reason]));
  assert.deepEqual(Object.fromEntries(reasons), notDone);
});

/** Of a table whose rows have two cells: the names in the first, and the text of the second. */
function* rowsOf(table: string): Generator<[names: string[], text: string]> {
  for (const [, names, text] of table.matchAll(/^\| ([A-Z].*?) \| (.*?) ?\|$/gm)) yield [names!.split(", "), text!];
}
