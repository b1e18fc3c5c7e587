/**
 * A job's request as the rules see it: with the members that the edge cannot check for both spellings.
 */
import type { CreateJobOutput, CreateJobPlaylist, JobInput } from "@aws-sdk/client-elastic-transcoder";
import type { With } from "../../operation.ts";

export type KeyedOutput = With<CreateJobOutput, "Key" | "PresetId">;
export type NamedPlaylist = With<CreateJobPlaylist, "Name" | "Format" | "OutputKeys">;

/** A request with both of its spellings made one. */
export type JobRequest = {
  inputs: readonly With<JobInput, "Key">[];
  outputs: readonly KeyedOutput[];
  playlists: readonly NamedPlaylist[];
  outputKeyPrefix: string | undefined;
  userMetadata: Record<string, string> | undefined;
};
