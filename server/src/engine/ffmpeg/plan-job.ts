/**
 * One FFmpeg command for all outputs of a job: the input is decoded once for each distinct clip, nearly always once.
 */
import type { Capabilities } from "./capabilities.ts";
import { type Clip, checkClip, parseClip, planSeek } from "./clip.ts";
import { buildFilterGraph, type Chain } from "./filter-graph.ts";
import type { Size } from "./geometry.ts";
import { imageArguments, inputName, mediaArguments } from "./input-arguments.ts";
import { planAudio } from "./plan-audio.ts";
import { planMetadata } from "./plan-metadata.ts";
import { isSegmented, muxerArguments, scratchNames, segmenterArguments } from "./plan-output-files.ts";
import { planThumbnails, type ThumbnailPlan } from "./plan-thumbnails.ts";
import {
  type PicturePlan,
  pictureSteps,
  planPicture,
  type SourceVideo,
  taggingSteps,
  toneMappedSize,
} from "./plan-video.ts";
import { planVideoEncoder } from "./plan-video-encoder.ts";
import { type Watermark, watermarkSteps } from "./plan-watermarks.ts";
import type { Probe } from "./probe.ts";
import type { TextMeasure } from "./text-watermarks.ts";
import type { Failure, TranscodeOutput, TranscodeRequest } from "./transcode.types.ts";

/** What is known of a watermark before it is placed: an image's file and size, or a text's file and measure. */
export type WatermarkAsset = { path: string; size: Size } | { textFile: string; measure: TextMeasure };

export type JobContext = {
  request: Pick<TranscodeRequest, "input" | "userMetadata">;
  probe: Probe;
  /** The probed video, once it is known whether it is really interlaced. */
  source?: SourceVideo;
  capabilities: Capabilities;
  /** By output id, in the order of the output's watermarks; or why they cannot be used. */
  watermarks: ReadonlyMap<string, readonly WatermarkAsset[] | { failure: Failure }>;
};

export type PlannedOutput = {
  output: TranscodeOutput;
  clip: Clip;
  warning?: string;
  picture?: PicturePlan;
  thumbnails?: ThumbnailPlan;
  hasAudio: boolean;
};

export type JobPlan = {
  /** ffmpeg's arguments; names of its own are relative to the scratch folder. Empty when nothing can be planned. */
  args: string[];
  planned: readonly PlannedOutput[];
  failed: readonly { id: string; failure: Failure }[];
};

export function planJob(outputs: readonly TranscodeOutput[], context: JobContext): JobPlan {
  const failed: { id: string; failure: Failure }[] = [];
  const candidates: Candidate[] = [];
  for (const output of outputs) {
    const candidate = planCandidate(output, context);
    if ("failure" in candidate) failed.push({ id: output.id, failure: candidate.failure });
    else candidates.push(candidate);
  }
  const inputs = new InputList(context.request.input.url, context.probe.container);
  const files = candidates.map((candidate) => planFile(candidate, candidates, inputs, context));
  const sound: { file: FilePlan; candidate: Candidate }[] = [];
  files.forEach((file, index) => {
    const candidate = candidates[index]!;
    if ("failure" in file) failed.push({ id: candidate.output.id, failure: file.failure });
    else sound.push({ file, candidate });
  });
  if (sound.length === 0) return { args: [], planned: [], failed };
  const chains = sound.flatMap(({ file }) => file.chains);
  const args = [
    ...["-hide_banner", "-nostdin", "-y", "-nostats", "-progress", "pipe:1", "-stats_period", "0.5"],
    ...inputs.args,
    ...filterGraphs(chains),
    ...sound.flatMap(({ file }) => file.args),
  ];
  const planned = sound.map(({ file, candidate: { output, clip, warning, picture } }) => ({
    output,
    clip,
    hasAudio: file.hasAudio,
    ...(warning && { warning }),
    ...(picture && { picture }),
    ...(file.thumbnails && { thumbnails: file.thumbnails }),
  }));
  return { args, planned, failed };
}

/**
 * Pictures and sound in graphs of their own: when a broadcast goes from stereo to 5.1, FFmpeg sets up the graph of its
 * sound anew, and what that graph knew (frames so far, when the next thumbnail is due) begins again.
 */
