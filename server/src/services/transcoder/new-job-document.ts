/**
 * A new job's document: the request as it was checked, a copy of each preset, and nothing done yet.
 */
import type { CreateJobOutput, JobInput } from "@aws-sdk/client-elastic-transcoder";
import type { InputDocument, JobDocument, OutputDocument } from "../../storage/records/job-document.ts";
import type { Preset } from "../../storage/records/presets.ts";
import { contentProtectionOf, encryptionOf } from "./rules/encryption.ts";
import type { JobRequest, KeyedOutput } from "./rules/job-request.ts";

/** `presets` in the order of the request's outputs. */
export function newJobDocument(request: JobRequest, presets: readonly Preset[]): JobDocument {
  return {
    inputs: request.inputs.map(newInput),
    outputs: request.outputs.map((output, index) => newOutput(output, String(index + 1), presets[index]!)),
    playlists: request.playlists.map(({ Name, Format, OutputKeys, HlsContentProtection }) => ({
      Name,
      Format,
      OutputKeys,
      HlsContentProtection: contentProtectionOf(HlsContentProtection),
      Status: "Submitted",
    })),
    OutputKeyPrefix: request.outputKeyPrefix,
    UserMetadata: request.userMetadata,
  };
}

function newInput(input: JobInput & { Key: string }): InputDocument {
  const { Key, FrameRate, Resolution, AspectRatio, Interlaced, Container, TimeSpan } = input;
  const Encryption = encryptionOf(input.Encryption);
  return { Key, FrameRate, Resolution, AspectRatio, Interlaced, Container, Encryption, TimeSpan };
}

function newOutput(output: KeyedOutput, id: string, preset: Preset): OutputDocument {
  const { Key, ThumbnailPattern, Rotate, SegmentDuration, Composition }: CreateJobOutput & { Key: string } = output;
  return {
    Id: id,
    Key,
    ThumbnailPattern,
    ThumbnailEncryption: encryptionOf(output.ThumbnailEncryption),
    Rotate,
    PresetId: preset.id,
    SegmentDuration,
    Watermarks: output.Watermarks?.map(({ PresetWatermarkId, InputKey, Encryption }) => ({
      PresetWatermarkId,
      InputKey,
      Encryption: encryptionOf(Encryption),
    })),
    Composition: Composition?.map(({ TimeSpan }) => ({ TimeSpan })),
    Encryption: encryptionOf(output.Encryption),
    preset: preset.document,
    Status: "Submitted",
  };
}
