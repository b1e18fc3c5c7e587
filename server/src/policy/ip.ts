/**
 * IP addresses and the ranges that conditions name.
 *
 * @see RFC 4632, 3.1; RFC 4291, 2.2 and 2.3
 */

/** Bytes in network order: 4 of IPv4, 16 of IPv6. */
export type Address = readonly number[];

/** `bits`: how many of the first bits of `address` count. */
export type Range = { address: Address; bits: number };

/** A range, or one address. `undefined`: neither. */
export function parseRange(text: string): Range | undefined {
  const slash = text.indexOf("/");
  const address = parseAddress(slash === -1 ? text : text.slice(0, slash));
  if (address === undefined) return undefined;
  const all = address.length * 8;
  if (slash === -1) return { address, bits: all };
  const digits = text.slice(slash + 1);
  // Written as IPv6, the prefix counts the bits before the mapped IPv4 address too.
  const bits = Number(digits) - (address.length === 4 && text.includes(":") ? 96 : 0);
  return /^\d{1,3}$/.test(digits) && 0 <= bits && bits <= all ? { address, bits } : undefined;
}

/** IPv4 addresses mapped into IPv6 (`::ffff:192.0.2.1`) are IPv4. A zone (`%eth0`) is left out. `undefined`: no address. */
export function parseAddress(text: string): Address | undefined {
  if (!text.includes(":")) return parseIpv4(text);
  const bytes = parseIpv6(text.split("%", 1)[0]!);
  const isMapped = bytes?.slice(0, 12).every((byte, index) => byte === (index < 10 ? 0 : 0xff));
  return isMapped ? bytes!.slice(12) : bytes;
}

export function isWithin({ address, bits }: Range, asked: Address): boolean {
  if (asked.length !== address.length) return false;
  const whole = bits >> 3;
  for (let index = 0; index < whole; index++) if (asked[index] !== address[index]) return false;
  const shift = 8 - (bits & 7);
  return shift === 8 || asked[whole]! >> shift === address[whole]! >> shift;
}

function parseIpv4(text: string): number[] | undefined {
  // No leading zeros: some read such a number as octal.
  if (!/^(?:(?:0|[1-9]\d{0,2})(?:\.|$)){4}$/.test(text) || text.endsWith(".")) return undefined;
  const bytes = text.split(".").map(Number);
  return bytes.every((byte) => byte < 256) ? bytes : undefined;
}

function parseIpv6(text: string): number[] | undefined {
  const longest = "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255".length;
  if (longest < text.length) return undefined;
  const [before, after, more] = text.split("::");
  const head = parseGroups(before!, after === undefined);
  const tail = after === undefined ? [] : parseGroups(after, true);
  if (head === undefined || tail === undefined || more !== undefined) return undefined;
  const missing = 16 - head.length - tail.length;
  if (after === undefined ? missing !== 0 : missing < 2) return undefined;
  return [...head, ...Array<number>(missing).fill(0), ...tail];
}

/** `ends`: these groups are the last ones, where IPv4 may stand. */
function parseGroups(text: string, ends: boolean): number[] | undefined {
  if (text === "") return [];
  const bytes: number[] = [];
  const groups = text.split(":");
  for (const [index, group] of groups.entries()) {
    const ipv4 = ends && index === groups.length - 1 ? parseIpv4(group) : undefined;
    if (ipv4 === undefined && !/^[0-9a-f]{1,4}$/i.test(group)) return undefined;
    if (ipv4 !== undefined) bytes.push(...ipv4);
    else bytes.push(Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff);
  }
  return bytes;
}
