import assert from "node:assert/strict";
import { test } from "node:test";
import { readForm } from "./multipart.ts";
import { Undecodable } from "./undecodable.ts";

const type = "multipart/form-data; boundary=xYz";
const tooLong = () => new RangeError("too long");

const form = [
  "--xYz",
  'Content-Disposition: form-data; name="Key"',
  "",
  "a/b",
  "--xYz",
  'content-disposition: form-data; name="x-amz-meta-é"; filename=""',
  "Content-Type: text/plain",
  "",
  "line 1\r\n--xY\r\nline 3",
  "--xYz",
  'Content-Disposition: form-data; name="file"; filename="C:\\\\b\\"c.txt"',
  "Content-Type: text/html",
  "",
  "<p>\r\n--xY\r\n</p>\r",
  "--xYz",
  'Content-Disposition: form-data; name="late"',
  "",
  "ignored",
  "--xYz--",
  "",
].join("\r\n");

async function* pieces(text: string, size: number) {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function read(text: string, size: number, contentType = type, maxFieldBytes = 1000) {
  const { file, ...rest } = await readForm(contentType, pieces(text, size), { maxFieldBytes }, tooLong);
  return { ...rest, file: Buffer.concat(await Array.fromAsync(file)).toString() };
}

test("takes a form apart, wherever its bytes are cut", async () => {
  for (let size = 1; size < 80; size += 1) {
    assert.deepEqual(await read(form, size), {
      fields: { key: "a/b", "x-amz-meta-é": "line 1\r\n--xY\r\nline 3" },
      fileName: 'C:\\b"c.txt',
      fileType: "text/html",
      file: "<p>\r\n--xY\r\n</p>\r",
    });
  }
});

test("takes a boundary in quotes, an empty file and text before the form", async () => {
  const text = "hello\r\n--x y\r\nContent-Disposition: form-data; name=file; filename=a\r\n\r\n\r\n--x y--\r\n";
  const { file, fileName } = await read(text, 7, 'Multipart/Form-Data; charset=utf-8; boundary="x y"');
  assert.deepEqual([fileName, file], ["a", ""]);
});

const field = (name: string, value = "v") =>
  `--xYz\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;

for (const [what, text, contentType] of [
  ["no boundary", form, "multipart/form-data"],
  ["nothing", ""],
  ["no file", `${field("a")}--xYz--\r\n`],
  ["a field twice", `${field("a")}${field("A")}${field("file")}--xYz--\r\n`],
  ["a part without a name", "--xYz\r\nContent-Disposition: form-data\r\n\r\nv\r\n--xYz--"],
  ["a form that breaks off in a field", field("a").slice(0, -4)],
  ["a form that breaks off in the file", field("file", "some bytes")],
  ["garbage behind a boundary", "--xYz?\r\n\r\n"],
] as const) {
  test(`refuses ${what}`, () => assert.rejects(read(text, 5, contentType), Undecodable));
}

for (const [what, text] of [
  ["long fields", field("a", "x".repeat(2000))],
  ["many fields", Array.from({ length: 100 }, (_, i) => field(`field-${i}`)).join("")],
  ["long headers", `--xYz\r\n${"x".repeat(2000)}`],
  ["long text before the form", "x".repeat(5000)],
] as const) {
  test(`refuses ${what}`, () => assert.rejects(read(text, 100), RangeError));
}
