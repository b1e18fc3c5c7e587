/**
 * What a job's request must be, taken together. The single members are checked by constraints.ts, playlists in
 * playlists.ts, keys in encryption.ts, and what cannot be done yet in not-done-yet.ts.
 */
import type { CreateJobOutput, CreateJobRequest, JobInput, TimeSpan } from "@aws-sdk/client-elastic-transcoder";
import { parseTime } from "../../../engine/ffmpeg/clip.ts";
import { keySuffix } from "../../../engine/ffmpeg/plan-output-files.ts";
import type { PresetDocument } from "../../../storage/records/job-document.ts";
import { membersMissing, validationFailed } from "../errors.ts";
import { encryptionProblems } from "./encryption.ts";
import type { JobRequest, KeyedOutput } from "./job-request.ts";
import { playlistProblems } from "./playlists.ts";

/** @throws ValidationException for what is wrong whatever the presets are */
export function checkJobRequest(request: CreateJobRequest): JobRequest {
  const inputs = oneSpelling("Input", request.Input, request.Inputs);
  const outputs = oneSpelling("Output", request.Output, request.Outputs);
  const playlists = request.Playlists ?? [];

  const missing = [
    ...missingMembers(inputs, request.Inputs ? "inputs" : "input", ["Key"]),
    ...missingMembers(outputs, request.Outputs ? "outputs" : "output", ["Key", "PresetId"]),
    ...missingMembers(playlists, "playlists", ["Name", "Format", "OutputKeys"]),
    ...outputs.flatMap(({ Watermarks }, index) =>
      missingMembers(
        Watermarks ?? [],
        request.Outputs ? `outputs.${index + 1}.member.watermarks` : "output.watermarks",
        ["PresetWatermarkId", "InputKey"],
      ),
    ),
  ];
  if (0 < missing.length) throw membersMissing(missing);

  const checked: JobRequest = {
    inputs: inputs as JobRequest["inputs"],
    outputs: outputs as JobRequest["outputs"],
    playlists: playlists as JobRequest["playlists"],
    outputKeyPrefix: request.OutputKeyPrefix,
    userMetadata: request.UserMetadata,
  };
  const problems = [
    ...inputs.flatMap(inputProblems),
    ...outputs.flatMap(outputProblems),
    ...repeated(outputs.map(({ Key }) => Key!)).map((key) => `The output key '${key}' is used more than once.`),
    ...metadataProblems(request.UserMetadata),
    ...encryptionProblems(checked),
  ];
  if (0 < problems.length) throw validationFailed(problems.join(" "));
  return checked;
}

/** `presets` in the order of the outputs. @throws ValidationException */
export function checkJobWithPresets(request: JobRequest, presets: readonly PresetDocument[]): void {
  const problems = [
    ...request.outputs.flatMap((output, index) => outputWithPresetProblems(output, presets[index]!)),
    ...playlistProblems(request.playlists, request.outputs, presets),
  ];
  if (problems.length === 0) problems.push(...collisions(request, presets));
  if (0 < problems.length) throw validationFailed(problems.join(" "));
}

function oneSpelling<Item>(name: string, single: Item | undefined, several: readonly Item[] | undefined) {
  if (single && several && 0 < several.length) throw validationFailed(`${name} and ${name}s are mutually exclusive.`);
  const items = single ? [single] : (several ?? []);
  if (items.length === 0) throw validationFailed(`${name} and ${name}s are not allowed to both be null or empty.`);
  return items;
}

function missingMembers<Item extends object>(items: readonly Item[], path: string, names: (keyof Item & string)[]) {
  return items.flatMap((item, index) =>
    names
      .filter((name) => item[name] === undefined || item[name] === null)
      .map((name) => {
        const member = path.endsWith("s") ? `.${index + 1}.member` : "";
        return `${path}${member}.${name[0]!.toLowerCase()}${name.slice(1)}`;
      }),
  );
}

function inputProblems({ Key, Resolution, TimeSpan }: JobInput): string[] {
  return [
    ...(Resolution && Resolution !== "auto" ? [`The Resolution of input '${Key}' must be auto.`] : []),
    ...timeSpanProblems(`input '${Key}'`, TimeSpan),
  ];
}

