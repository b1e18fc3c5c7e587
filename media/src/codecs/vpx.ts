/**
 * VP8 and VP9: what their key frames and codec private data say, and the `vpcC` record.
 *
 * @see "VP Codec ISO Media File Format Binding"; VP9 bitstream specification, 6.2; RFC 6386, 9.1
 */
import { BitReader } from "./bits.ts";
import { CodecError, parsingPrivateData } from "./errors.ts";

export type VpxConfig = {
  profile: number;
  /** Ten times the level: 31 is 3.1. */
  level: number;
  bitDepth: number;
  /** As vpcC counts: 0 4:2:0 left, 1 4:2:0 with luma, 2 4:2:2, 3 4:4:4. */
  chroma: number;
  /** Pixels; from the key frame, where one was given. */
  size?: { width: number; height: number };
  /** RFC 6381: `vp09.00.31.08`. */
  codecName: string;
  /** The `vpcC` record after its version and flags. */
  record: Uint8Array;
};

/**
 * From the Matroska feature list, the key frame, or neither; the key frame's word counts.
 *
 * @throws CodecError "invalid-codec-private-data" or "invalid-frame"
 */
export function parseVp9Config(size: Size, codecPrivate?: Uint8Array, keyframe?: Uint8Array): VpxConfig {
  const listed = codecPrivate ? parsingPrivateData("VP9 feature list", () => parseFeatures(codecPrivate)) : {};
  const shown = keyframe ? parseVp9Keyframe(keyframe) : undefined;
  const profile = shown?.profile ?? listed.profile ?? 0;
  const level = listed.level || levelFor(shown?.size ?? size);
  const bitDepth = shown?.bitDepth ?? listed.bitDepth ?? (profile < 2 ? 8 : 10);
  const chroma = shown?.chroma ?? listed.chroma ?? 1;
  return describe("vp09", { profile, level, bitDepth, chroma, size: shown?.size });
}

/** @throws CodecError "invalid-frame" */
export function parseVp8Config(size: Size, keyframe?: Uint8Array): VpxConfig {
  const shown = keyframe ? parseVp8Keyframe(keyframe) : undefined;
  return describe("vp08", { profile: 0, level: levelFor(shown ?? size), bitDepth: 8, chroma: 1, size: shown });
}

type Size = { width: number; height: number };

function describe(name: string, config: Omit<VpxConfig, "codecName" | "record">): VpxConfig {
  const { profile, level, bitDepth, chroma } = config;
  const two = (value: number) => String(value).padStart(2, "0");
  const unspecified = 2;
  return {
    ...config,
    codecName: [name, two(profile), two(level), two(bitDepth)].join("."),
    record: Uint8Array.of(profile, level, (bitDepth << 4) | (chroma << 1), unspecified, unspecified, unspecified, 0, 0),
  };
}

function parseFeatures(list: Uint8Array): Partial<Pick<VpxConfig, "profile" | "level" | "bitDepth" | "chroma">> {
  const features = new Map<number, number>();
  for (let at = 0; at < list.length; at += 2 + list[at + 1]!) {
    if (list.length < at + 2 || list.length < at + 2 + list[at + 1]!) throw new RangeError("it ends early");
    if (list[at + 1] === 1) features.set(list[at]!, list[at + 2]!);
  }
  const upTo = (id: number, limit: number) => {
    const value = features.get(id);
    if (value !== undefined && limit < value) throw new RangeError(`its feature ${id} is ${value}`);
    return value;
  };
  return { profile: upTo(1, 3), level: upTo(2, 62), bitDepth: upTo(3, 12), chroma: upTo(4, 3) };
}

function parseVp9Keyframe(frame: Uint8Array): Required<Omit<VpxConfig, "level" | "codecName" | "record">> {
  return parsingFrame("VP9", () => {
    const reader = new BitReader(frame.subarray(0, 32));
    if (reader.bits(2) !== 2) throw new RangeError("it begins otherwise");
    const profile = reader.bits(1) + 2 * reader.bits(1);
    if (profile === 3) reader.skip(1);
    if (reader.bits(2) !== 0) throw new RangeError("it is not a key frame");
    reader.skip(2);
    if (reader.bits(24) !== 0x498342) throw new RangeError("it lacks the sync code");
    const bitDepth = 2 <= profile ? 10 + 2 * reader.bits(1) : 8;
    const rgb = reader.bits(3) === 7;
    if (!rgb) reader.skip(1);
    const subsampled = profile % 2 === 0 ? [1, 1] : rgb ? [0, 0] : [reader.bits(1), reader.bits(1)];
    if (profile % 2 === 1) reader.skip(1);
    const chroma = subsampled[0] === 0 ? 3 : subsampled[1] === 0 ? 2 : 1;
    return { profile, bitDepth, chroma, size: { width: reader.bits(16) + 1, height: reader.bits(16) + 1 } };
  });
}

function parseVp8Keyframe(frame: Uint8Array): Size {
  return parsingFrame("VP8", () => {
    const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
    if (view.getUint8(0) & 1) throw new RangeError("it is not a key frame");
    if (view.getUint32(2) % 2 ** 24 !== 0x9d012a) throw new RangeError("it lacks the start code");
    return { width: view.getUint16(6, true) & 0x3fff, height: view.getUint16(8, true) & 0x3fff };
  });
}

function parsingFrame<T>(codec: string, parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new CodecError("invalid-frame", `A ${codec} key frame is malformed: ${cause.message}.`, { cause });
  }
}

/** The lowest level whose pictures are large enough. @see VP9 levels, "Max luma picture size" */
function levelFor({ width, height }: Size): number {
  return levels.find(([largest]) => width * height <= largest)?.[1] ?? 62;
}

const levels: readonly (readonly [pixels: number, level: number])[] = [
  [36_864, 10],
  [73_728, 11],
  [122_880, 20],
  [245_760, 21],
  [552_960, 30],
  [983_040, 31],
  [2_228_224, 40],
  [8_912_896, 50],
  [35_651_584, 60],
];
