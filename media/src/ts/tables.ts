/**
 * The tables that say what a transport stream holds: one program, its streams.
 *
 * @see ISO/IEC 13818-1, 2.4.4
 */

export type ProgramStream = { pid: number; streamType: number };

export const pids = { association: 0, map: 0x1000, firstStream: 0x100 } as const;
const program = 1;

/** A pointer field and the section, as `buildPackets` takes it. */
export function buildAssociation(): Uint8Array {
  return section(0, program, [0, program, 0xe0 | (pids.map >> 8), pids.map & 0xff]);
}

export function buildMap(clockPid: number, streams: readonly ProgramStream[]): Uint8Array {
  const rows = streams.flatMap(({ pid, streamType }) => [streamType, 0xe0 | (pid >> 8), pid & 0xff, 0xf0, 0]);
  return section(2, program, [0xe0 | (clockPid >> 8), clockPid & 0xff, 0xf0, 0, ...rows]);
}

function section(tableId: number, id: number, body: readonly number[]): Uint8Array {
  const size = 5 + body.length + 4;
  const versionZeroCurrent = 0xc1;
  const bytes = [tableId, 0xb0 | (size >> 8), size & 0xff, id >> 8, id & 0xff, versionZeroCurrent, 0, 0, ...body];
  const sum = checkSum(bytes);
  return Uint8Array.of(0, ...bytes, sum >>> 24, (sum >> 16) & 0xff, (sum >> 8) & 0xff, sum & 0xff);
}

/** CRC-32 of Annex A: not reflected, not inverted. */
function checkSum(bytes: readonly number[]): number {
  let sum = -1;
  for (const byte of bytes) {
    sum ^= byte << 24;
    for (let bit = 0; bit < 8; bit++) sum = sum < 0 ? (sum << 1) ^ 0x04c1_1db7 : sum << 1;
  }
  return sum;
}
