/**
 * The sound of one output: which tracks, how many channels, and the encoder.
 */
import type { AudioSettings } from "../../storage/records/job-document.ts";
import type { Capabilities } from "./capabilities.ts";
import type { Step } from "./filter-graph.ts";
import type { AudioStream } from "./probe.ts";

export type AudioPlan = {
  /** One chain for each track of the output, all from the input's stream `from`. */
  from: number;
  tracks: readonly (readonly Step[])[];
  /** ffmpeg's options for the output file. */
  args: readonly string[];
};

/**
 * `undefined`: the output has no sound, because the preset or the input has none.
 * `pad` names an input stream in the filter graph; `startSeconds` is where the clip begins, and
 * `begin` cuts off what is decoded before that.
 */
export function planAudio(
  settings: AudioSettings | null | undefined,
  streams: readonly AudioStream[],
  container: string,
  capabilities: Capabilities,
  { pad, startSeconds, begin }: { pad(streamIndex: number): string; startSeconds: number; begin: readonly string[] },
): AudioPlan | { refused: string } | undefined {
  const first = streams[0];
  if (!settings?.Codec || settings.Channels === "0" || !first) return undefined;
  const encoder = planEncoder(settings, container, capabilities);
  if ("refused" in encoder) return encoder;
  const sampleRate = planSampleRate(settings, first.sampleRate, encoder);
  if (typeof sampleRate !== "number") return sampleRate;

  const second = isPairOfMono(streams, settings) ? streams[1] : undefined;
  const channelsIn = second ? 2 : first.channels;
  const channels = Math.min(channelsOf(settings, channelsIn), encoder.maxChannels);
  const steps: Step[] = [...begin];
  if (second)
    steps.push({
      other: `[${pad(second.index)}]${begin.join(",") || "anull"}`,
      join: "join=inputs=2:channel_layout=stereo",
    });
  // Gaps are filled with silence, the one before a late beginning too, so that sound and picture stay together. Only that:
  // when the channels change on the way, the filter begins anew, and would fill all that has passed.
  const isLate = startSeconds < first.lateSeconds;
  steps.push(`aresample=${sampleRate}:async=1${isLate ? ":first_pts=0" : ""}`);
  // FFmpeg's own upmix would make both sides quieter.
  if (channelsIn === 1 && channels === 2) steps.push("pan=stereo|c0=c0|c1=c0");
  else steps.push(`aformat=channel_layouts=${layouts[channels]}`);
  return { from: first.index, tracks: packTracks(steps, channels, settings.AudioPackingMode), args: encoder.args };
}

/** Mono tracks cut out of the mix, and silent ones (MOS) up to eight, as broadcast files want them. */
function packTracks(steps: readonly Step[], channels: number, packing: string | undefined): Step[][] {
  if (!packing || packing === "SingleTrack") return [[...steps]];
  const tracks = Array.from({ length: channels }, (_, channel) => [...steps, `pan=mono|c0=c${channel}`]);
  const silent = packing === "OneChannelPerTrackWithMosTo8Tracks" ? Math.max(0, 8 - tracks.length) : 0;
  return [...tracks, ...Array.from({ length: silent }, () => [...steps, "pan=mono|c0=0*c0"])];
}

/** Two mono tracks are a stereo pair split over tracks, as cameras and broadcast files have it. */
function isPairOfMono(streams: readonly AudioStream[], { Channels }: AudioSettings): boolean {
  return Channels !== "1" && streams.length > 1 && streams[0]!.channels === 1 && streams[1]!.channels === 1;
}

function channelsOf({ Channels }: AudioSettings, channelsIn: number): number {
  return Channels === "1" ? 1 : Channels === "2" ? 2 : Math.min(8, channelsIn);
}

const layouts: Record<number, string> = {
  1: "mono",
  2: "stereo",
  3: "3.0",
  4: "4.0",
  5: "5.0",
  6: "5.1",
  7: "6.1",
  8: "7.1",
};

type Encoder = { args: string[]; maxChannels: number; sampleRates?: readonly number[]; maxSampleRate?: number };

const mpegRates = [22_050, 32_000, 44_100, 48_000];

