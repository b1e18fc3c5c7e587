/**
 * The sequence parameter set of H.265.
 *
 * @see ITU-T H.265, 7.3.2.2, 7.3.3, 7.3.4, 7.3.7, E.2.1
 */
import { BitReader } from "./bits.ts";
import { unescapeUnit } from "./nal-units.ts";
import { cropped, type Picture, readFrameRate, readLeniently, readPixelAspect } from "./vui.ts";

export type HevcSps = { picture: Picture; temporalLayers: number; temporalNesting: boolean };

/** @throws RangeError where it is cut short or says what cannot be */
export function parseHevcSps(sps: Uint8Array): HevcSps {
  const reader = new BitReader(unescapeUnit(sps));
  reader.skip(16 + 4);
  const subLayers = reader.bits(3);
  const temporalNesting = reader.flag();
  readProfile(reader);
  skipSubLayerProfiles(reader, subLayers);
  reader.ueUpTo(15);
  const chromaFormat = reader.ueUpTo(3);
  if (chromaFormat === 3) reader.skip(1);
  const codedWidth = reader.ue();
  const codedHeight = reader.ue();
  const [left, right, top, bottom] = readWindow(reader);
  const cropX = chromaFormat === 1 || chromaFormat === 2 ? 2 : 1;
  const cropY = chromaFormat === 1 ? 2 : 1;
  const bitDepthLuma = 8 + reader.ueUpTo(8);
  const bitDepthChroma = 8 + reader.ueUpTo(8);
  const picture = {
    width: cropped(codedWidth, cropX * (left + right)),
    height: cropped(codedHeight, cropY * (top + bottom)),
    chromaFormat,
    bitDepthLuma,
    bitDepthChroma,
    ...readLeniently(() => readUsability(reader, subLayers)),
  };
  return { picture, temporalLayers: subLayers + 1, temporalNesting };
}

/** General profile, tier and level: 96 bits, in the parameter set as in `hvcC`. */
export function readProfile(reader: BitReader) {
  return {
    profileSpace: reader.bits(2),
    tier: reader.bits(1),
    profile: reader.bits(5),
    compatibility: reader.bits(32),
    constraints: Array.from({ length: 6 }, () => reader.bits(8)),
    level: reader.bits(8),
  };
}

function skipSubLayerProfiles(reader: BitReader, subLayers: number): void {
  const present = Array.from({ length: subLayers }, () => ({ profile: reader.flag(), level: reader.flag() }));
  if (0 < subLayers) reader.skip(2 * (8 - subLayers));
  for (const { profile, level } of present) reader.skip((profile ? 88 : 0) + (level ? 8 : 0));
}

function readWindow(reader: BitReader): [left: number, right: number, top: number, bottom: number] {
  return reader.flag() ? [reader.ue(), reader.ue(), reader.ue(), reader.ue()] : [0, 0, 0, 0];
}

/** Reads on from the picture order count. */
function readUsability(reader: BitReader, subLayers: number): Partial<Picture> {
  const pictureOrderBits = reader.ueUpTo(12) + 4;
  let reorderFrames = 0;
  for (let layers = reader.flag() ? subLayers + 1 : 1; 0 < layers; layers--) {
    reader.ue();
    reorderFrames = reader.ueUpTo(16);
    reader.ue();
  }
  return { reorderFrames, ...readLeniently(() => readTiming(reader, pictureOrderBits)) };
}

function readTiming(reader: BitReader, pictureOrderBits: number): Partial<Picture> {
  for (let i = 0; i < 6; i++) reader.ue();
  if (reader.flag() && reader.flag()) skipScalingLists(reader);
  reader.skip(2);
  if (reader.flag()) {
    reader.skip(8);
    reader.ue();
    reader.ue();
    reader.skip(1);
  }
  skipReferenceSets(reader);
  if (reader.flag()) {
    for (let left = reader.ueUpTo(32); 0 < left; left--) reader.skip(pictureOrderBits + 1);
  }
  reader.skip(2);
  if (!reader.flag()) return {};
  const pixelAspect = readPixelAspect(reader);
  reader.skip(3);
  readWindow(reader);
  return { pixelAspect, frameRate: readFrameRate(reader, 1) };
}

function skipScalingLists(reader: BitReader): void {
  for (let size = 0; size < 4; size++) {
    for (let matrix = 0; matrix < 6; matrix += size === 3 ? 3 : 1) {
      if (!reader.flag()) {
        reader.ue();
        continue;
      }
      const codes = Math.min(64, 1 << (4 + 2 * size)) + (1 < size ? 1 : 0);
      for (let i = 0; i < codes; i++) reader.se();
    }
  }
}

function skipReferenceSets(reader: BitReader): void {
  let pictures = 0;
  for (let set = 0, sets = reader.ueUpTo(64); set < sets; set++) {
    if (0 < set && reader.flag()) {
      reader.skip(1);
      reader.ue();
      let used = 0;
      for (let i = 0; i <= pictures; i++) if (reader.flag() || reader.flag()) used++;
      pictures = used;
    } else {
      pictures = reader.ueUpTo(16) + reader.ueUpTo(16);
      for (let i = 0; i < pictures; i++) {
        reader.ue();
        reader.skip(1);
      }
    }
  }
}