function outputProblems({ Key, SegmentDuration, Watermarks, Composition }: CreateJobOutput): string[] {
  const problems: string[] = [];
  if (SegmentDuration && !(1 <= Number(SegmentDuration) && Number(SegmentDuration) <= 60)) {
    problems.push(`The SegmentDuration of output '${Key}' must be from 1 to 60 seconds.`);
  }
  if (4 < (Watermarks ?? []).length) problems.push(`Output '${Key}' has more than 4 watermarks.`);
  if (1 < (Composition ?? []).length) problems.push(`The Composition of output '${Key}' has more than one clip.`);
  for (const clip of Composition ?? []) problems.push(...timeSpanProblems(`output '${Key}'`, clip.TimeSpan));
  return problems;
}

const lastSecondOfDay = 86399.999;

function timeSpanProblems(of: string, span: TimeSpan | undefined): string[] {
  const problems: string[] = [];
  for (const [name, value] of [
    ["StartTime", span?.StartTime],
    ["Duration", span?.Duration],
  ] as const) {
    if (!value) continue;
    const seconds = parseTime(value) ?? 0;
    if (lastSecondOfDay < seconds) problems.push(`The ${name} of ${of} must be at most 23:59:59.999.`);
    if (name === "Duration" && seconds === 0) problems.push(`The Duration of ${of} must be more than 0.`);
  }
  return problems;
}

const metadataText = /^[0-9A-Za-z _.:/=+\-%@]*$/;

function metadataProblems(metadata: Record<string, string> | undefined): string[] {
  const entries = Object.entries(metadata ?? {});
  const problems = 10 < entries.length ? ["UserMetadata has more than 10 pairs."] : [];
  for (const [key, value] of entries) {
    if (key.length < 1 || 128 < key.length) problems.push("The keys of UserMetadata must have 1 to 128 characters.");
    if (256 < value.length) problems.push(`The value of '${key}' in UserMetadata has more than 256 characters.`);
    if (!metadataText.test(key) || !metadataText.test(value)) {
      problems.push(`UserMetadata '${key}' has characters other than 0-9A-Za-z, space and _.:/=+-%@.`);
    }
  }
  return problems;
}

function outputWithPresetProblems(output: KeyedOutput, preset: PresetDocument): string[] {
  const problems: string[] = [];
  const { Key, SegmentDuration, ThumbnailPattern, Watermarks } = output;
  if (SegmentDuration && !["ts", "fmp4"].includes(preset.Container)) {
    problems.push(
      `Output '${Key}' must not have a SegmentDuration: it is available only for 'ts' and 'fmp4' containers.`,
    );
  }
  if (ThumbnailPattern && !(preset.Video && preset.Thumbnails)) {
    problems.push(`Output '${Key}' has a ThumbnailPattern, and its preset has no settings for thumbnails.`);
  }
  for (const { PresetWatermarkId: id } of Watermarks ?? []) {
    if (!preset.Video?.Watermarks?.some((watermark) => watermark.Id === id)) {
      problems.push(`Output '${Key}' uses watermark '${id}', which its preset does not have.`);
    }
  }
  return problems;
}

/** Two files of one job under one key would leave only the later. */
function collisions({ outputs, playlists }: JobRequest, presets: readonly PresetDocument[]): string[] {
  const segmented = outputs.filter((output, index) => output.SegmentDuration && presets[index]!.Container === "ts");
  const names = [
    ...outputs.map((output) => (segmented.includes(output) ? `${output.Key}.m3u8` : output.Key)),
    ...playlists.map(({ Name }) => `${Name}.m3u8`),
    ...playlists.flatMap(({ HlsContentProtection: protection, OutputKeys }) =>
      protection?.KeyStoragePolicy === "WithVariantPlaylists" ? OutputKeys.map((key) => `${key}${keySuffix}`) : [],
    ),
  ];
  const segments = segmented.flatMap(({ Key }) =>
    names.filter((name) => name.startsWith(Key) && /^\d{5,}\.ts$/.test(name.slice(Key.length))),
  );
  return [...new Set([...repeated(names), ...segments])].map(
    (name) => `More than one file of the job would have the key '${name}'.`,
  );
}

function repeated(values: readonly string[]): string[] {
  return [...new Set(values.filter((value, index) => values.indexOf(value) !== index))];
}
