/**
 * What every operation of IAM is given beside its input.
 */
import type { Kysely } from "kysely";
import type { SecretSealer } from "../../engine/access/key-pairs.ts";
import { inTurn } from "../../storage/records/in-turn.ts";
import type { Records } from "../../storage/records/records.ts";
import type { Tables } from "../../storage/records/tables.ts";
import type { RequestContext } from "../operation.ts";

export type Database = Kysely<Tables>;

export type IamContext = {
  records: Records;
  sealer: SecretSealer;
  /** Somebody may do something else than before: called after it is durable and before it is answered. */
  changed(): void;
};

export type Call = IamContext & RequestContext;

/** All changes of an account take turns: what is counted before one is added, and what must not be gone meanwhile. */
export async function change<Result>(ctx: Call, work: (db: Database) => Promise<Result>): Promise<Result> {
  const result = await inTurn(ctx.records, `iam:${ctx.accountId}`, work);
  ctx.changed();
  return result;
}
