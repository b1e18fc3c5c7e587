/**
 * What a preset must be: the containers and what goes into them. Video, audio and pictures have a file each.
 */
import type { CreatePresetRequest } from "@aws-sdk/client-elastic-transcoder";
import type { PresetDocument } from "../../../storage/records/job-document.ts";
import type { With } from "../../operation.ts";
import { checkAudio } from "./audio.ts";
import type { Findings } from "./findings.ts";
import { checkThumbnails } from "./thumbnails.ts";
import { checkVideo } from "./video.ts";

/** Codecs by container; an empty list: none may be there. */
const containers: Record<string, { video: readonly string[]; audio: readonly string[] }> = {
  mp4: { video: ["H.264"], audio: ["AAC", "mp3"] },
  ts: { video: ["H.264"], audio: ["AAC", "mp3"] },
  fmp4: { video: ["H.264"], audio: ["AAC"] },
  flv: { video: ["H.264"], audio: ["AAC", "mp3"] },
  webm: { video: ["vp8", "vp9"], audio: ["vorbis"] },
  mpg: { video: ["mpeg2"], audio: ["mp2"] },
  mxf: { video: ["mpeg2"], audio: ["pcm"] },
  gif: { video: ["gif"], audio: [] },
  mp3: { video: [], audio: ["mp3"] },
  mp2: { video: [], audio: ["mp2"] },
  flac: { video: [], audio: ["flac"] },
  oga: { video: [], audio: ["flac", "vorbis"] },
  ogg: { video: [], audio: ["flac", "vorbis"] },
  wav: { video: [], audio: ["pcm"] },
};

/** Some clients send "" for a codec option that they do not set: it is left out, as if it had not come. */
export function newPresetDocument(request: With<CreatePresetRequest, "Name" | "Container">): PresetDocument {
  const { Name, Description, Container, Audio, Video, Thumbnails } = request;
  return {
    Name,
    Description,
    Container,
    Audio: Audio && { ...Audio, CodecOptions: withoutEmpty(Audio.CodecOptions as Record<string, string>) },
    Video: Video && { ...Video, CodecOptions: withoutEmpty(Video.CodecOptions) },
    Thumbnails,
  } as PresetDocument;
}

export function checkPreset(preset: PresetDocument): Findings {
  const findings: Findings = { problems: [], warnings: [] };
  const { Container, Video, Audio, Thumbnails } = preset;
  const allowed = containers[Container]!;
  if (!Video && Audio?.Channels === "0") findings.problems.push("Audio:Channels 0 without Video leaves nothing.");
  if (!Video && !Audio) findings.problems.push("Video and Audio are not allowed to both be null.");
  for (const [name, codec, codecs] of [
    ["Video", Video && (Video.Codec ?? null), allowed.video],
    ["Audio", Audio && (Audio.Codec ?? null), allowed.audio],
  ] as const) {
    if (codec === undefined || (codec === null && !preset[name])) continue;
    if (codecs.length === 0) findings.problems.push(`${name} is not allowed in container ${Container}.`);
    else if (codec === null) findings.problems.push(`${name}:Codec is not allowed to be null.`);
    else if (!codecs.includes(codec)) {
      findings.problems.push(
        `${name}:Codec '${codec}' is not allowed in container ${Container}: it must be one of ${codecs.join(", ")}.`,
      );
    }
  }
  if (Video?.Codec) checkVideo(Video, Container, findings);
  if (Audio?.Codec) checkAudio(Audio, Container, findings);
  if (Thumbnails) checkThumbnails(Thumbnails, Video, findings);
  return findings;
}

function withoutEmpty(options: Record<string, string> | null | undefined): Record<string, string> | undefined {
  if (!options) return undefined;
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== ""));
}
