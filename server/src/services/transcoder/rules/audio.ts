/**
 * What the audio settings of a preset must be.
 */
import type { AudioSettings } from "../../../storage/records/job-document.ts";
import { expectValue, type Findings, oneOf, type ValueRule, wholeNumber } from "./findings.ts";

type CodecRules = {
  /** Hertz; absent: every rate of the API. */
  sampleRates?: readonly string[];
  /** kbit/s; absent: the codec has no such setting. */
  bitRate?: ValueRule;
  options: Record<string, ValueRule>;
};

const upTo48000 = ["22050", "32000", "44100", "48000"];

const codecs: Record<string, CodecRules> = {
  AAC: {
    sampleRates: [...upTo48000, "96000"],
    // The guide says 64 and more, and of HE-AACv2 that it is for less than 48.
    bitRate: wholeNumber(16, 320),
    options: { Profile: oneOf("auto", "AAC-LC", "HE-AAC", "HE-AACv2") },
  },
  mp3: { sampleRates: upTo48000, bitRate: wholeNumber(64, 320), options: {} },
  mp2: { sampleRates: upTo48000, bitRate: wholeNumber(64, 320), options: {} },
  vorbis: { bitRate: wholeNumber(64, 320), options: {} },
  flac: { options: { BitDepth: oneOf("16", "24") } },
  pcm: {
    options: {
      BitDepth: oneOf("8", "16", "24", "32"),
      BitOrder: oneOf("LittleEndian"),
      Signed: oneOf("Signed", "Unsigned"),
    },
  },
};

export function checkAudio(audio: AudioSettings, container: string, findings: Findings): void {
  const { problems, warnings } = findings;
  const codec = audio.Codec!;
  const rules = codecs[codec];
  if (rules === undefined) return;

  for (const [name, value] of Object.entries(audio.CodecOptions ?? {})) {
    const path = `Audio:CodecOptions:${name}`;
    if (value === undefined || value === null) continue;
    if (!Object.hasOwn(rules.options, name)) problems.push(`${path} is not allowed for codec ${codec}.`);
    else expectValue(findings, path, value, rules.options[name]!);
  }
  if (rules.bitRate) expectValue(findings, "Audio:BitRate", audio.BitRate, rules.bitRate);
  else if (audio.BitRate) warnings.push(`Audio:BitRate has no effect: codec ${codec} has none.`);
  if (rules.sampleRates) {
    expectValue(findings, "Audio:SampleRate", audio.SampleRate, oneOf("auto", ...rules.sampleRates));
  }
  if (container === "mxf") {
    if (audio.SampleRate !== "48000") problems.push("Audio:SampleRate must be 48000 for container mxf.");
  } else if (audio.AudioPackingMode && audio.AudioPackingMode !== "SingleTrack") {
    problems.push(`Audio:AudioPackingMode '${audio.AudioPackingMode}' is allowed only for container mxf.`);
  }
  if (container === "flv" && codec === "mp3") {
    expectValue(findings, "Audio:SampleRate", audio.SampleRate, oneOf("auto", "22050", "44100"));
  }
  if (codec === "AAC") warnOfProfile(audio, warnings);
  if (codec === "pcm") warnOfSamples(audio, container, warnings);
}

function warnOfProfile(audio: AudioSettings, warnings: string[]): void {
  const profile = audio.CodecOptions?.Profile;
  const bitRate = Number(audio.BitRate);
  if (profile === "HE-AAC" || profile === "HE-AACv2") {
    warnings.push(`Jobs with ${profile} fail where FFmpeg was built without libfdk_aac.`);
  }
  if (profile === "AAC-LC" && bitRate < 64) warnings.push("AAC-LC is meant for bit rates of 64 kbit/s and more.");
  if (profile === "HE-AAC" && (bitRate < 40 || 80 < bitRate)) {
    warnings.push("HE-AAC is meant for bit rates from 40 to 80 kbit/s.");
  }
  if (profile === "HE-AACv2" && 48 <= bitRate) warnings.push("HE-AACv2 is meant for bit rates below 48 kbit/s.");
}

function warnOfSamples({ CodecOptions }: AudioSettings, container: string, warnings: string[]): void {
  const { BitDepth, Signed } = CodecOptions ?? {};
  if (container === "wav" && BitDepth && Signed && (BitDepth === "8") !== (Signed === "Unsigned")) {
    warnings.push("WAV files hold 8 bit samples unsigned and wider ones signed: jobs with this preset fail.");
  }
  if (container === "mxf" && (BitDepth === "8" || BitDepth === "32")) {
    warnings.push("MXF files hold samples of 16 or 24 bit: jobs with this preset fail.");
  }
}
