/**
 * H.264: the decoder configuration record (`avcC`), sequence parameter sets, and what a frame holds.
 *
 * @see ISO/IEC 14496-15, 5.3.3.1; ITU-T H.264, 7.3.2.1
 */
import { BitReader } from "./bits.ts";
import { parsingPrivateData } from "./errors.ts";
import { annexBUnits, beginsWithStartCode, unescapeUnit } from "./nal-units.ts";
import { cropped, type Picture, readFrameRate, readLeniently, readPixelAspect } from "./vui.ts";

export type AvcConfig = {
  /** Bytes of the length before a NAL unit: 1, 2 or 4. */
  lengthSize: number;
  sps: readonly Uint8Array[];
  pps: readonly Uint8Array[];
  picture: Picture;
  /** RFC 6381: `avc1.64001f`. */
  codecName: string;
  /** The record as MP4 holds it; the input itself unless that was Annex B. */
  record: Uint8Array;
};

export const avcUnit = { idr: 5, sps: 7, pps: 8, delimiter: 9 } as const;

export function avcUnitType(unit: Uint8Array): number {
  return unit[0]! & 0x1f;
}

/**
 * Reads `avcC`; or parameter sets after start codes, as some producers send them.
 *
 * @throws CodecError "invalid-codec-private-data", also without a sequence or a picture parameter set
 */
export function parseAvcConfig(codecPrivate: Uint8Array): AvcConfig {
  return parsingPrivateData("H.264 configuration", () => {
    if (!beginsWithStartCode(codecPrivate)) return parseRecord(codecPrivate);
    const units = [...annexBUnits(codecPrivate)];
    const sps = units.filter((unit) => avcUnitType(unit) === avcUnit.sps);
    const pps = units.filter((unit) => avcUnitType(unit) === avcUnit.pps);
    return parseRecord(buildAvcRecord(sps, pps));
  });
}

function parseRecord(record: Uint8Array): AvcConfig {
  if (record[0] !== 1) throw new RangeError("its version is not 1");
  let at = 5;
  const sets = (count: number): Uint8Array[] =>
    Array.from({ length: count }, () => {
      const from = at + 2;
      at = from + ((byteAt(record, at) << 8) | byteAt(record, at + 1));
      if (record.length < at) throw new RangeError("a parameter set runs past its end");
      return record.subarray(from, at);
    });
  const sps = sets(byteAt(record, at++) & 0x1f);
  const pps = sets(byteAt(record, at++));
  if (sps[0] === undefined || pps[0] === undefined) throw new RangeError("it lacks parameter sets");
  return {
    lengthSize: (record[4]! & 3) + 1,
    sps,
    pps,
    picture: parseAvcSps(sps[0]),
    codecName: `avc1.${hex(sps[0].subarray(1, 4))}`,
    record,
  };
}

