/**
 * What a job's playlists must be beside its outputs. The odd sentences are the service's own: clients match on them.
 */
import { parseClip } from "../../../engine/ffmpeg/clip.ts";
import type { PresetDocument } from "../../../storage/records/job-document.ts";
import type { KeyedOutput, NamedPlaylist } from "./job-request.ts";

/** `presets` in the order of the outputs. */
export function playlistProblems(
  playlists: readonly NamedPlaylist[],
  outputs: readonly KeyedOutput[],
  presets: readonly PresetDocument[],
): string[] {
  const problems: string[] = [];
  for (const [index, { Name }] of playlists.entries()) {
    if (playlists.findIndex((other) => other.Name === Name) < index) {
      problems.push(`The playlist name '${Name}' is used more than once.`);
    }
  }
  if (1 < new Set(playlists.map(({ Name }) => folderOf(Name))).size) {
    problems.push("All playlist names of a job must begin identically upto the last / character.");
  }
  for (const playlist of playlists) {
    const members = playlist.OutputKeys.map((key) => {
      const index = outputs.findIndex((output) => output.Key === key);
      return index < 0 ? undefined : { ...outputs[index]!, preset: presets[index]! };
    });
    const unknown = playlist.OutputKeys.filter((_, index) => members[index] === undefined);
    if (0 < unknown.length) {
      problems.push(
        ...unknown.map((key) => `Playlist '${playlist.Name}' names '${key}', which is no output of the job.`),
      );
    } else {
      problems.push(...memberProblems(playlist, members as Member[]));
    }
  }
  return problems;
}

type Member = KeyedOutput & { preset: PresetDocument };

function memberProblems({ Name, Format, OutputKeys }: NamedPlaylist, members: readonly Member[]): string[] {
  if (members.length === 0) return [`Playlist '${Name}' has no output keys.`];
  const problems: string[] = [];
  if (new Set(OutputKeys).size < OutputKeys.length) {
    problems.push(`Playlist '${Name}' names an output more than once.`);
  }
  if (members.some(({ preset }) => preset.Container !== "ts")) {
    problems.push(`All output keys in a ${Format} playlist must have container type of ts.`);
  }
  for (const { Key } of members.filter(({ SegmentDuration }) => !SegmentDuration)) {
    problems.push(
      `Output '${Key}' must have a SegmentDuration since it is part of a playlist. SegmentDurtion is available only for 'ts' containers.`,
    );
  }
  if (members.some(({ Key }) => !Key.startsWith(folderOf(Name)))) {
    problems.push("All outputs in a playlist must begin identically to the playlist name upto the last / character.");
  }
  const same: [what: string, of: (member: Member) => unknown][] = [
    ["SegmentDuration", ({ SegmentDuration }) => Number(SegmentDuration ?? 0)],
    ["Composition", ({ Composition }) => clipOf(Composition)],
    ["ColorSpaceConversionMode", ({ preset }) => preset.Video && colourOf(preset.Video.CodecOptions)],
  ];
  for (const [what, of] of same) {
    const values = new Set(members.map(of).filter((value) => value !== undefined && value !== null));
    if (1 < values.size) problems.push(`All outputs in a playlist must have the same ${what}: playlist '${Name}'.`);
  }
  return problems;
}

function folderOf(name: string): string {
  return name.slice(0, name.lastIndexOf("/") + 1);
}

function clipOf(composition: KeyedOutput["Composition"]): string {
  const { startSeconds, lengthSeconds } = parseClip(composition?.[0]?.TimeSpan);
  return `${startSeconds}+${lengthSeconds ?? ""}`;
}

/** Absent and None both leave the colours as they are. */
function colourOf(options: Record<string, string> | null | undefined): string {
  return options?.ColorSpaceConversionMode?.toLowerCase() ?? "none";
}
