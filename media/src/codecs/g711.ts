/**
 * G.711 as `A_MS/ACM` describes it: a WAVEFORMATEX block.
 *
 * @see https://www.matroska.org/technical/codec_specs.html, A_MS/ACM; mmreg.h
 */
import { CodecError, parsingPrivateData } from "./errors.ts";

export type G711Config = {
  law: "alaw" | "mulaw";
  sampleRate: number;
  channels: number;
};

const laws: Readonly<Record<number, G711Config["law"]>> = { 6: "alaw", 7: "mulaw" };

/** @throws CodecError "invalid-codec-private-data", or "unsupported-codec" for formats other than G.711 */
export function parseAcmFormat(bytes: Uint8Array): G711Config {
  return parsingPrivateData("ACM format block", () => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const tag = view.getUint16(0, true);
    const channels = view.getUint16(2, true);
    const sampleRate = view.getUint32(4, true);
    view.getUint16(14, true);
    const law = laws[tag];
    if (law === undefined) throw new CodecError("unsupported-codec", `ACM format ${tag} is not G.711.`);
    if (channels === 0 || 8 < channels) throw new RangeError(`it tells of ${channels} channels`);
    if (sampleRate === 0 || 192_000 < sampleRate) throw new RangeError(`its sample rate is ${sampleRate}`);
    return { law, sampleRate, channels };
  });
}

/** The 18 bytes of WAVEFORMATEX, as GStreamer and FFmpeg write them. */
export function buildAcmFormat({ law, sampleRate, channels }: G711Config): Uint8Array {
  const view = new DataView(new ArrayBuffer(18));
  view.setUint16(0, law === "alaw" ? 6 : 7, true);
  view.setUint16(2, channels, true);
  view.setUint32(4, sampleRate, true);
  view.setUint32(8, sampleRate * channels, true);
  view.setUint16(12, channels, true);
  view.setUint16(14, 8, true);
  return new Uint8Array(view.buffer);
}
