/**
 * Which addresses belong to the open internet: what a server may call because a stranger said so.
 *
 * @see IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890 and its updates)
 */
import { BlockList, isIPv4, isIPv6 } from "node:net";

const reservedV4 = blockListOf([
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/4",
  "240.0.0.0/4",
]);

const globalV6 = blockListOf(["2000::/3"]);

/** Within global unicast: protocol assignments (Teredo among them), documentation, 6to4, which leads to any IPv4. */
const reservedV6 = blockListOf(["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"]);

/** Never true of loopback, private, link-local (clouds' metadata among them), multicast and reserved addresses. */
export function isPublicAddress(address: string): boolean {
  const plain = withoutWrapping(address);
  if (isIPv4(plain)) return !reservedV4.check(plain, "ipv4");
  return isIPv6(plain) && globalV6.check(plain, "ipv6") && !reservedV6.check(plain, "ipv6");
}

export function isInside(ranges: BlockList, address: string): boolean {
  const plain = withoutWrapping(address);
  return isIPv4(plain) ? ranges.check(plain, "ipv4") : isIPv6(plain) && ranges.check(plain, "ipv6");
}

/** Of `ADDRESS/BITS` each, or single addresses. @throws RangeError with a sentence for people */
export function blockListOf(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const { address, bits, family } = parseRange(range);
    list.addSubnet(address, bits, family);
  }
  return list;
}

function parseRange(range: string): { address: string; bits: number; family: "ipv4" | "ipv6" } {
  const [, address = "", length] = /^([0-9a-fA-F:.]+)(?:\/(\d{1,3}))?$/.exec(range) ?? [];
  const family = isIPv4(address) ? "ipv4" : "ipv6";
  const most = family === "ipv4" ? 32 : 128;
  const bits = Number(length ?? most);
  if (!(isIPv4(address) || isIPv6(address)) || most < bits) {
    throw new RangeError(`${range} is no range of addresses, such as 10.0.0.0/8 or fd00::/8`);
  }
  return { address, bits, family };
}

/** An IPv4 address in an IPv6 one (`::ffff:0:0/96`, and `64:ff9b::/96` of NAT64) is judged as what it leads to. */
function withoutWrapping(address: string): string {
  if (!isIPv6(address)) return address;
  // WHATWG's spelling is one for each address: the last 32 bits as two groups, no zone.
  const spelt = URL.parse(`http://[${address.split("%")[0]}]`)?.hostname ?? "";
  const wrapped = /^\[(?:::ffff|64:ff9b:):(?:([0-9a-f]{1,4}):)?([0-9a-f]{1,4})\]$/.exec(spelt);
  if (wrapped === null) return address.split("%")[0]!;
  const [high, low] = [Number.parseInt(wrapped[1] ?? "0", 16), Number.parseInt(wrapped[2]!, 16)];
  return [high >> 8, high & 255, low >> 8, low & 255].join(".");
}
