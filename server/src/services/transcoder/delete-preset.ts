import type { DeletePresetRequest, DeletePresetResponse } from "@aws-sdk/client-elastic-transcoder";
import { deletePreset as deleteRow } from "../../storage/records/presets.ts";
import type { Operation, With } from "../operation.ts";
import { arnOf, homeOf, type TranscoderContext } from "./context.ts";
import { notFound, systemPresetStays } from "./errors.ts";
import { findSystemPreset } from "./system-presets.ts";

/** A preset in use goes too: jobs have their own copy. */
export const deletePreset: Operation<
  With<DeletePresetRequest, "Id">,
  DeletePresetResponse & { Success: "true" },
  TranscoderContext
> = {
  authorize: ({ Id }, ctx) => ({ action: "elastictranscoder:DeletePreset", resource: arnOf(ctx, "preset", Id) }),

  async run({ Id }, ctx) {
    if (findSystemPreset(Id)) throw systemPresetStays(ctx, Id);
    if ((await deleteRow(ctx.records.db, homeOf(ctx), Id)) === "missing") throw notFound(ctx, "preset", Id);
    return { Success: "true" };
  },
};
