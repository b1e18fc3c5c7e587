/**
 * Pipelines: their row, and what the transcoder's operations and its workers ask of it.
 */
import type { Kysely } from "kysely";
import type { Home, Page } from "./listing.ts";
import type { PipelineRow, Tables } from "./tables.ts";

export type PipelinePermission = { GranteeType: string; Grantee: string; Access: readonly string[] };

export type PipelineOutputDocument = {
  Bucket: string;
  StorageClass: string | null;
  Permissions: readonly PipelinePermission[];
};

/** Topics are ARNs, "" where none is set. */
export type NotificationsDocument = { Progressing: string; Completed: string; Warning: string; Error: string };

export type PipelineDocument = {
  Name: string;
  InputBucket: string;
  /** Set where the pipeline was made with it. What runs goes by the two configs, which are always there. */
  OutputBucket: string | null;
  Role: string;
  AwsKmsKeyArn: string | null;
  Notifications: NotificationsDocument;
  ContentConfig: PipelineOutputDocument;
  ThumbnailConfig: PipelineOutputDocument;
};

export type Pipeline = { id: string; status: PipelineRow["status"]; document: PipelineDocument };

/** "limit": the home already holds as many as it may. For a transaction in turn with others of its kind. */
export async function insertPipeline(
  db: Kysely<Tables>,
  home: Home,
  { id, status, document }: Pipeline,
  limit: number,
): Promise<"inserted" | "limit"> {
  const { count } = await db
    .selectFrom("pipelines")
    .select((eb) => eb.fn.countAll().as("count"))
    .where("account", "=", home.account)
    .where("region", "=", home.region)
    .executeTakeFirstOrThrow();
  if (limit <= Number(count)) return "limit";
  await db
    .insertInto("pipelines")
    .values({ id, ...home, status, document: JSON.stringify(document) })
    .execute();
  return "inserted";
}

export async function findPipeline(db: Kysely<Tables>, home: Home, id: string): Promise<Pipeline | undefined> {
  const row = await rowOf(db, home, id);
  return row && pipelineOf(row);
}

export async function listPipelines(db: Kysely<Tables>, home: Home, page: Page): Promise<Pipeline[]> {
  const rows = await db
    .selectFrom("pipelines")
    .selectAll()
    .where("account", "=", home.account)
    .where("region", "=", home.region)
    .$if(page.after !== undefined, (query) => query.where("id", page.ascending ? ">" : "<", page.after!))
    .orderBy("id", page.ascending ? "asc" : "desc")
    .limit(page.limit)
    .execute();
  return rows.map(pipelineOf);
}

/** Changes made side by side all come to stand: `change` is applied again to what another one left. */
export async function changePipeline(
  db: Kysely<Tables>,
  home: Home,
  id: string,
  change: (document: PipelineDocument) => PipelineDocument,
): Promise<Pipeline | undefined> {
  for (;;) {
    const row = await rowOf(db, home, id);
    if (row === undefined) return undefined;
    const document = change(JSON.parse(row.document));
    const { numUpdatedRows } = await db
      .updateTable("pipelines")
      .set({ document: JSON.stringify(document) })
      .where("id", "=", id)
      .where("document", "=", row.document)
      .executeTakeFirst();
    if (numUpdatedRows === 1n) return { id, status: row.status, document };
  }
}

export async function setPipelineStatus(
  db: Kysely<Tables>,
  home: Home,
  id: string,
  status: Pipeline["status"],
): Promise<Pipeline | undefined> {
  const row = await db
    .updateTable("pipelines")
    .set({ status })
    .where("account", "=", home.account)
    .where("region", "=", home.region)
    .where("id", "=", id)
    .returningAll()
    .executeTakeFirst();
  return row && pipelineOf(row);
}

/** "busy": jobs of it wait or run. For a transaction in turn with insertJob. */
export async function deletePipeline(
  db: Kysely<Tables>,
  home: Home,
  id: string,
): Promise<"deleted" | "busy" | "missing"> {
  if ((await rowOf(db, home, id)) === undefined) return "missing";
  const active = await db
    .selectFrom("jobs")
    .select("id")
    .where("pipeline_id", "=", id)
    .where("status", "in", ["Submitted", "Progressing"])
    .limit(1)
    .executeTakeFirst();
  if (active !== undefined) return "busy";
  await db.deleteFrom("pipelines").where("id", "=", id).execute();
  return "deleted";
}

function rowOf(db: Kysely<Tables>, home: Home, id: string): Promise<PipelineRow | undefined> {
  return db
    .selectFrom("pipelines")
    .selectAll()
    .where("account", "=", home.account)
    .where("region", "=", home.region)
    .where("id", "=", id)
    .executeTakeFirst();
}

function pipelineOf(row: PipelineRow): Pipeline {
  return { id: row.id, status: row.status, document: JSON.parse(row.document) };
}
