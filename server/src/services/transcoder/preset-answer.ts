/**
 * A preset as the API shows it.
 */
import type { Preset as WirePreset } from "@aws-sdk/client-elastic-transcoder";
import type { Preset } from "../../storage/records/presets.ts";
import type { RequestContext } from "../operation.ts";
import type { Answer } from "../operations-of.ts";
import { arnOf } from "./context.ts";
import { findSystemPreset } from "./system-presets.ts";

/** Its settings are shown as they were given: what was not given is not there, below the first level. */
export type PresetAnswer = { [Member in keyof WirePreset]-?: WirePreset[Member] | null };

export function presetAnswer({ id, document }: Preset, ctx: RequestContext): Answer<WirePreset> {
  const answer: PresetAnswer = {
    Id: id,
    Arn: arnOf(ctx, "preset", id),
    Name: document.Name,
    Description: document.Description ?? null,
    Container: document.Container,
    Audio: (document.Audio as WirePreset["Audio"]) ?? null,
    Video: (document.Video as WirePreset["Video"]) ?? null,
    Thumbnails: document.Thumbnails ?? null,
    Type: findSystemPreset(id) ? "System" : "Custom",
  };
  return answer as Answer<WirePreset>;
}
