/**
 * Rows in one SQLite file, by `node:sqlite`: in WAL mode, its log synced after each commit, so that what has returned is on
 * the disk (log-sync.ts).
 *
 * One connection writes, one statement or transaction at a time; another one reads, and never waits for it. Several
 * processes may open the file (`serve` and `millrace keys`): the engine's lock makes them take turns.
 */
import { EventEmitter } from "node:events";
import { chmodSync, closeSync, openSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import {
  type CompiledQuery,
  type DatabaseConnection,
  DefaultQueryExecutor,
  type Dialect,
  type Driver,
  Kysely,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from "kysely";
import { LogSync } from "./log-sync.ts";
import { migrate } from "./migrate.ts";
import type { Records } from "./records.ts";
import { Statements } from "./sqlite-statements.ts";
import type { Tables } from "./tables.ts";

/** How long one process waits for another one's transaction. */
const busyMs = 10_000;

export type SqliteOptions = {
  path: string;
  /** `false`: what is written survives the process, not the machine's loss of power. For tests of many commits. */
  syncs?: boolean;
};

/** Makes the file (0600) and brings its tables up to date. @throws when a newer Millrace has written it */
export async function openSqliteRecords({ path, syncs = true }: SqliteOptions): Promise<Records> {
  // Before SQLite sees it: the files that it adds beside this one get the same mode.
  closeSync(openSync(path, "a", 0o600));
  chmodSync(path, 0o600);
  const files = { writer: openFile(path), reader: openFile(path) };
  if (!syncs) files.writer.exec("pragma synchronous = off");
  const log = syncs ? new LogSync(`${path}-wal`) : undefined;
  const driver = new SqliteDriver(files.writer, files.reader, log);
  const dialect: Dialect = {
    createAdapter: () => new TwoConnections(),
    createDriver: () => driver,
    createIntrospector: (kysely) => new SqliteIntrospector(kysely),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
  const executor = new DirectExecutor(driver, dialect);
  const db = new Kysely<Tables>({ config: { dialect }, dialect, driver, executor });
  const events = new EventEmitter().setMaxListeners(0);
  let closed = false;
  const records: Records = {
    engine: "sqlite",
    db,
    transaction: (work) => db.transaction().execute(work),
    async notify(topic, text = "") {
      setImmediate(() => events.emit(topic, text));
    },
    listen(topic, heard) {
      events.on(topic, heard);
      return () => events.off(topic, heard);
    },
    async close() {
      if (closed) return;
      closed = true;
      events.removeAllListeners();
      await db.destroy();
    },
  };
  try {
    await migrate(records);
  } catch (error) {
    await records.close();
    throw error;
  }
  return records;
}

function openFile(path: string): DatabaseSync {
  const file = new DatabaseSync(path, { timeout: busyMs });
  file.exec("pragma journal_mode = wal; pragma synchronous = normal; pragma foreign_keys = on");
  // A key that was deleted is nowhere in the file.
  file.exec("pragma secure_delete = on");
  // Pages that are read often stay in memory: 8 MB, where the engine's own choice is 2.
  file.exec("pragma cache_size = -8000");
  // From here on waiting is ours (whenFree): the engine's would hold up the whole process.
  file.exec("pragma busy_timeout = 0");
  return file;
}

/** Tries again as long as another process writes. */
async function whenFree<T>(run: () => T): Promise<T> {
  const until = performance.now() + busyMs;
  for (let waitMs = 1; ; waitMs = Math.min(2 * waitMs, 50)) {
    try {
      return run();
    } catch (error) {
      if (!isBusy(error) || until < performance.now()) throw error;
    }
    await sleep(waitMs);
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && "errcode" in error && (Number(error.errcode) & 0xff) === 5;
}

/** Kysely gives all of SQLite one turn at a time unless told that reading goes on beside writing. */
class TwoConnections extends SqliteAdapter {
  override get supportsMultipleConnections(): boolean {
    return true;
  }
}

/** Runs single statements at once: to be lent a connection for each costs more than the small ones themselves. */
class DirectExecutor extends DefaultQueryExecutor {
  readonly #driver: SqliteDriver;

  constructor(driver: SqliteDriver, dialect: Dialect) {
    super(dialect.createQueryCompiler(), dialect.createAdapter(), {
      provideConnection: async (consumer) => consumer(await driver.acquireConnection()),
    });
    this.#driver = driver;
  }

  override async executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    return await this.#driver.connect().executeQuery<Row>(query);
  }
}

class SqliteDriver implements Driver {
  readonly #writer: Statements;
  readonly #reader: Statements;
  readonly #log: LogSync | undefined;
  readonly #turns = new Turns();
  #closing: Promise<void> | undefined;

  constructor(writer: DatabaseSync, reader: DatabaseSync, log: LogSync | undefined) {
    this.#writer = new Statements(writer);
    this.#reader = new Statements(reader);
    this.#log = log;
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    return this.connect();
  }

  connect(): Connection {
    if (this.#closing !== undefined) throw new Error("the database is closed");
    return new Connection(this.#writer, this.#reader, this.#log, this.#turns);
  }

  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await (connection as Connection).begin();
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    (connection as Connection).end("commit");
    await this.#log?.sync();
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    (connection as Connection).end("rollback");
  }

  async releaseConnection(): Promise<void> {}

  destroy(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** What runs is let finish; nothing new can begin. */
  async #close(): Promise<void> {
    await this.#turns.take();
    await this.#log?.close();
    this.#reader.close();
    this.#writer.close();
  }
}

/** One caller's view: its own transaction if it has begun one, else single statements. */
class Connection implements DatabaseConnection {
  readonly #writer: Statements;
  readonly #reader: Statements;
  readonly #log: LogSync | undefined;
  readonly #turns: Turns;
  #inTransaction = false;

  constructor(writer: Statements, reader: Statements, log: LogSync | undefined, turns: Turns) {
    this.#writer = writer;
    this.#reader = reader;
    this.#log = log;
    this.#turns = turns;
  }

  async begin(): Promise<void> {
    await this.#turns.take();
    try {
      // Immediate: a transaction that reads first and writes later would fail where another process wrote between.
      await whenFree(() => this.#writer.run("begin immediate", []));
    } catch (error) {
      this.#turns.pass();
      throw error;
    }
    this.#inTransaction = true;
  }

  end(how: "commit" | "rollback"): void {
    if (!this.#inTransaction) return;
    try {
      // A full disk makes SQLite itself roll back, and a second time would be an error that hides the first.
      if (how === "commit" || this.#writer.isTransaction) this.#writer.run(how, []);
      this.#inTransaction = false;
    } finally {
      // A commit that failed is followed by a rollback, which passes the turn on.
      if (!this.#inTransaction || how === "rollback") {
        this.#inTransaction = false;
        this.#turns.pass();
      }
    }
  }

  async executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    if (this.#inTransaction) return this.#writer.run(query.sql, query.parameters);
    if (/^\s*(?:select|explain)\b/i.test(query.sql)) {
      return await whenFree(() => this.#reader.run<Row>(query.sql, query.parameters));
    }
    await this.#turns.take();
    let result: QueryResult<Row>;
    try {
      result = await whenFree(() => this.#writer.run<Row>(query.sql, query.parameters));
    } finally {
      this.#turns.pass();
    }
    await this.#log?.sync();
    return result;
  }

  async *streamQuery<Row>(query: CompiledQuery): AsyncIterableIterator<QueryResult<Row>> {
    yield await this.executeQuery<Row>(query);
  }
}

/** First come, first served. */
class Turns {
  #taken = false;
  readonly #waiting: (() => void)[] = [];

  async take(): Promise<void> {
    if (this.#taken) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#taken = true;
  }

  pass(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#taken = false;
    else next();
  }
}
