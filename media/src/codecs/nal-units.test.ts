import assert from "node:assert/strict";
import { test } from "node:test";
import { annexBUnits, frameUnits, isLengthPrefixed, lengthPrefixedParts, unescapeUnit } from "./nal-units.ts";

const bytesOf = (hex: string) => new Uint8Array(Buffer.from(hex.replaceAll(" ", ""), "hex"));
const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

const streams: [string, hex: string, units: string[]][] = [
  ["nothing", "", []],
  ["no start code", "6588", []],
  ["short and long start codes", "000001 6788 00000001 68ce 000001 65", ["6788", "68ce", "65"]],
  ["zeros after a unit", "000001 6588 000000", ["6588"]],
  ["bytes before the first", "ff 000001 65", ["65"]],
  ["units of nothing", "000001 000001 65 000001", ["65"]],
  ["zeros inside", "000001 65 0000 03 01", ["6500000301"]],
];
for (const [name, hex, units] of streams) {
  test(`start codes: ${name}`, () => assert.deepEqual(Array.from(annexBUnits(bytesOf(hex)), hexOf), units));
}

const frames: [string, hex: string, lengthSize: number, units: string[]][] = [
  ["four bytes", "00000002 6588 00000001 09", 4, ["6588", "09"]],
  ["two bytes", "0002 6588", 2, ["6588"]],
  ["one byte, and a unit of nothing", "00 01 09", 1, ["09"]],
  ["start codes in their stead", "00000001 6588 000001 4188", 4, ["6588", "4188"]],
  ["a length that looks like a start code", `00000100 ${"65".repeat(256)}`, 4, ["65".repeat(256)]],
];
for (const [name, hex, lengthSize, units] of frames) {
  test(`units of a frame: ${name}`, () =>
    assert.deepEqual(Array.from(frameUnits(bytesOf(hex), lengthSize), hexOf), units));
}

const broken = ["00000003 6588", "000000", "00000002 6588 0000", "ffffffff 65"];
for (const hex of broken) {
  test(`refuses a frame of ${hex}`, () => {
    assert.equal(isLengthPrefixed(bytesOf(hex), 4), false);
    assert.throws(() => [...frameUnits(bytesOf(hex), 4)], { problem: "invalid-frame" });
    assert.throws(() => lengthPrefixedParts(bytesOf(hex), 4), { problem: "invalid-frame" });
  });
}

test("passes a frame with lengths on as it is, and writes lengths where start codes stand", () => {
  const frame = bytesOf("00000002 6588");
  assert.equal(lengthPrefixedParts(frame, 4)[0], frame);
  const parts = lengthPrefixedParts(bytesOf("000001 6588 00000001 4101"), 4);
  assert.equal(parts.map(hexOf).join(" "), "00000002 6588 00000002 4101");
});

test("takes emulation prevention out", () => {
  assert.equal(hexOf(unescapeUnit(bytesOf("67 000003 00 000003 01 0003 0000"))), "6700000000000100030000");
});
