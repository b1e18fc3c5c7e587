/**
 * `GET /_millrace/health`: 200 when the process can answer calls, 503 when its rows are out of reach.
 */
import { sql } from "kysely";
import type { EdgeRequest, EdgeResponse } from "../edge/http.ts";
import type { Records } from "../storage/records/records.ts";
import { version } from "./version.ts";

export function health(records: Records): (request: EdgeRequest) => Promise<EdgeResponse | undefined> {
  return async (request) => {
    if (request.rawPath !== "/_millrace/health") return undefined;
    const status = await sql`select 1`.execute(records.db).then(
      () => "ok",
      () => "database unreachable",
    );
    return {
      status: status === "ok" ? 200 : 503,
      headers: { "content-type": "application/json", "cache-control": "no-store" },
      body: `${JSON.stringify({ status, version, database: records.engine })}\n`,
    };
  };
}
