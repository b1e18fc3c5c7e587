import type { CreatePresetRequest, CreatePresetResponse } from "@aws-sdk/client-elastic-transcoder";
import { inTurn } from "../../storage/records/in-turn.ts";
import { insertPreset } from "../../storage/records/presets.ts";
import type { Operation, With } from "../operation.ts";
import type { Answer } from "../operations-of.ts";
import { arnOf, homeOf, type TranscoderContext, turnOf } from "./context.ts";
import { rulesBroken, tooMany } from "./errors.ts";
import { presetAnswer } from "./preset-answer.ts";
import { checkPreset, newPresetDocument } from "./rules/preset.ts";

/** What cannot be encoded is refused; what can but is off the standards is taken, with a warning. */
export const createPreset: Operation<
  With<CreatePresetRequest, "Name" | "Container">,
  Answer<CreatePresetResponse>,
  TranscoderContext
> = {
  authorize: (_, ctx) => ({ action: "elastictranscoder:CreatePreset", resource: arnOf(ctx, "preset", "*") }),

  async run(input, ctx) {
    const preset = { id: ctx.newId(), document: newPresetDocument(input) };
    const { problems, warnings } = checkPreset(preset.document);
    if (0 < problems.length) throw rulesBroken(problems);
    const limit = ctx.limits.presets;
    const made = await inTurn(ctx.records, turnOf(ctx, "presets"), (db) =>
      insertPreset(db, homeOf(ctx), preset, limit),
    );
    if (made === "limit") throw tooMany(ctx, "presets", limit);
    return { Preset: presetAnswer(preset, ctx), Warning: warnings.join(" ") };
  },
};
