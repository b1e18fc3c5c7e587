/**
 * Transport packets: sections and PES packets, cut into 188 bytes.
 *
 * @see ISO/IEC 13818-1, 2.4.3
 */

export const packetSize = 188;
const payloadSize = packetSize - 4;
/** Of an adaptation field: its length, its flags, and a PCR. */
const [lengthAndFlags, pcrSize] = [2, 6];

export type Payload = {
  pid: number;
  /** PES header and data, or a pointer and a section. Written one after another. */
  parts: readonly Uint8Array[];
  /** In 90 kHz, below 2^33. */
  pcr?: number;
  randomAccess?: boolean;
  /** The first of its PID in the segment: its counter does not follow that of the segment before. */
  discontinuity?: boolean;
};

function adaptationSize({ pcr, randomAccess, discontinuity }: Payload): number {
  if (pcr !== undefined) return lengthAndFlags + pcrSize;
  return randomAccess || discontinuity ? lengthAndFlags : 0;
}

export function partsSize(parts: readonly Uint8Array[]): number {
  return parts.reduce((size, part) => size + part.length, 0);
}

/** Writes payloads in order into as many packets as they need; the counter of each PID begins at zero. */
export function buildPackets(payloads: readonly Payload[]): Uint8Array {
  const counts = payloads.map((payload) =>
    Math.ceil((adaptationSize(payload) + partsSize(payload.parts)) / payloadSize),
  );
  const out = new Uint8Array(packetSize * counts.reduce((sum, count) => sum + count, 0));
  const counters = new Map<number, number>();
  let at = 0;
  for (const [i, payload] of payloads.entries()) {
    const counter = counters.get(payload.pid) ?? 0;
    counters.set(payload.pid, counter + counts[i]!);
    writePayload(out, at, payload, counter);
    at += packetSize * counts[i]!;
  }
  return out;
}

function writePayload(out: Uint8Array, from: number, payload: Payload, firstCounter: number): void {
  const { pid, parts } = payload;
  let left = partsSize(parts);
  let part = 0;
  let partFrom = 0;
  for (let at = from, counter = firstCounter; 0 < left; at += packetSize, counter++) {
    const isFirst = at === from;
    const needed = isFirst ? adaptationSize(payload) : 0;
    const take = Math.min(left, payloadSize - needed);
    const adaptation = payloadSize - take;
    out[at] = 0x47;
    out[at + 1] = (isFirst ? 0x40 : 0) | (pid >> 8);
    out[at + 2] = pid & 0xff;
    out[at + 3] = (adaptation === 0 ? 0x10 : 0x30) | (counter & 15);
    if (0 < adaptation) writeAdaptation(out, at + 4, adaptation, isFirst ? payload : undefined);
    let to = at + 4 + adaptation;
    left -= take;
    while (to < at + packetSize) {
      const source = parts[part]!;
      const count = Math.min(source.length - partFrom, at + packetSize - to);
      out.set(source.subarray(partFrom, partFrom + count), to);
      to += count;
      partFrom += count;
      if (partFrom === source.length) [part, partFrom] = [part + 1, 0];
    }
  }
}

/** Fills `size` bytes: what the payload says of itself, then stuffing. */
function writeAdaptation(out: Uint8Array, at: number, size: number, payload: Payload | undefined): void {
  out[at] = size - 1;
  if (size === 1) return;
  const { pcr, randomAccess, discontinuity } = payload ?? {};
  out[at + 1] = (discontinuity ? 0x80 : 0) | (randomAccess ? 0x40 : 0) | (pcr === undefined ? 0 : 0x10);
  let to = at + 2;
  if (pcr !== undefined) {
    const high = Math.floor(pcr / 2);
    const withReserved = [
      high >>> 24,
      (high >> 16) & 0xff,
      (high >> 8) & 0xff,
      high & 0xff,
      ((pcr % 2) << 7) | 0x7e,
      0,
    ];
    out.set(withReserved, to);
    to += pcrSize;
  }
  out.fill(0xff, to, at + size);
}
