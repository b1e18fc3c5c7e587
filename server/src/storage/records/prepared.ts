/**
 * Queries whose text is built once for each engine: for those that every request runs, building costs more than running.
 */
import type { Compilable, CompiledQuery, Kysely, QueryResult } from "kysely";
import type { Tables } from "./tables.ts";

type Prepared = {
  query: CompiledQuery;
  /** For each place in the text, which parameter stands there. */
  places: number[];
};

/**
 * `build` is called once, with stand-ins in place of parameters: each must go into the query as it is, and decide
 * nothing. All parameters are bound in the text's own order, as often as they stand there.
 */
export function prepared<Parameters extends readonly unknown[], Row>(
  count: number,
  build: (db: Kysely<Tables>, parameters: Parameters) => Compilable<Row>,
): (db: Kysely<Tables>, parameters: Parameters) => Promise<QueryResult<Row>> {
  const known = new WeakMap<object, Prepared>();
  return (db, parameters) => {
    const engine = db.getExecutor().adapter;
    let found = known.get(engine);
    if (found === undefined) {
      const standIns = Array.from({ length: count }, () => ({}));
      const query = build(db, standIns as unknown as Parameters).compile();
      found = { query, places: query.parameters.map((value) => standIns.indexOf(value as object)) };
      if (found.places.includes(-1)) throw new TypeError("a prepared query takes nothing but its parameters");
      known.set(engine, found);
    }
    const { query, places } = found;
    return db.executeQuery<Row>({ ...query, parameters: places.map((at) => parameters[at]) } as CompiledQuery<Row>);
  };
}
