/**
 * The rows' store. Adapters: sqlite.ts (embedded) and postgres.ts (shared by many processes).
 */
import type { Kysely } from "kysely";
import type { Closeable } from "../../base/lifetime.ts";
import type { Tables } from "./tables.ts";

export interface Records extends Closeable {
  readonly engine: "sqlite" | "postgres";
  /** Outside a transaction. */
  readonly db: Kysely<Tables>;
  /**
   * Durable when it resolves. Retries by itself when the engine asks for it (busy, serialization failure), so `work`
   * must not do anything that cannot be done twice.
   */
  transaction<T>(work: (db: Kysely<Tables>) => Promise<T>): Promise<T>;
  /**
   * Tells every process that something happened, after it is durable. Best effort, and never rejects: a listener also
   * looks by itself now and then. In one process on SQLite, LISTEN/NOTIFY on PostgreSQL.
   */
  notify(topic: "jobs", text?: string): Promise<void>;
  /** Returns what stops it. */
  listen(topic: "jobs", heard: (text: string) => void): () => void;
}