function byteAt(bytes: Uint8Array, at: number): number {
  const byte = bytes[at];
  if (byte === undefined) throw new RangeError("it ends early");
  return byte;
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** `avcC` for units with lengths of four bytes. @throws RangeError for sets that it cannot hold */
export function buildAvcRecord(sps: readonly Uint8Array[], pps: readonly Uint8Array[]): Uint8Array {
  const first = sps[0];
  if (first === undefined || first.length < 4 || pps.length === 0) throw new RangeError("it lacks parameter sets");
  if (31 < sps.length || 255 < pps.length) throw new RangeError("it has too many parameter sets");
  const record = [1, first[1]!, first[2]!, first[3]!, 0xff];
  const append = (sets: readonly Uint8Array[]) => {
    for (const set of sets) {
      if (0xffff < set.length) throw new RangeError("a parameter set is too long");
      record.push(set.length >> 8, set.length & 0xff, ...set);
    }
  };
  record.push(0xe0 | sps.length);
  append(sps);
  record.push(pps.length);
  append(pps);
  if (highProfiles.has(first[1]!)) {
    const { chromaFormat, bitDepthLuma, bitDepthChroma } = parseAvcSps(first);
    record.push(0xfc | chromaFormat, 0xf8 | (bitDepthLuma - 8), 0xf8 | (bitDepthChroma - 8), 0);
  }
  return Uint8Array.from(record);
}

/** The profiles whose sets tell chroma format and bit depth. */
const highProfiles: ReadonlySet<number> = new Set([100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135]);

/** @throws RangeError where it is cut short or says what cannot be */
export function parseAvcSps(sps: Uint8Array): Picture {
  if (avcUnitType(sps) !== avcUnit.sps) throw new RangeError("its first parameter set is of another kind");
  const reader = new BitReader(unescapeUnit(sps));
  reader.skip(8);
  const profile = reader.bits(8);
  reader.skip(16);
  reader.ueUpTo(31);
  const format = highProfiles.has(profile) ? readFormat(reader) : defaultFormat;
  reader.ueUpTo(12);
  skipPictureOrder(reader);
  reader.ue();
  reader.skip(1);
  const widthInBlocks = reader.ueUpTo(0xffff) + 1;
  const heightInUnits = reader.ueUpTo(0xffff) + 1;
  const fieldsInUnit = reader.flag() ? 1 : 2;
  if (fieldsInUnit === 2) reader.skip(1);
  reader.skip(1);
  const [left, right, top, bottom] = reader.flag()
    ? [reader.ue(), reader.ue(), reader.ue(), reader.ue()]
    : [0, 0, 0, 0];
  const cropX = format.chromaFormat === 1 || format.chromaFormat === 2 ? 2 : 1;
  const cropY = (format.chromaFormat === 1 ? 2 : 1) * fieldsInUnit;
  return {
    width: cropped(16 * widthInBlocks, cropX * (left + right)),
    height: cropped(16 * fieldsInUnit * heightInUnits, cropY * (top + bottom)),
    ...format,
    ...readLeniently(() => (reader.flag() ? readUsability(reader) : {})),
  };
}

function readUsability(reader: BitReader): Partial<Picture> {
  const told = { pixelAspect: readPixelAspect(reader), frameRate: readFrameRate(reader, 2) };
  return { ...told, ...readLeniently(() => ({ reorderFrames: readReorderFrames(reader) })) };
}

/** @see ITU-T H.264, E.1.1: from the decoder's buffer to the bitstream restriction */
function readReorderFrames(reader: BitReader): number | undefined {
  const buffers = [skipBuffer(reader), skipBuffer(reader)];
  if (buffers.includes(true)) reader.skip(1);
  reader.skip(1);
  if (!reader.flag()) return undefined;
  reader.skip(1);
  for (let i = 0; i < 4; i++) reader.ue();
  return reader.ueUpTo(16);
}

function skipBuffer(reader: BitReader): boolean {
  if (!reader.flag()) return false;
  const buffers = reader.ueUpTo(31) + 1;
  reader.skip(8);
  for (let i = 0; i < buffers; i++) {
    reader.ue();
    reader.ue();
    reader.skip(1);
  }
  reader.skip(20);
  return true;
}

const defaultFormat = { chromaFormat: 1, bitDepthLuma: 8, bitDepthChroma: 8 };

function readFormat(reader: BitReader): typeof defaultFormat {
  const chromaFormat = reader.ueUpTo(3);
  if (chromaFormat === 3) reader.skip(1);
  const bitDepthLuma = 8 + reader.ueUpTo(6);
  const bitDepthChroma = 8 + reader.ueUpTo(6);
  reader.skip(1);
  if (reader.flag()) {
    for (let list = 0; list < (chromaFormat === 3 ? 12 : 8); list++)
      if (reader.flag()) skipScalingList(reader, list < 6 ? 16 : 64);
  }
  return { chromaFormat, bitDepthLuma, bitDepthChroma };
}

function skipScalingList(reader: BitReader, size: number): void {
  let scale = 8;
  for (let i = 0; i < size && scale !== 0; i++) scale = (scale + reader.se() + 256) % 256;
}

function skipPictureOrder(reader: BitReader): void {
  const type = reader.ueUpTo(2);
  if (type === 0) reader.ueUpTo(12);
  if (type !== 1) return;
  reader.skip(1);
  reader.se();
  reader.se();
  for (let left = reader.ueUpTo(255); 0 < left; left--) reader.se();
}
