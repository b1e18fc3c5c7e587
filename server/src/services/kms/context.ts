/**
 * What every operation on keys is given beside its input.
 */
import type { KmsStore } from "../../storage/keys/kms-store.ts";
import type { Home } from "../../storage/records/listing.ts";
import type { Records } from "../../storage/records/records.ts";
import type { RequestContext } from "../operation.ts";

export type KmsContext = { records: Records; keys: KmsStore };

export type Call = KmsContext & RequestContext;

export function homeOf({ accountId, region }: Pick<RequestContext, "accountId" | "region">): Home {
  return { account: accountId, region };
}
