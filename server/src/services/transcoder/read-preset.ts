import type { ReadPresetRequest, ReadPresetResponse } from "@aws-sdk/client-elastic-transcoder";
import type { Operation, With } from "../operation.ts";
import type { Answer } from "../operations-of.ts";
import { arnOf, type TranscoderContext } from "./context.ts";
import { findPresets } from "./find-presets.ts";
import { presetAnswer } from "./preset-answer.ts";

export const readPreset: Operation<With<ReadPresetRequest, "Id">, Answer<ReadPresetResponse>, TranscoderContext> = {
  authorize: ({ Id }, ctx) => ({ action: "elastictranscoder:ReadPreset", resource: arnOf(ctx, "preset", Id) }),

  async run({ Id }, ctx) {
    const [preset] = await findPresets([Id], ctx);
    return { Preset: presetAnswer(preset!, ctx) };
  },
};
