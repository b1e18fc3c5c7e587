/**
 * H.265: the decoder configuration record (`hvcC`), sequence parameter sets, and what a frame holds.
 *
 * @see ISO/IEC 14496-15, 8.3.3.1; ITU-T H.265, 7.3
 */
import { BitReader } from "./bits.ts";
import { parsingPrivateData } from "./errors.ts";
import { parseHevcSps, readProfile } from "./hevc-sps.ts";
import { annexBUnits, beginsWithStartCode, unescapeUnit } from "./nal-units.ts";
import type { Picture } from "./vui.ts";

export type HevcConfig = {
  /** Bytes of the length before a NAL unit: 1, 2 or 4. */
  lengthSize: number;
  vps: readonly Uint8Array[];
  sps: readonly Uint8Array[];
  pps: readonly Uint8Array[];
  picture: Picture;
  /** RFC 6381 and ISO/IEC 14496-15, Annex E: `hvc1.1.6.L93.90`. In a `hev1` entry the same after its own name. */
  codecName: string;
  /** The record as MP4 holds it; the input itself unless that was Annex B. */
  record: Uint8Array;
};

export const hevcUnit = {
  firstRandomAccess: 16,
  lastRandomAccess: 23,
  vps: 32,
  sps: 33,
  pps: 34,
  delimiter: 35,
} as const;

export function hevcUnitType(unit: Uint8Array): number {
  return (unit[0]! >> 1) & 0x3f;
}

/**
 * Reads `hvcC`; or parameter sets after start codes, as some producers send them.
 *
 * @throws CodecError "invalid-codec-private-data", also where one of the three parameter sets is missing
 */
export function parseHevcConfig(codecPrivate: Uint8Array): HevcConfig {
  return parsingPrivateData("H.265 configuration", () => {
    if (!beginsWithStartCode(codecPrivate)) return parseRecord(codecPrivate);
    const units = [...annexBUnits(codecPrivate)];
    const ofType = (type: number) => units.filter((unit) => hevcUnitType(unit) === type);
    return parseRecord(buildHevcRecord(ofType(hevcUnit.vps), ofType(hevcUnit.sps), ofType(hevcUnit.pps)));
  });
}

function parseRecord(record: Uint8Array): HevcConfig {
  if (record[0] !== 1) throw new RangeError("its version is not 1");
  const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
  const units: Uint8Array[] = [];
  let at = 23;
  for (let arrays = view.getUint8(22); 0 < arrays; arrays--) {
    let count = view.getUint16(at + 1);
    for (at += 3; 0 < count; count--) {
      const from = at + 2;
      at = from + view.getUint16(at);
      if (record.length < at) throw new RangeError("a parameter set runs past its end");
      if (from < at) units.push(record.subarray(from, at));
    }
  }
  const ofType = (type: number) => units.filter((unit) => hevcUnitType(unit) === type);
  const [vps, sps, pps] = [ofType(hevcUnit.vps), ofType(hevcUnit.sps), ofType(hevcUnit.pps)];
  if (!vps[0] || !sps[0] || !pps[0]) throw new RangeError("it lacks parameter sets");
  return {
    lengthSize: (view.getUint8(21) & 3) + 1,
    vps,
    sps,
    pps,
    picture: parseHevcSps(sps[0]).picture,
    codecName: codecName(record),
    record,
  };
}

function codecName(record: Uint8Array): string {
  const { profileSpace, tier, profile, compatibility, constraints, level } = readProfile(
    new BitReader(record.subarray(1, 13)),
  );
  let reversed = 0;
  for (let bit = 0; bit < 32; bit++) if ((compatibility >>> bit) & 1) reversed += 2 ** (31 - bit);
  const kept = constraints.slice(0, constraints.findLastIndex((byte) => byte !== 0) + 1);
  return [
    "hvc1",
    `${["", "A", "B", "C"][profileSpace]}${profile}`,
    reversed.toString(16),
    `${tier === 1 ? "H" : "L"}${level}`,
    ...kept.map((byte) => byte.toString(16)),
  ].join(".");
}

/** `hvcC` for units with lengths of four bytes. @throws RangeError for sets that it cannot hold */
export function buildHevcRecord(
  vps: readonly Uint8Array[],
  sps: readonly Uint8Array[],
  pps: readonly Uint8Array[],
): Uint8Array {
  const first = sps[0];
  if (!vps[0] || !first || !pps[0]) throw new RangeError("it lacks parameter sets");
  const { picture, temporalLayers, temporalNesting } = parseHevcSps(first);
  // The twelve bytes of profile, tier and level lie in the set as in the record.
  const profile = unescapeUnit(first).subarray(3, 15);
  const layers = (temporalLayers << 3) | (temporalNesting ? 4 : 0) | 3;
  const depths = [0xfc | picture.chromaFormat, 0xf8 | (picture.bitDepthLuma - 8), 0xf8 | (picture.bitDepthChroma - 8)];
  const record = [1, ...profile, 0xf0, 0, 0xfc, ...depths, 0, 0, layers, 3];
  for (const [type, sets] of [
    [hevcUnit.vps, vps],
    [hevcUnit.sps, sps],
    [hevcUnit.pps, pps],
  ] as const) {
    record.push(0x80 | type, sets.length >> 8, sets.length & 0xff);
    for (const set of sets) {
      if (0xffff < set.length) throw new RangeError("a parameter set is too long");
      record.push(set.length >> 8, set.length & 0xff, ...set);
    }
  }
  return Uint8Array.from(record);
}
