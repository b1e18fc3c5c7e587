/**
 * How a job's document changes while it runs: pure, each change a new document.
 */
import type { JobDocument, OutputDocument, PlaylistDocument } from "../../storage/records/job-document.ts";
import type { OutputResult } from "../ffmpeg/transcode.types.ts";

export function withOutput(document: JobDocument, id: string, change: Partial<OutputDocument>): JobDocument {
  const outputs = document.outputs.map((output) => (output.Id === id ? { ...output, ...change } : output));
  return { ...document, outputs };
}

export function withPlaylist(document: JobDocument, name: string, change: Partial<PlaylistDocument>): JobDocument {
  const playlists = document.playlists.map((one) => (one.Name === name ? { ...one, ...change } : one));
  return { ...document, playlists };
}

export function withDetected(
  document: JobDocument,
  detected: NonNullable<JobDocument["inputs"][number]["DetectedProperties"]>,
): JobDocument {
  const inputs = document.inputs.map((input, at) => (at === 0 ? { ...input, DetectedProperties: detected } : input));
  return { ...document, inputs };
}

/** What was measured of a finished output, in the API's members. */
export function measured(result: Extract<OutputResult, { files: unknown }>): Partial<OutputDocument> {
  return {
    StatusDetail: result.warning ?? null,
    Duration: Math.ceil(result.durationMillis / 1000),
    DurationMillis: result.durationMillis,
    Width: result.width ?? null,
    Height: result.height ?? null,
    FrameRate: result.frameRate ?? null,
    FileSize: result.fileSizeBytes,
    AppliedColorSpaceConversion: result.appliedColorSpaceConversion ?? null,
  };
}

/** Everything that has not come to its end fails; `detail` is asked anew for each. */
export function withRestFailed(document: JobDocument, detail: () => string): JobDocument {
  const failed = <Part extends OutputDocument | PlaylistDocument>(part: Part): Part =>
    part.Status === "Submitted" || part.Status === "Progressing"
      ? { ...part, Status: "Error", StatusDetail: detail(), publishing: null }
      : part;
  return { ...document, outputs: document.outputs.map(failed), playlists: document.playlists.map(failed) };
}

export function hasFailedMember(document: JobDocument, { OutputKeys }: PlaylistDocument): boolean {
  return document.outputs.some(({ Key, Status }) => Status === "Error" && OutputKeys.includes(Key));
}

/** Of a job whose outputs and playlists have all ended. */
export function endStatus({ outputs, playlists }: JobDocument): "Complete" | "Error" {
  return [...outputs, ...playlists].every(({ Status }) => Status === "Complete") ? "Complete" : "Error";
}
