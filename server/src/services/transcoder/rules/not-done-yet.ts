/**
 * What a job may ask of the API and this release cannot do. It is refused by name, because an output that lacks what was
 * asked for is worse than none.
 */
import type {
  Captions,
  CreateJobOutput,
  CreateJobPlaylist,
  InputCaptions,
  JobAlbumArt,
  JobInput,
} from "@aws-sdk/client-elastic-transcoder";
import { notDoneYet } from "../errors.ts";
import type { JobRequest } from "./job-request.ts";

/** @throws ValidationException that names the first of them */
export function refuseWhatIsNotDone({ inputs, outputs, playlists }: JobRequest): void {
  if (1 < inputs.length) throw notDoneYet(`stitching ${inputs.length} inputs into one; give one input`);
  const asked = [...inputs.flatMap(inInput), ...outputs.flatMap(inOutput), ...playlists.flatMap(inPlaylist)][0];
  if (asked !== undefined) throw notDoneYet(asked);
}

function inInput({ Key, InputCaptions }: JobInput): string[] {
  return isAsked(InputCaptions) ? [`captions of input '${Key}' (InputCaptions)`] : [];
}

function inOutput(output: CreateJobOutput): string[] {
  const { Key, AlbumArt, Captions } = output;
  return [
    ...(isAsked(AlbumArt) && !removesArt(AlbumArt) ? [`album art in output '${Key}' (AlbumArt)`] : []),
    ...(isAsked(Captions) ? [`captions in output '${Key}' (Captions)`] : []),
  ];
}

function inPlaylist({ Name, Format, PlayReadyDrm }: CreateJobPlaylist): string[] {
  return [
    ...(Format === "HLSv3" ? [] : [`${Format} playlists ('${Name}'); HLSv3 is done`]),
    ...(isAsked(PlayReadyDrm) ? [`DRM of playlist '${Name}' (PlayReadyDrm)`] : []),
  ];
}

/** Some clients send a structure without anything in it where others send nothing. */
function isAsked<Settings extends InputCaptions | Captions | JobAlbumArt | object>(
  settings: Settings | undefined,
): settings is Settings {
  return Object.values(settings ?? {}).some(
    (value) => value !== undefined && value !== null && !(Array.isArray(value) && value.length === 0),
  );
}

/** `Replace` by nothing is what happens without AlbumArt as well. */
function removesArt({ MergePolicy, Artwork }: JobAlbumArt): boolean {
  return MergePolicy === "Replace" && (Artwork ?? []).length === 0;
}
