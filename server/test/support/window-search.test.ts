import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { formsOf, WindowSearch } from "./window-search.ts";

test("finds each window at every offset, and nothing else", () => {
  const source = randomBytes(320);
  const search = new WindowSearch(32);
  search.add("source", source);
  assert.equal(search.count, 10);
  for (const before of [0, 1, 31, 32, 33, 1000]) {
    const found = [...search.find(Buffer.concat([randomBytes(before), source.subarray(64, 96), randomBytes(50)]))];
    assert.deepEqual(found, [{ what: "source", at: before }]);
  }
  const all = [...search.find(source)].map(({ at }) => at);
  assert.deepEqual(
    all,
    Array.from({ length: 10 }, (_, i) => 32 * i),
  );
  // Any 63 bytes in a row hold a whole window.
  assert.equal([...search.find(source.subarray(17, 80))].length, 1);
  assert.deepEqual([...search.find(randomBytes(100_000))], []);
  assert.deepEqual([...search.find(source.subarray(1, 32))], []);
  const changed = Buffer.from(source.subarray(0, 32));
  changed[20]! ^= 1;
  assert.deepEqual([...search.find(changed)], []);
});

test("leaves out what is everywhere", () => {
  const search = new WindowSearch(32, 8);
  search.add("zeros", Buffer.alloc(320));
  search.add("seven", Buffer.from("0123456".repeat(20)));
  assert.equal(search.count, 0);
});

test("finds a secret in every form, wherever it stands in base64", () => {
  const secret = randomBytes(32);
  const search = new WindowSearch(16);
  for (const form of formsOf(secret)) search.add("secret", form, 8);
  const within = (before: number) => Buffer.concat([randomBytes(before), secret, randomBytes(11)]);
  for (const before of [0, 1, 2, 3, 4, 5, 6]) {
    for (const encoding of ["latin1", "hex", "base64", "base64url"] as const) {
      const text = Buffer.from(within(before).toString(encoding), encoding === "latin1" ? "latin1" : "utf8");
      assert.ok([...search.find(text)].length > 0, `${encoding} after ${before} bytes`);
    }
  }
  assert.ok([...search.find(Buffer.from(secret.toString("hex").toUpperCase()))].length > 0);
});

test("names the files below a folder", async () => {
  const folder = await mkdtemp(join(tmpdir(), "millrace-windows-"));
  try {
    const source = randomBytes(96);
    const search = new WindowSearch(32);
    search.add("source", source);
    await writeFile(join(folder, "clean"), randomBytes(1000));
    await writeFile(join(folder, "leak"), Buffer.concat([randomBytes(13), source]));
    const { findings, files, bytes } = await search.findBelow(folder);
    assert.deepEqual(findings, [{ file: "leak", what: "source", at: 13, count: 3 }]);
    assert.deepEqual([files, bytes], [2, 1109]);
  } finally {
    await rm(folder, { recursive: true });
  }
});
