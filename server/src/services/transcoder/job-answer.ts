/**
 * A job as the API shows it: every member is there, with null where it has no value, and `Input` and `Output` repeat the
 * first of `Inputs` and `Outputs` whichever the request used.
 */
import type {
  HlsContentProtection,
  JobInput,
  JobOutput,
  Playlist,
  Encryption as WireEncryption,
  Job as WireJob,
  TimeSpan as WireTimeSpan,
} from "@aws-sdk/client-elastic-transcoder";
import type {
  ContentProtectionDocument,
  EncryptionDocument,
  InputDocument,
  JobProgress,
  OutputDocument,
  PlaylistDocument,
  TimeSpan,
} from "../../storage/records/job-document.ts";
import type { Job } from "../../storage/records/jobs.ts";
import type { RequestContext } from "../operation.ts";
import type { Answer } from "../operations-of.ts";
import { arnOf } from "./context.ts";

/** Ours, beside what the API has; SDKs ignore it. Null until a worker has reported. */
export type MillraceMember = {
  Percent: number;
  Speed: number | null;
  EtaSeconds: number | null;
  Stage: JobProgress["stage"];
  Outputs: { Id: string; Percent: number; Speed: number | null; EtaSeconds: number | null }[];
};

export type JobAnswer = Answer<WireJob> & { Millrace: MillraceMember | null };

export function jobAnswer(job: Job, ctx: RequestContext): JobAnswer {
  const inputs = job.document.inputs.map(inputAnswer);
  const outputs = job.document.outputs.map(outputAnswer);
  return {
    Id: job.id,
    Arn: arnOf(ctx, "job", job.id),
    PipelineId: job.pipeline_id,
    Input: inputs[0] ?? null,
    Inputs: inputs,
    Output: outputs[0] ?? null,
    Outputs: outputs,
    OutputKeyPrefix: job.document.OutputKeyPrefix ?? null,
    Playlists: job.document.playlists.map(playlistAnswer),
    Status: job.status,
    UserMetadata: job.document.UserMetadata ?? null,
    Timing: {
      SubmitTimeMillis: job.submitted_at,
      StartTimeMillis: job.started_at,
      FinishTimeMillis: job.finished_at,
    },
    Millrace: job.progress && progressAnswer(job.progress),
  };
}

function inputAnswer(input: InputDocument): Answer<JobInput> {
  const detected = input.DetectedProperties;
  return {
    Key: input.Key,
    FrameRate: input.FrameRate ?? null,
    Resolution: input.Resolution ?? null,
    AspectRatio: input.AspectRatio ?? null,
    Interlaced: input.Interlaced ?? null,
    Container: input.Container ?? null,
    Encryption: encryptionAnswer(input.Encryption),
    TimeSpan: timeSpanAnswer(input.TimeSpan),
    InputCaptions: null,
    DetectedProperties: detected
      ? {
          Width: detected.Width ?? null,
          Height: detected.Height ?? null,
          FrameRate: detected.FrameRate ?? null,
          FileSize: detected.FileSize ?? null,
          DurationMillis: detected.DurationMillis ?? null,
        }
      : null,
  };
}

function outputAnswer(output: OutputDocument): Answer<JobOutput> {
  return {
    Id: output.Id,
    Key: output.Key,
    ThumbnailPattern: output.ThumbnailPattern ?? null,
    ThumbnailEncryption: encryptionAnswer(output.ThumbnailEncryption),
    Rotate: output.Rotate ?? null,
    PresetId: output.PresetId,
    SegmentDuration: output.SegmentDuration ?? null,
    Status: output.Status,
    StatusDetail: output.StatusDetail ?? null,
    Duration: output.Duration ?? null,
    Width: output.Width ?? null,
    Height: output.Height ?? null,
    FrameRate: output.FrameRate ?? null,
    FileSize: output.FileSize ?? null,
    DurationMillis: output.DurationMillis ?? null,
    Watermarks: (output.Watermarks ?? []).map(({ PresetWatermarkId, InputKey, Encryption }) => ({
      PresetWatermarkId: PresetWatermarkId ?? null,
      InputKey: InputKey ?? null,
      Encryption: encryptionAnswer(Encryption),
    })),
    AlbumArt: null,
    Composition: output.Composition?.map(({ TimeSpan }) => ({ TimeSpan: timeSpanAnswer(TimeSpan) })) ?? null,
    Captions: null,
    Encryption: encryptionAnswer(output.Encryption),
    AppliedColorSpaceConversion: output.AppliedColorSpaceConversion ?? null,
  };
}

function playlistAnswer(playlist: PlaylistDocument): Answer<Playlist> {
  return {
    Name: playlist.Name,
    Format: playlist.Format,
    OutputKeys: playlist.OutputKeys,
    HlsContentProtection: protectionAnswer(playlist.HlsContentProtection),
    PlayReadyDrm: null,
    Status: playlist.Status,
    StatusDetail: playlist.StatusDetail ?? null,
  };
}

/** A key that the job is to make is not there before it has begun. */
function encryptionAnswer(encryption: EncryptionDocument | undefined): Answer<WireEncryption> | null {
  if (!encryption) return null;
  const { Mode, Key, KeyMd5, InitializationVector } = encryption;
  return {
    Mode,
    Key: Key ?? null,
    KeyMd5: KeyMd5 ?? null,
    InitializationVector: InitializationVector ?? null,
  };
}

function protectionAnswer(protection: ContentProtectionDocument | undefined): Answer<HlsContentProtection> | null {
  if (!protection) return null;
  const { Method, Key, KeyMd5, InitializationVector, LicenseAcquisitionUrl, KeyStoragePolicy } = protection;
  return {
    Method,
    Key: Key ?? null,
    KeyMd5: KeyMd5 ?? null,
    InitializationVector: InitializationVector ?? null,
    LicenseAcquisitionUrl: LicenseAcquisitionUrl ?? null,
    KeyStoragePolicy: KeyStoragePolicy ?? null,
  };
}

function timeSpanAnswer(span: TimeSpan | null | undefined): Answer<WireTimeSpan> | null {
  return span ? { StartTime: span.StartTime ?? null, Duration: span.Duration ?? null } : null;
}

function progressAnswer(progress: JobProgress): MillraceMember {
  return {
    Percent: progress.percent,
    Speed: progress.speed ?? null,
    EtaSeconds: progress.etaSeconds ?? null,
    Stage: progress.stage,
    Outputs: progress.outputs.map(({ id, percent, speed, etaSeconds }) => ({
      Id: id,
      Percent: percent,
      Speed: speed ?? null,
      EtaSeconds: etaSeconds ?? null,
    })),
  };
}
