/**
 * The presets that everybody has and nobody deletes, under the ids that callers have written into their code.
 */
import type { PresetDocument } from "../../storage/records/job-document.ts";
import type { Preset } from "../../storage/records/presets.ts";
import presets from "./system-presets.json" with { type: "json" };

/** In the order of their ids, which lists keep: they are older than any custom preset. */
export const systemPresets: readonly Preset[] = presets
  .map(({ Id, Type: _, ...document }) => ({ id: Id, document: document as unknown as PresetDocument }))
  .sort((one, other) => (one.id < other.id ? -1 : 1));

const byId = new Map(systemPresets.map((preset) => [preset.id, preset]));

export function findSystemPreset(id: string): Preset | undefined {
  return byId.get(id);
}
