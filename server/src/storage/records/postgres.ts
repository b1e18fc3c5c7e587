/**
 * Rows in PostgreSQL (14 or later), shared by any number of processes.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { Kysely, PostgresDialect, sql } from "kysely";
import pg from "pg";
import type { Log } from "../../base/log.ts";
import { migrate } from "./migrate.ts";
import type { Records } from "./records.ts";
import type { Tables } from "./tables.ts";

const connections = 10;
const attempts = 8;
const reconnectMs = 1000;
const connectionTimeoutMillis = 10_000;
/** A process that stands still inside a transaction, or whose machine has vanished, must not keep its locks. */
const idle_in_transaction_session_timeout = 10_000;

/** Serialization failure, deadlock. */
const again = new Set(["40001", "40P01"]);

export type PostgresOptions = { url: string; log: Log };

/** @throws with a sentence for people when nothing answers, or the database was written by a newer Millrace */
export async function openPostgresRecords({ url, log }: PostgresOptions): Promise<Records> {
  if (!/^postgres(ql)?:/.test(URL.parse(url)?.protocol ?? "")) {
    throw new Error("a database is named as postgres://user:password@host:port/name");
  }
  const types = {
    // bigint: all of ours are milliseconds, sizes and counts, far below 2^53.
    getTypeParser: ((oid: number, format?: "text" | "binary") =>
      oid === pg.types.builtins.INT8 ? Number : pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser,
  };
  const pool = new pg.Pool({
    connectionString: url,
    max: connections,
    types,
    connectionTimeoutMillis,
    idle_in_transaction_session_timeout,
    keepAlive: true,
  });
  // An idle connection that breaks is replaced by the next one; the pool wants it heard.
  pool.on("error", (error) => log.warn({ err: error }, "a database connection broke"));
  // One that breaks between two statements of a transaction fails the next of them; unheard it would end the process.
  pool.on("connect", (client) => client.on("error", () => {}));
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
  const ears = new Ears(url, log);
  let closed = false;
  const records: Records = {
    engine: "postgres",
    db,
    async transaction(work) {
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await db.transaction().execute(work);
        } catch (error) {
          if (!again.has(codeOf(error)) || attempt === attempts) throw error;
          await sleep(attempt * attempt);
        }
      }
    },
    async notify(topic, text = "") {
      await sql`select pg_notify(${channelOf(topic)}, ${text})`.execute(db).catch((error) => {
        log.debug({ err: error }, "the other processes could not be told; they look by themselves");
      });
    },
    listen: (topic, heard) => ears.listen(topic, heard),
    async close() {
      if (closed) return;
      closed = true;
      await ears.close();
      await db.destroy();
    },
  };
  try {
    await migrate(records);
  } catch (error) {
    await records.close();
    throw isUnreachable(error) ? new Error(unreachable(url, error), { cause: error }) : error;
  }
  return records;
}

/** A connection of its own for LISTEN, made anew when it breaks. Nothing is made while nobody listens. */
class Ears {
  readonly #url: string;
  readonly #log: Log;
  readonly #heard = new Map<string, Set<(text: string) => void>>();
  #client: pg.Client | undefined;
  #connecting: Promise<void> | undefined;
  /** Said once, however many attempts to connect again fail. */
  #deaf = false;
  #closed = false;

  constructor(url: string, log: Log) {
    this.#url = url;
    this.#log = log;
  }

  listen(topic: string, heard: (text: string) => void): () => void {
    const listeners = this.#heard.get(topic) ?? new Set();
    this.#heard.set(topic, listeners.add(heard));
    this.#connecting ??= this.#connect();
    return () => listeners.delete(heard);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#connecting;
    await this.#client?.end().catch(() => {});
  }

  async #connect(): Promise<void> {
    const client = new pg.Client({ connectionString: this.#url, keepAlive: true, connectionTimeoutMillis });
    client.on("error", (error) => this.#broken(client, error));
    client.on("end", () => this.#broken(client, undefined));
    client.on("notification", ({ channel, payload = "" }) => {
      for (const [topic, listeners] of this.#heard) {
        if (channelOf(topic) === channel) for (const heard of listeners) heard(payload);
      }
    });
    this.#client = client;
    try {
      await client.connect();
      for (const topic of this.#heard.keys()) await client.query(`listen ${channelOf(topic)}`);
      if (this.#deaf) this.#log.info({}, "notifications from the database are back");
      this.#deaf = false;
      // What happened while nobody listened is not told again: everybody looks once.
      for (const listeners of this.#heard.values()) for (const heard of listeners) heard("");
    } catch (error) {
      this.#broken(client, error);
    }
  }

  #broken(client: pg.Client, error: unknown): void {
    if (this.#client !== client || this.#closed) return;
    this.#client = undefined;
    if (!this.#deaf) this.#log.warn({ err: error }, "notifications from the database stopped; connecting again");
    this.#deaf = true;
    client.end().catch(() => {});
    this.#connecting = sleep(reconnectMs).then(() => (this.#closed ? undefined : this.#connect()));
  }
}

/** Topics are ours: letters only. */
function channelOf(topic: string): string {
  return `millrace_${topic}`;
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

function isUnreachable(error: unknown): boolean {
  const code = error instanceof AggregateError ? codeOf(error.errors[0]) : codeOf(error);
  return (
    /^(ECONN|EHOST|ENETUNREACH|ENOENT|ENOTFOUND|EAI_|ETIMEDOUT|28|3D000|53300|57P03)/.test(code) ||
    /timeout/.test(String(error))
  );
}

function unreachable(url: string, error: unknown): string {
  const { host, pathname } = new URL(url);
  const why = error instanceof AggregateError ? error.errors[0] : error;
  return `cannot use the database ${pathname.slice(1)} at ${host}: ${why instanceof Error ? why.message : why}`;
}
