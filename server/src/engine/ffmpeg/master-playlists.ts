/**
 * Master playlists of a job, from what its outputs turned out to be.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { audioNames, h264Name } from "@millrace/media/playlists/codecs";
import { buildMasterPlaylist, peakBandwidth, relativeUri, type Variant } from "@millrace/media/playlists/hls";
import type { Measured } from "./measure-output.ts";
import { playlistContentType } from "./plan-output-files.ts";
import type { Probe } from "./probe.ts";
import type { PlaylistResult, TranscodeRequest } from "./transcode.types.ts";

const dependencyFailed =
  "Amazon Elastic Transcoder could not generate the playlist because it encountered an error with one or more of the playlists dependencies.";

/** `measured` by output key; an output that is missing there has failed, and its playlists with it. */
export async function writeMasterPlaylists(
  request: Pick<TranscodeRequest, "playlists" | "outputKeyPrefix" | "scratchFolder">,
  measured: ReadonlyMap<string, Measured>,
): Promise<PlaylistResult[]> {
  const results: PlaylistResult[] = [];
  for (const [index, { Name, Format, OutputKeys }] of request.playlists.entries()) {
    const members = OutputKeys.map((key) => ({ key, made: measured.get(key) }));
    if (Format !== "HLSv3") {
      results.push({
        name: Name,
        failure: { code: 1000, sentence: `Playlists of the format ${Format} are not supported.` },
      });
    } else if (members.some(({ made }) => !made?.segments)) {
      results.push({ name: Name, failure: { code: 1001, sentence: dependencyFailed } });
    } else {
      const variants = members.map(({ key, made }) => variantOf(`${Name}.m3u8`, `${key}.m3u8`, made!));
      const path = join(request.scratchFolder, `playlist-${index}.m3u8`);
      await writeFile(path, buildMasterPlaylist(variants));
      const key = `${request.outputKeyPrefix}${Name}.m3u8`;
      results.push({ name: Name, files: [{ path, key, kind: "playlist", contentType: playlistContentType }] });
    }
  }
  return results;
}

function variantOf(playlistKey: string, key: string, { media, segments }: Measured): Variant {
  return {
    uri: relativeUri(playlistKey, key),
    bandwidth: peakBandwidth(segments!),
    ...(media.video && { resolution: { width: media.video.width, height: media.video.height } }),
    codecs: codecNames(media),
  };
}

function codecNames({ video, audio }: Probe): string[] {
  const names: string[] = [];
  if (video?.codec === "h264") {
    const profile = (video.profile ?? "").toLowerCase();
    const known = profile.includes("baseline") ? "baseline" : profile.includes("high") ? "high" : "main";
    names.push(h264Name(known, video.level ?? 31));
  }
  const sound = audio[0];
  if (sound?.codec === "aac") {
    names.push(
      sound.profile === "HE-AAC" || sound.profile === "HE-AACv2" ? audioNames[sound.profile] : audioNames["AAC-LC"],
    );
  } else if (sound?.codec === "mp3") names.push(audioNames.mp3);
  return names;
}
