/**
 * Presets by id, the system's and the account's own alike.
 */
import { findPresets as findCustomPresets, type Preset } from "../../storage/records/presets.ts";
import { type Call, homeOf } from "./context.ts";
import { notFound } from "./errors.ts";
import { findSystemPreset } from "./system-presets.ts";

/** In the order of `ids`. @throws ResourceNotFoundException for the first that does not exist */
export async function findPresets(ids: readonly string[], ctx: Call): Promise<Preset[]> {
  const customIds = [...new Set(ids)].filter((id) => findSystemPreset(id) === undefined);
  const custom = await findCustomPresets(ctx.records.db, homeOf(ctx), customIds);
  return ids.map((id) => {
    const preset = findSystemPreset(id) ?? custom.find((preset) => preset.id === id);
    if (preset === undefined) throw notFound(ctx, "preset", id);
    return preset;
  });
}
