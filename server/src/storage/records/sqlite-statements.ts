/**
 * The statements of one connection to SQLite, kept prepared: preparing costs more than running the small ones.
 */
import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import type { QueryResult } from "kysely";

export class Statements {
  readonly #file: DatabaseSync;
  readonly #prepared = new Map<string, { statement: StatementSync; returnsRows: boolean }>();
  static readonly #most = 500;

  constructor(file: DatabaseSync) {
    this.#file = file;
  }

  run<Row>(sql: string, parameters: readonly unknown[]): QueryResult<Row> {
    const { statement, returnsRows } = this.#prepare(sql);
    const values = parameters as SQLInputValue[];
    if (returnsRows) return { rows: statement.all(...values) as Row[] };
    const { changes, lastInsertRowid } = statement.run(...values);
    return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) };
  }

  get isTransaction(): boolean {
    return this.#file.isTransaction;
  }

  close(): void {
    this.#prepared.clear();
    this.#file.close();
  }

  #prepare(sql: string): { statement: StatementSync; returnsRows: boolean } {
    const known = this.#prepared.get(sql);
    if (known !== undefined) return known;
    const statement = this.#file.prepare(sql);
    const entry = { statement, returnsRows: statement.columns().length > 0 };
    // Lists of values make new texts without end; the oldest goes.
    if (Statements.#most <= this.#prepared.size) this.#prepared.delete(this.#prepared.keys().next().value!);
    this.#prepared.set(sql, entry);
    return entry;
  }
}
