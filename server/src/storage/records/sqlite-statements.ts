/**
 * The statements of one connection to SQLite, kept prepared: preparing costs more than running the small ones.
 */
import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import type { QueryResult } from "kysely";

type Prepared = {
  statement: StatementSync;
  /** Of the rows that it returns, if any. */
  columns: readonly string[];
  /** `false`: what `*` stands for may change under a statement that is kept, when another process changes the tables. */
  isFixed: boolean;
};

export class Statements {
  readonly #file: DatabaseSync;
  readonly #prepared = new Map<string, Prepared>();
  static readonly #most = 500;

  constructor(file: DatabaseSync) {
    this.#file = file;
  }

  run<Row>(sql: string, parameters: readonly unknown[]): QueryResult<Row> {
    const { statement, columns, isFixed } = this.#prepare(sql);
    const values = parameters as SQLInputValue[];
    if (0 < columns.length) {
      const rows: unknown[] = statement.all(...values);
      return { rows: (isFixed ? rows.map((row) => rowOf(columns, row as unknown[])) : rows) as Row[] };
    }
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

  #prepare(sql: string): Prepared {
    const known = this.#prepared.get(sql);
    if (known !== undefined) return known;
    const statement = this.#file.prepare(sql);
    const isFixed = !sql.includes("*");
    statement.setReturnArrays(isFixed);
    const entry = { statement, columns: statement.columns().map(({ name }) => name), isFixed };
    // Lists of values make new texts without end; the oldest goes.
    if (Statements.#most <= this.#prepared.size) this.#prepared.delete(this.#prepared.keys().next().value!);
    this.#prepared.set(sql, entry);
    return entry;
  }
}

/** SQLite's own objects have each a shape of its own, which makes them slow to build and to read. */
function rowOf(columns: readonly string[], values: readonly unknown[]): Record<string, unknown> {
  const row: Record<string, unknown> = {};
  for (let at = 0; at < columns.length; at++) row[columns[at]!] = values[at];
  return row;
}
