/**
 * What a migration is given.
 */
import type { Kysely } from "kysely";
import type { Records } from "../records.ts";

export type Engine = Records["engine"];

/** For a database of any shape: a step knows no row types, which describe the tables of today. */
// biome-ignore lint/suspicious/noExplicitAny: Kysely's own type for a database that is not described.
export type AnyDatabase = Kysely<any>;

export type Step = (db: AnyDatabase, engine: Engine) => Promise<void>;