function filterGraphs(chains: readonly Chain[]): string[] {
  return (["video", "audio"] as const).flatMap((kind) => {
    const own = chains.filter((chain) => chain.kind === kind);
    return own.length > 0 ? ["-filter_complex", buildFilterGraph(own) + detachment(own[0]!)] : [];
  });
}

/**
 * FFmpeg 5 and 6 copy what the input's stream says of itself (rotation, HDR mastering) to outputs of a graph with a single
 * input, though the pictures have been turned and mapped. A second input, which leads nowhere, keeps it from that.
 */
function detachment({ from, kind }: Chain): string {
  return `;[${from}]${kind === "video" ? "nullsink" : "anullsink"}`;
}

type Candidate = { output: TranscodeOutput; clip: Clip; warning?: string; picture?: PicturePlan };

/** Whether input, clip and preset go together, and what the picture will be. */
function planCandidate(
  output: TranscodeOutput,
  { probe, source, watermarks }: JobContext,
): Candidate | { failure: Failure } {
  const { Video, Audio, Container } = output.preset;
  const clip = parseClip(output.timeSpan);
  const { failure, warning } = checkClip(clip, probe.durationSeconds);
  if (failure) return { failure };
  const wantsVideo = Boolean(Video?.Codec);
  const wantsAudio = Boolean(Audio?.Codec) && Audio?.Channels !== "0";
  if (wantsVideo && !source) return mismatch("The preset has video settings, but the input file has no video.");
  if (!wantsVideo && wantsAudio && probe.audio.length === 0) {
    return mismatch("The preset has audio settings, but the input file has no audio.");
  }
  if (!wantsVideo && !wantsAudio) return refused(`The preset makes neither video nor audio for the ${Container} file.`);
  const drawn = watermarks.get(output.id);
  if (drawn && "failure" in drawn) return { failure: drawn.failure };
  const picture = wantsVideo ? planPicture(source!, Video!, output) : undefined;
  return { output, clip, ...(warning && { warning }), ...(picture && { picture }) };
}

type FilePlan = { chains: Chain[]; args: string[]; hasAudio: boolean; thumbnails?: ThumbnailPlan };

function planFile(
  { output, clip, picture }: Candidate,
  all: readonly Candidate[],
  inputs: InputList,
  context: JobContext,
): FilePlan | { failure: Failure } {
  const { request, probe, source, capabilities } = context;
  const { preset, segmentDuration } = output;
  const names = scratchNames(output.id);
  const label = names.folder.replace("output-", "");
  const input = inputs.clip(clip);
  const { leadSeconds } = planSeek(clip, probe.container);
  const begin = (kind: "" | "a") =>
    leadSeconds > 0 ? [`${kind}trim=start=${leadSeconds}`, `${kind}setpts=PTS-${leadSeconds}/TB`] : [];
  const chains: Chain[] = [];
  const maps: string[] = [];
  const codecs: string[] = [];
  let thumbnails: ThumbnailPlan | undefined;

  if (picture && source) {
    const encoder = planVideoEncoder(preset.Video!, picture, segmentDuration, capabilities);
    if ("refused" in encoder) return refused(encoder.refused);
    if (picture.colour.toneMapping && !(capabilities.filters.has("zscale") && capabilities.filters.has("tonemap"))) {
      return { failure: { code: 4006, sentence: "HDR video needs an FFmpeg with the filters zscale and tonemap." } };
    }
    const toneMapped = toneMappedSize(
      source,
      all.flatMap((candidate) => candidate.picture ?? []),
    );
    const watermarks = planWatermarks(output, context, inputs);
    if ("failure" in watermarks) return watermarks;
    const steps = [
      ...begin(""),
      ...pictureSteps(source, picture, toneMapped),
      ...watermarkSteps(watermarks.list, picture),
      ...taggingSteps(picture),
    ];
    const from = `${input}:${source.index}`;
    const isGif = preset.Video!.Codec === "gif";
    // A palette for each frame: one for all would keep every frame in memory until the end.
    const palette = {
      branch: "palettegen=stats_mode=single:reserve_transparent=0",
      join: "paletteuse=new=1:dither=bayer",
    };
    chains.push({ from, kind: "video", steps: isGif ? [...steps, palette] : steps, to: `v${label}` });
    maps.push("-map", `[v${label}]`);
    codecs.push(...encoder);
    if (output.thumbnailPattern && preset.Thumbnails) {
      thumbnails = planThumbnails(preset.Thumbnails, picture);
      chains.push({ from, kind: "video", steps: [...steps, ...thumbnails.steps], to: `t${label}` });
    }
  }

  const audio = planAudio(preset.Audio, probe.audio, preset.Container, capabilities, {
    pad: (stream) => `${input}:${stream}`,
    startSeconds: clip.startSeconds,
    begin: begin("a"),
  });
  if (audio && "refused" in audio) return refused(audio.refused);
  audio?.tracks.forEach((steps, track) => {
    const to = `a${label}_${track}`;
    chains.push({ from: `${input}:${audio.from}`, kind: "audio", steps, to });
    maps.push("-map", `[${to}]`);
  });
  codecs.push(...(audio?.args ?? []));

  const metadata = planMetadata(preset.Container, request.userMetadata);
  const muxer = muxerArguments(preset.Container, {
    hasVideo: picture !== undefined,
    hasFreeMetadata: metadata.hasFreeKeys,
    loopCount: preset.Video?.CodecOptions?.LoopCount || undefined,
    segmentDuration,
  });
  if (!muxer) return refused(`The container ${preset.Container} is not known.`);
  // The input's own limit counts from the first frame of each stream, which may be late.
  const length = clip.lengthSeconds !== undefined ? ["-t", `${clip.lengthSeconds}`] : [];
  const common = [
    ...[...maps, ...length, ...codecs],
    ...["-map_metadata", "-1", "-map_chapters", "-1", ...metadata.args, "-fflags", "+bitexact"],
  ];
  const args = isSegmented(output)
    ? [...common, ...segmenterArguments(names, segmentDuration!), names.segments]
    : [...common, ...muxer, names.media];
  if (thumbnails) args.push("-map", `[t${label}]`, ...length, ...thumbnails.args, names.thumbnails(thumbnails.format));
  return { chains, args, hasAudio: audio !== undefined, ...(thumbnails && { thumbnails }) };
}

