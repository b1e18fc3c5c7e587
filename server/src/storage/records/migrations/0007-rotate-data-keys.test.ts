import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { sql } from "kysely";
import { openSqliteRecords } from "../sqlite.ts";
import { createFragments } from "./0003-create-fragments.ts";
import { rotateDataKeys } from "./0007-rotate-data-keys.ts";
import type { AnyDatabase } from "./step.ts";

test("what there was keeps its key as number 0, and what was destroyed stays so", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "millrace-migration-"));
  const records = await openSqliteRecords({ path: join(folder, "millrace.db") });
  t.after(async () => {
    await records.close();
    await rm(folder, { recursive: true });
  });
  await records.transaction(async (db: AnyDatabase) => {
    for (const table of ["master_keys", "stream_keys", "media_headers", "packs", "fragments"]) {
      await sql`drop table ${sql.table(table)}`.execute(db);
    }
    await createFragments(db, "sqlite");
    await sql`insert into stream_keys values ('a', x'0102', 'local-1', 5, null), ('b', x'0000', 'local-1', 6, 9)`.execute(
      db,
    );
    await sql`insert into media_headers values ('a', 'h', x'07', 8)`.execute(db);
    await sql`insert into fragments values ('a', '1', 0, 0, 0, 'h', 'p', 0, 50, 1, 0, 0, 10)`.execute(db);
    await rotateDataKeys(db, "sqlite");

    const keys = await sql`select stream_id, number, wrapped_by, created_at, destroyed_at from stream_keys
      order by stream_id`.execute(db);
    assert.deepEqual(
      keys.rows.map((row) => ({ ...(row as object) })),
      [
        { stream_id: "a", number: 0, wrapped_by: "local-1", created_at: 5, destroyed_at: null },
        { stream_id: "b", number: -1, wrapped_by: "local-1", created_at: 6, destroyed_at: 9 },
      ],
    );
    for (const table of ["fragments", "media_headers"]) {
      const { rows } = await sql<{ data_key: number }>`select data_key from ${sql.table(table)}`.execute(db);
      assert.deepEqual(
        rows.map(({ data_key }) => data_key),
        [0],
        table,
      );
    }
  });
});
