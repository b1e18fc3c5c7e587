import assert from "node:assert/strict";
import { BlockList, isIP } from "node:net";
import { test } from "node:test";
import { isWithin, parseAddress, parseRange } from "./ip.ts";

const addresses: readonly [text: string, hex: string | undefined][] = [
  ["203.0.113.7", "cb007107"],
  ["0.0.0.0", "00000000"],
  ["255.255.255.255", "ffffffff"],
  ["256.0.0.1", undefined],
  ["1.2.3", undefined],
  ["1.2.3.4.", undefined],
  ["1.2.3.4.5", undefined],
  ["1.2.3.04", undefined],
  ["1.2.3.-4", undefined],
  [" 1.2.3.4", undefined],
  ["", undefined],
  ["::", "00".repeat(16)],
  ["::1", `${"00".repeat(15)}01`],
  ["2001:db8::", `20010db8${"00".repeat(12)}`],
  ["2001:DB8:0:0:1::1", "20010db8000000000001000000000001"],
  ["1:2:3:4:5:6:7:8", "00010002000300040005000600070008"],
  ["1:2:3:4:5:6:7::", "00010002000300040005000600070000"],
  ["1:2:3:4:5:6:192.0.2.1", "000100020003000400050006c0000201"],
  ["fe80::1%eth0", `fe80${"00".repeat(13)}01`],
  ["::ffff:192.0.2.1", "c0000201"],
  ["::FFFF:c000:201", "c0000201"],
  ["0:0:0:0:0:ffff:192.0.2.1", "c0000201"],
  ["::fffe:192.0.2.1", `${"00".repeat(10)}fffec0000201`],
  ["1:2:3:4:5:6:7", undefined],
  ["1:2:3:4:5:6:7:8:9", undefined],
  ["1:2:3:4:5:6:7:8::", undefined],
  ["1::2::3", undefined],
  [":1:2:3:4:5:6:7", undefined],
  ["1:2:3:4:5:6:7:", undefined],
  ["12345::", undefined],
  ["g::", undefined],
  ["192.0.2.1::", undefined],
  ["::192.0.2.1:1", undefined],
  [":", undefined],
  [":::", undefined],
];

test("reads addresses", () => {
  for (const [text, hex] of addresses) {
    const bytes = parseAddress(text);
    assert.equal(bytes && Buffer.from(bytes).toString("hex"), hex, text);
    assert.equal(isIP(text) !== 0, hex !== undefined, `${text} as Node reads it`);
  }
});

const ranges: readonly [text: string, bits: number | undefined][] = [
  ["10.0.0.0/8", 8],
  ["10.0.0.0/0", 0],
  ["10.0.0.0/32", 32],
  ["10.0.0.0", 32],
  ["::1", 128],
  ["2001:db8::/32", 32],
  ["::ffff:10.0.0.0/104", 8],
  ["::ffff:10.0.0.0/95", undefined],
  ["10.0.0.0/33", undefined],
  ["::/129", undefined],
  ["10.0.0.0/", undefined],
  ["10.0.0.0/-1", undefined],
  ["10.0.0.0/8/8", undefined],
  ["10.0.0.0/255.0.0.0", undefined],
  ["/8", undefined],
];

test("reads ranges", () => {
  for (const [text, bits] of ranges) assert.equal(parseRange(text)?.bits, bits, text);
});

test("holds what Node's block list holds, at every length of a prefix", () => {
  const families = [
    ["ipv4", "198.51.100.77", 32],
    ["ipv6", "2001:db8:a5a5:5a5a:ff00:ff:1234:8765", 128],
  ] as const;
  for (const [family, named, all] of families) {
    for (let bits = 0; bits <= all; bits++) {
      const range = parseRange(`${named}/${bits}`)!;
      const list = new BlockList();
      list.addSubnet(named, bits, family);
      for (let flipped = 0; flipped < all; flipped++) {
        const asked = [...parseAddress(named)!];
        asked[flipped >> 3]! ^= 0x80 >> (flipped & 7);
        const text = family === "ipv4" ? asked.join(".") : hexGroups(asked);
        assert.equal(isWithin(range, parseAddress(text)!), list.check(text, family), `${text} in ${named}/${bits}`);
      }
    }
  }
});

function hexGroups(bytes: readonly number[]): string {
  return Buffer.from(bytes).toString("hex").match(/..../g)!.join(":");
}
