/**
 * Sample entries: what `stsd` says of each codec.
 *
 * @see ISO/IEC 14496-12, 8.5.2 and 12; 14496-14, 5.6; 14496-15, 5.4.2 and 8.4.1; the bindings of Opus and of VP8/VP9
 */
import type { AudioFormat, TrackFormat, VideoFormat } from "../codecs/describe-track.ts";
import { box, bytes, type Field, fullBox, u8, u16, u32, zeros } from "./boxes.ts";

export function buildSampleEntry(format: TrackFormat): Uint8Array {
  return format.kind === "video" ? visualEntry(format) : audioEntry(format);
}

const visualBoxes: Readonly<Record<VideoFormat["codec"], (configuration: Uint8Array) => [string, Uint8Array]>> = {
  h264: (record) => ["avc1", box("avcC", record)],
  h265: (record) => ["hvc1", box("hvcC", record)],
  vp8: (record) => ["vp08", fullBox("vpcC", 1, 0, record)],
  vp9: (record) => ["vp09", fullBox("vpcC", 1, 0, record)],
};

function visualEntry({ codec, configuration, width, height, pixelAspect }: VideoFormat): Uint8Array {
  const [type, configurationBox] = visualBoxes[codec](configuration);
  const resolution = 72 * 65536;
  return box(
    type,
    ...[zeros(6), u16(1), zeros(16), u16(width, height), u32(resolution, resolution, 0), u16(1), zeros(32)],
    ...[u16(24, 0xffff), configurationBox],
    pixelAspect ? box("pasp", u32(...pixelAspect)) : [],
  );
}

const audioBoxes: Readonly<Record<AudioFormat["codec"], (format: AudioFormat) => [string, Field]>> = {
  aac: ({ configuration }) => ["mp4a", esds(0x40, configuration)],
  mp3: () => ["mp4a", esds(0x6b)],
  opus: ({ configuration = zeros(0) }) => ["Opus", box("dOps", configuration)],
  alaw: () => ["alaw", []],
  mulaw: () => ["ulaw", []],
};

function audioEntry(format: AudioFormat): Uint8Array {
  const [type, configurationBox] = audioBoxes[format.codec](format);
  // Sixteen bits of whole samples a second; faster ones are told by the codec's configuration alone.
  const rate = format.sampleRate < 65536 ? format.sampleRate * 65536 : 0;
  return box(type, ...[zeros(6), u16(1), zeros(8), u16(format.channels, 16, 0, 0), u32(rate), configurationBox]);
}

/** @see ISO/IEC 14496-1, 7.2.6.5 */
function esds(objectType: number, specificInfo?: Uint8Array): Uint8Array {
  const audioStream = 0x15;
  const decoder = [u8(objectType, audioStream), zeros(3), u32(0, 0), specificInfo ? descriptor(5, specificInfo) : []];
  return fullBox("esds", 0, 0, descriptor(3, u16(0), u8(0), descriptor(4, decoder), descriptor(6, u8(2))));
}

function descriptor(tag: number, ...fields: readonly Field[]): Uint8Array {
  const body = bytes(fields);
  const size: number[] = [body.length & 0x7f];
  for (let rest = body.length >> 7; 0 < rest; rest >>= 7) size.unshift(0x80 | (rest & 0x7f));
  return bytes(u8(tag, ...size), body);
}
