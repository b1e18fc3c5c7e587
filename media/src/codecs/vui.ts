/** The start of Video Usability Information, which H.264 and H.265 write alike, and what both say of a picture. */
import type { BitReader } from "./bits.ts";

/** A picture as a sequence parameter set describes it. */
export type Picture = {
  /** Pixels, after cropping. */
  width: number;
  height: number;
  /** Width to height of a pixel, where it is known and not square. */
  pixelAspect?: readonly [width: number, height: number];
  /** Frames a second, where the stream says so. */
  frameRate?: number;
  /** How many frames at most stand before a frame in decoding order and after it in presentation; where it is told. */
  reorderFrames?: number;
  /** 0 monochrome, 1 4:2:0, 2 4:2:2, 3 4:4:4. */
  chromaFormat: number;
  bitDepthLuma: number;
  bitDepthChroma: number;
};

/** Reads up to and with the chroma sample location. @see ITU-T H.264 and H.265, E.2.1 */
export function readPixelAspect(reader: BitReader): Picture["pixelAspect"] {
  const aspect = reader.flag() ? readAspect(reader) : undefined;
  if (reader.flag()) reader.skip(1);
  if (reader.flag()) {
    reader.skip(4);
    if (reader.flag()) reader.skip(24);
  }
  if (reader.flag()) {
    reader.ue();
    reader.ue();
  }
  return aspect;
}

function readAspect(reader: BitReader): Picture["pixelAspect"] {
  const index = reader.bits(8);
  const [width, height] = index === 255 ? [reader.bits(16), reader.bits(16)] : (aspects[index] ?? [0, 0]);
  return width === 0 || height === 0 || width === height ? undefined : [width, height];
}

/** Reads the timing: a frame takes two ticks in H.264, where a flag for a fixed rate follows, and one in H.265. */
export function readFrameRate(reader: BitReader, ticksPerFrame: 1 | 2): number | undefined {
  if (!reader.flag()) return undefined;
  const unitsInTick = reader.bits(32);
  const timeScale = reader.bits(32);
  if (ticksPerFrame === 2) reader.skip(1);
  const rate = timeScale / (ticksPerFrame * unitsInTick);
  return 0 < rate && rate <= 1000 ? rate : undefined;
}

/** By aspect_ratio_idc. */
const aspects: readonly (readonly [number, number])[] = [
  [0, 0],
  [1, 1],
  [12, 11],
  [10, 11],
  [16, 11],
  [40, 33],
  [24, 11],
  [20, 11],
  [32, 11],
  [80, 33],
  [18, 11],
  [15, 11],
  [64, 33],
  [160, 99],
  [4, 3],
  [3, 2],
  [2, 1],
];

/** A VUI that breaks off is as good as none: cameras write such, and decoders play on. */
export function readLeniently<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** @throws RangeError where nothing is left after cropping, or more than a sample entry can say */
export function cropped(size: number, crop: number): number {
  const left = size - crop;
  if (left <= 0 || 0xffff < left) throw new RangeError(`a picture cannot be ${left} pixels wide or high`);
  return left;
}
