/**
 * Custom presets. The system's own are no rows (services/transcoder/system-presets.ts).
 */
import type { Kysely } from "kysely";
import type { PresetDocument } from "./job-document.ts";
import type { Home, Page } from "./listing.ts";
import type { PresetRow, Tables } from "./tables.ts";

export type Preset = { id: string; document: PresetDocument };

/** "limit": the home already holds as many as it may. For a transaction in turn with others of its kind. */
export async function insertPreset(
  db: Kysely<Tables>,
  home: Home,
  { id, document }: Preset,
  limit: number,
): Promise<"inserted" | "limit"> {
  const { count } = await db
    .selectFrom("presets")
    .select((eb) => eb.fn.countAll().as("count"))
    .where("account", "=", home.account)
    .where("region", "=", home.region)
    .executeTakeFirstOrThrow();
  if (limit <= Number(count)) return "limit";
  await db
    .insertInto("presets")
    .values({ id, ...home, document: JSON.stringify(document) })
    .execute();
  return "inserted";
}

/** Those that there are, in no order. */
export async function findPresets(db: Kysely<Tables>, home: Home, ids: readonly string[]): Promise<Preset[]> {
  if (ids.length === 0) return [];
  const rows = await db
    .selectFrom("presets")
    .selectAll()
    .where("account", "=", home.account)
    .where("region", "=", home.region)
    .where("id", "in", ids)
    .execute();
  return rows.map(presetOf);
}

export async function listPresets(db: Kysely<Tables>, home: Home, page: Page): Promise<Preset[]> {
  const rows = await db
    .selectFrom("presets")
    .selectAll()
    .where("account", "=", home.account)
    .where("region", "=", home.region)
    .$if(page.after !== undefined, (query) => query.where("id", page.ascending ? ">" : "<", page.after!))
    .orderBy("id", page.ascending ? "asc" : "desc")
    .limit(page.limit)
    .execute();
  return rows.map(presetOf);
}

/** Jobs keep their own copy of a preset, so that it may go at any time. */
export async function deletePreset(db: Kysely<Tables>, home: Home, id: string): Promise<"deleted" | "missing"> {
  const { numDeletedRows } = await db
    .deleteFrom("presets")
    .where("account", "=", home.account)
    .where("region", "=", home.region)
    .where("id", "=", id)
    .executeTakeFirst();
  return 0n < numDeletedRows ? "deleted" : "missing";
}

function presetOf(row: PresetRow): Preset {
  return { id: row.id, document: JSON.parse(row.document) };
}
