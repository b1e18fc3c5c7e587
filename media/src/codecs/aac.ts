/**
 * AAC: AudioSpecificConfig, and the ADTS header that carries a frame where there is no such configuration.
 *
 * @see ISO/IEC 14496-3, 1.6.2.1, 1.A.2.2, 4.5.1.1
 */
import { BitReader } from "./bits.ts";
import { CodecError, parsingPrivateData } from "./errors.ts";

export type AacConfig = {
  /** Of the core: 2 is AAC LC. */
  objectType: number;
  /** Samples a second of the core; with SBR the decoder may put out twice as many. */
  sampleRate: number;
  /** 0: the channels are listed in a program config element. */
  channelConfiguration: number;
  channels: number;
  samplesPerFrame: number;
  /** Signalled here; streams may also carry them unannounced. */
  sbr: boolean;
  ps: boolean;
  /** Samples a second with SBR, where it is signalled. */
  extensionSampleRate?: number;
  /** RFC 6381: `mp4a.40.2`. */
  codecName: string;
};

/** @throws CodecError "invalid-codec-private-data" */
export function parseAudioSpecificConfig(bytes: Uint8Array): AacConfig {
  return parsingPrivateData("AudioSpecificConfig", () => {
    const reader = new BitReader(bytes);
    const announced = readObjectType(reader);
    const sampleRate = readSampleRate(reader);
    const channelConfiguration = reader.bits(4);
    const explicit = announced === sbrType || announced === psType;
    let extensionSampleRate = explicit ? readSampleRate(reader) : undefined;
    const objectType = explicit ? readObjectType(reader) : announced;
    const { samplesPerFrame, listedChannels } = readGeneral(reader, objectType, channelConfiguration);
    let ps = announced === psType;
    if (!explicit && 16 <= reader.left && reader.bits(11) === 0x2b7 && readObjectType(reader) === sbrType) {
      if (reader.flag()) extensionSampleRate = readSampleRate(reader);
      ps = 12 <= reader.left && reader.bits(11) === 0x548 && reader.flag();
    }
    return {
      objectType,
      sampleRate,
      channelConfiguration,
      channels: channelCounts[channelConfiguration] || listedChannels,
      samplesPerFrame,
      sbr: extensionSampleRate !== undefined,
      ps,
      extensionSampleRate,
      codecName: `mp4a.40.${announced}`,
    };
  });
}

const sbrType = 5;
const psType = 29;
const programConfigured = 0;
/** By channelConfiguration. 0: none, or told by a program config element. */
const channelCounts: readonly number[] = [0, 1, 2, 3, 4, 5, 6, 8, 0, 0, 0, 7, 8, 24, 8];
const sampleRates: readonly number[] = [
  96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350,
];
const escapedRate = 15;

function readObjectType(reader: BitReader): number {
  const type = reader.bits(5);
  if (type === 0) throw new RangeError("its object type is null");
  return type === 31 ? 32 + reader.bits(6) : type;
}

function readSampleRate(reader: BitReader): number {
  const index = reader.bits(4);
  const rate = index === escapedRate ? reader.bits(24) : sampleRates[index];
  if (!rate) throw new RangeError("it has no sample rate");
  return rate;
}

/** GASpecificConfig; of other object types nothing more is read. */
function readGeneral(reader: BitReader, objectType: number, channelConfiguration: number) {
  if (!generalTypes.has(objectType)) {
    if (!channelCounts[channelConfiguration]) throw new RangeError("it does not tell its channels");
    return { samplesPerFrame: 1024, listedChannels: 0 };
  }
  const samplesPerFrame = reader.flag() ? 960 : 1024;
  if (reader.flag()) reader.skip(14);
  reader.skip(1);
  const known = channelCounts[channelConfiguration] ?? 0;
  if (known === 0 && channelConfiguration !== programConfigured)
    throw new RangeError(`its channel configuration ${channelConfiguration} is reserved`);
  return { samplesPerFrame, listedChannels: known === 0 ? countProgramChannels(reader) : known };
}

const generalTypes: ReadonlySet<number> = new Set([1, 2, 3, 4, 6, 7, 17, 19, 20, 21, 22, 23]);

