import assert from "node:assert/strict";
import { test } from "node:test";
import { blockListOf, isInside, isPublicAddress } from "./public-address.ts";

for (const [address, isPublic] of [
  ["8.8.8.8", true],
  ["172.15.255.255", true],
  ["172.16.0.1", false],
  ["172.31.255.255", false],
  ["172.32.0.0", true],
  ["10.1.2.3", false],
  ["192.168.0.1", false],
  ["127.0.0.1", false],
  ["127.255.255.254", false],
  ["0.0.0.0", false],
  ["169.254.169.254", false],
  ["100.100.100.200", false],
  ["198.19.0.1", false],
  ["224.0.0.1", false],
  ["255.255.255.255", false],
  ["::", false],
  ["::1", false],
  ["fe80::1", false],
  ["fe80::1%eth0", false],
  ["fd00:ec2::254", false],
  ["ff02::1", false],
  ["2606:4700::1111", true],
  ["2001:db8::1", false],
  ["2002:7f00:1::", false],
  ["2001:0:1::", false],
  ["::ffff:127.0.0.1", false],
  ["::ffff:7f00:1", false],
  ["::ffff:8.8.8.8", true],
  ["0:0:0:0:0:ffff:a00:1", false],
  ["::127.0.0.1", false],
  ["64:ff9b::a9fe:a9fe", false],
  ["64:ff9b::8.8.8.8", true],
  ["64:ff9b::1", false],
  ["64:ff9b:1::808:808", false],
  ["", false],
  ["localhost", false],
] as const) {
  test(`${address || "nothing"} is ${isPublic ? "" : "not "}of the open internet`, () => {
    assert.equal(isPublicAddress(address), isPublic);
  });
}

test("ranges hold what lies in them, however it is written", () => {
  const ranges = blockListOf(["10.0.0.0/8", "::1", "fd00::/8"]);
  for (const inside of ["10.1.1.1", "::ffff:10.1.1.1", "::1", "0:0:0:0:0:0:0:1", "fd12::1"])
    assert.ok(isInside(ranges, inside), inside);
  for (const outside of ["11.0.0.1", "::2", "fe00::1", "nowhere"]) assert.ok(!isInside(ranges, outside), outside);
  for (const none of ["10.0.0.0/33", "::/129", "ten", "10.0.0/8", ""])
    assert.throws(() => blockListOf([none]), RangeError);
});
