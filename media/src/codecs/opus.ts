/**
 * Opus: the identification header that Matroska keeps, and the `dOps` record that MP4 keeps.
 *
 * @see RFC 7845, 5.1; "Encapsulation of Opus in ISO Base Media File Format", 4.3.2
 */
import { parsingPrivateData } from "./errors.ts";

export type OpusConfig = {
  channels: number;
  /** Samples at 48 kHz that a decoder drops at the start. */
  preSkip: number;
  /** The `dOps` record. */
  record: Uint8Array;
};

const magic = [..."OpusHead"].map((character) => character.charCodeAt(0));

/** @throws CodecError "invalid-codec-private-data" */
export function parseOpusHead(bytes: Uint8Array): OpusConfig {
  return parsingPrivateData("OpusHead", () => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (magic.some((byte, at) => bytes[at] !== byte)) throw new RangeError("it begins otherwise");
    if (15 < view.getUint8(8)) throw new RangeError("its version is unknown");
    const channels = view.getUint8(9);
    const preSkip = view.getUint16(10, true);
    const mappingFamily = view.getUint8(18);
    const mappingSize = mappingFamily === 0 ? 0 : 2 + channels;
    if (channels === 0 || (mappingFamily === 0 && 2 < channels))
      throw new RangeError(`it tells of ${channels} channels`);
    if (bytes.length < 19 + mappingSize) throw new RangeError("it ends early");
    const record = new Uint8Array(11 + mappingSize);
    const out = new DataView(record.buffer);
    out.setUint8(1, channels);
    out.setUint16(2, preSkip);
    out.setUint32(4, view.getUint32(12, true));
    out.setInt16(8, view.getInt16(16, true));
    record.set(bytes.subarray(18, 19 + mappingSize), 10);
    return { channels, preSkip, record };
  });
}

/** The identification header again, from a record that `parseOpusHead` made. */
export function buildOpusHead(record: Uint8Array): Uint8Array {
  const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
  const head = new Uint8Array(record.length + 8);
  const out = new DataView(head.buffer);
  head.set(magic);
  out.setUint8(8, 1);
  out.setUint8(9, view.getUint8(1));
  out.setUint16(10, view.getUint16(2), true);
  out.setUint32(12, view.getUint32(4), true);
  out.setInt16(16, view.getInt16(8), true);
  head.set(record.subarray(10), 18);
  return head;
}

/** Samples at 48 kHz in a packet; 0 where it is none. @see RFC 6716, 3.1 and 3.2 */
export function opusPacketSamples(packet: Uint8Array): number {
  const [toc, count] = packet;
  if (toc === undefined) return 0;
  const config = toc >> 3;
  const samples = config < 12 ? silkSamples[config & 3]! : config < 16 ? 480 << (config & 1) : 120 << (config & 3);
  const frames = [1, 2, 2, (count ?? 0) & 0x3f][toc & 3]!;
  return samples * frames;
}

const silkSamples: readonly number[] = [480, 960, 1920, 2880];