function planWatermarks(
  output: TranscodeOutput,
  context: JobContext,
  inputs: InputList,
): { list: Watermark[] } | { failure: Failure } {
  const assets = context.watermarks.get(output.id) ?? [];
  if ("failure" in assets) return assets;
  const list: Watermark[] = [];
  for (const [index, asset] of assets.entries()) {
    const id = output.watermarks[index]!.presetWatermarkId;
    const preset = output.preset.Video?.Watermarks?.find((candidate) => candidate.Id === id);
    if (!preset) return refused(`The preset has no watermark ${id}.`);
    list.push("path" in asset ? { preset, size: asset.size, pad: inputs.image(asset.path) } : { preset, ...asset });
  }
  return { list };
}

/** ffmpeg's inputs: the media file for each distinct clip, then the images, each use its own. */
class InputList {
  readonly args: string[] = [];
  #url: string;
  #container: string;
  #count = 0;
  #clips = new Map<string, number>();

  constructor(url: string, container: string) {
    this.#url = url;
    this.#container = container;
  }

  clip(clip: Clip): number {
    const { startSeconds, lengthSeconds } = clip;
    const { seekSeconds, leadSeconds } = planSeek(clip, this.#container);
    const key = `${startSeconds} ${lengthSeconds}`;
    const known = this.#clips.get(key);
    if (known !== undefined) return known;
    this.args.push(
      ...mediaArguments(this.#url),
      ...(seekSeconds > 0 ? ["-ss", `${seekSeconds}`] : []),
      ...(lengthSeconds !== undefined ? ["-t", `${leadSeconds + lengthSeconds}`] : []),
      // Turning is planned: FFmpeg must not do it a second time. Nor set up the graph anew for pictures of another size.
      ...["-noautorotate", "-reinit_filter:v", "0", "-i", inputName(this.#url)],
    );
    this.#clips.set(key, this.#count);
    return this.#count++;
  }

  image(path: string): string {
    this.args.push(...imageArguments(), "-i", inputName(path));
    return `${this.#count++}:0`;
  }
}

function mismatch(sentence: string): { failure: Failure } {
  return { failure: { code: 4008, sentence } };
}

function refused(sentence: string): { failure: Failure } {
  return { failure: { code: 1000, sentence } };
}