/** The channels of a program_config_element, with what must be passed over to reach an extension after it. */
function countProgramChannels(reader: BitReader): number {
  reader.skip(4 + 2 + 4);
  const [front, side, back] = [reader.bits(4), reader.bits(4), reader.bits(4)];
  const lfe = reader.bits(2);
  const [data, coupling] = [reader.bits(3), reader.bits(4)];
  for (const mixdownBits of [4, 4, 3]) if (reader.flag()) reader.skip(mixdownBits);
  let channels = lfe;
  for (let left = front + side + back; 0 < left; left--) {
    channels += reader.flag() ? 2 : 1;
    reader.skip(4);
  }
  reader.skip(4 * lfe + 4 * data + 5 * coupling);
  reader.skip(reader.left % 8);
  reader.skip(8 * reader.bits(8));
  if (channels === 0) throw new RangeError("it lists no channels");
  return channels;
}

/** Two bytes, or five where the sample rate is none of the usual. AAC LC unless told otherwise; SBR is not signalled. */
export function buildAudioSpecificConfig(sampleRate: number, channels: number, objectType = 2): Uint8Array {
  const configuration = channelCounts.indexOf(channels);
  if (configuration < 1) throw new RangeError(`AAC has no channel configuration of ${channels} channels`);
  if (objectType < 1 || 30 < objectType) throw new RangeError(`object type ${objectType} is not written here`);
  const index = sampleRates.indexOf(sampleRate);
  if (0 <= index) return Uint8Array.of((objectType << 3) | (index >> 1), ((index & 1) << 7) | (configuration << 3));
  const high = (objectType << 3) | (escapedRate >> 1);
  const low = 2 ** 31 + sampleRate * 2 ** 7 + configuration * 2 ** 3;
  return Uint8Array.of(high, low >>> 24, (low >>> 16) & 0xff, (low >>> 8) & 0xff, low & 0xff);
}

export const adtsHeaderSize = 7;

/**
 * The header of an ADTS frame with one raw data block of `dataSize` bytes and no check sum.
 *
 * @throws CodecError "unsupported-codec" where ADTS cannot say the configuration
 */
export function buildAdtsHeader(config: AacConfig, dataSize: number): Uint8Array {
  const index = sampleRates.indexOf(config.sampleRate);
  const { objectType, channelConfiguration: channels } = config;
  if (4 < objectType || index < 0 || channels < 1 || 7 < channels || config.samplesPerFrame !== 1024)
    throw new CodecError("unsupported-codec", `ADTS cannot carry ${config.codecName} as it is configured here.`);
  const size = adtsHeaderSize + dataSize;
  if (0x1fff < size) throw new CodecError("invalid-frame", `An AAC frame of ${dataSize} bytes is too long for ADTS.`);
  return Uint8Array.of(
    0xff,
    0xf1,
    ((objectType - 1) << 6) | (index << 2) | (channels >> 2),
    ((channels & 3) << 6) | (size >> 11),
    (size >> 3) & 0xff,
    ((size & 7) << 5) | 0x1f,
    0xfc,
  );
}

export type AdtsHeader = {
  objectType: number;
  sampleRate: number;
  channelConfiguration: number;
  /** Bytes: 7, or 9 with a check sum. */
  headerSize: number;
  /** Bytes with the header. */
  frameSize: number;
};

/** `undefined`: no ADTS header begins here. */
export function parseAdtsHeader(bytes: Uint8Array): AdtsHeader | undefined {
  if (bytes.length < adtsHeaderSize || bytes[0] !== 0xff || (bytes[1]! & 0xf6) !== 0xf0) return undefined;
  const sampleRate = sampleRates[(bytes[2]! >> 2) & 15];
  const headerSize = bytes[1]! & 1 ? 7 : 9;
  const frameSize = ((bytes[3]! & 3) << 11) | (bytes[4]! << 3) | (bytes[5]! >> 5);
  if (sampleRate === undefined || frameSize < headerSize) return undefined;
  const channelConfiguration = ((bytes[2]! & 1) << 2) | (bytes[3]! >> 6);
  return { objectType: (bytes[2]! >> 6) + 1, sampleRate, channelConfiguration, headerSize, frameSize };
}

/** A frame without the ADTS header that some producers leave on it. A raw data block cannot begin as the header does. */
export function rawAacFrame(frame: Uint8Array): Uint8Array {
  const header = parseAdtsHeader(frame);
  return header?.frameSize === frame.length ? frame.subarray(header.headerSize) : frame;
}