function planEncoder(
  settings: AudioSettings,
  container: string,
  capabilities: Capabilities,
): Encoder | { refused: string } {
  const rate = settings.BitRate ? ["-b:a", `${settings.BitRate}k`] : [];
  const bound = settings.BitRate ? ["-maxrate:a", `${Math.round(Number(settings.BitRate) * 1.5)}k`] : [];
  switch (settings.Codec) {
    case "AAC": {
      const chosen = planAac(settings, capabilities);
      return "refused" in chosen
        ? chosen
        : { args: [...chosen.args, ...rate], maxChannels: chosen.maxChannels, maxSampleRate: 96_000 };
    }
    case "mp3":
      return need(capabilities, "libmp3lame", "mp3", {
        args: ["-c:a", "libmp3lame", ...rate],
        maxChannels: 2,
        sampleRates: container === "flv" ? [22_050, 44_100] : mpegRates,
      });
    case "mp2":
      return need(capabilities, "mp2", "mp2", {
        args: ["-c:a", "mp2", ...rate],
        maxChannels: 2,
        sampleRates: mpegRates,
      });
    case "vorbis":
      // Its rate is managed only when it is bounded; else noisy sound gets a fifth less.
      return need(capabilities, "libvorbis", "vorbis", {
        args: ["-c:a", "libvorbis", ...rate, ...bound],
        maxChannels: 8,
      });
    case "flac": {
      const depth = settings.CodecOptions?.BitDepth === "24" ? ["s32", "24"] : ["s16", "16"];
      const args = ["-c:a", "flac", "-sample_fmt:a", depth[0]!, "-bits_per_raw_sample:a", depth[1]!];
      return need(capabilities, "flac", "flac", { args, maxChannels: 8 });
    }
    case "pcm":
      return planPcm(settings, container);
    default:
      return { refused: `The audio codec ${settings.Codec} is not known.` };
  }
}

/** Thresholds of profile auto are unpublished: above 64 kbit/s LC; at or below, HE for stereo if the encoder can. */
function planAac(
  settings: AudioSettings,
  { encoders }: Capabilities,
): { args: string[]; maxChannels: number } | { refused: string } {
  const fdk = encoders.has("libfdk_aac");
  const { Profile = "AAC-LC" } = settings.CodecOptions ?? {};
  const isLowRate = Number(settings.BitRate) <= 64 && settings.Channels !== "1";
  const profile = Profile === "auto" ? (isLowRate && fdk ? "HE-AAC" : "AAC-LC") : Profile;
  if (profile === "HE-AAC" || profile === "HE-AACv2") {
    if (!fdk)
      return { refused: `The FFmpeg at hand cannot encode ${profile}: it has no libfdk_aac. AAC-LC is available.` };
    const isV2 = profile === "HE-AACv2";
    return { args: ["-c:a", "libfdk_aac", "-profile:a", isV2 ? "aac_he_v2" : "aac_he"], maxChannels: isV2 ? 2 : 8 };
  }
  return { args: ["-c:a", fdk ? "libfdk_aac" : "aac", "-profile:a", "aac_low"], maxChannels: 8 };
}

function planPcm(settings: AudioSettings, container: string): Encoder | { refused: string } {
  const { BitDepth = "16", Signed } = settings.CodecOptions ?? {};
  const isSigned = Signed ? Signed === "Signed" : BitDepth !== "8";
  const codec = `pcm_${isSigned ? "s" : "u"}${BitDepth}${BitDepth === "8" ? "" : "le"}`;
  // WAV has unsigned bytes and signed words, by its definition; MXF has signed words of 16 and 24 bits.
  const fitting = container === "mxf" ? ["pcm_s16le", "pcm_s24le"] : ["pcm_u8", "pcm_s16le", "pcm_s24le", "pcm_s32le"];
  if (!fitting.includes(codec)) {
    return { refused: `A ${container} file cannot hold ${isSigned ? "signed" : "unsigned"} PCM of ${BitDepth} bits.` };
  }
  return { args: ["-c:a", codec], maxChannels: 8, ...(container === "mxf" && { sampleRates: [48_000] }) };
}

/** A rate that is asked for is kept or refused; auto takes the nearest that the codec has. */
function planSampleRate(settings: AudioSettings, input: number, encoder: Encoder): number | { refused: string } {
  const { sampleRates, maxSampleRate = 192_000 } = encoder;
  const asked = Number(settings.SampleRate) || undefined;
  if (asked !== undefined) {
    const isPossible = sampleRates ? sampleRates.includes(asked) : asked <= maxSampleRate;
    return isPossible ? asked : { refused: `${settings.Codec} cannot have a sample rate of ${asked} Hz here.` };
  }
  if (!sampleRates) return Math.min(Math.max(input, 8000), maxSampleRate);
  return sampleRates.find((rate) => input <= rate) ?? sampleRates.at(-1)!;
}

function need(
  capabilities: Capabilities,
  name: string,
  codec: string,
  encoder: Encoder,
): Encoder | { refused: string } {
  if (capabilities.encoders.has(name)) return encoder;
  return { refused: `The FFmpeg at hand cannot encode ${codec}: it has no ${name}.` };
}
