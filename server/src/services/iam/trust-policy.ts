/**
 * Trust policies, as they are given and as they are shown.
 */
import { keepPrincipals, showPrincipals, UnknownPrincipal } from "../policy-principals.ts";
import type { Database } from "./context.ts";
import { countedLength, readPolicy } from "./documents.ts";
import { malformedPolicy, quotaExceeded } from "./errors.ts";
import { quotas } from "./quotas.ts";

/** As it is kept. @throws ServiceError */
export async function readTrustPolicy(document: string, db: Database): Promise<string> {
  readPolicy(document, "trust");
  if (quotas.TrustPolicySize < countedLength(document)) {
    throw quotaExceeded("ACLSizePerRole", quotas.TrustPolicySize);
  }
  return keepPrincipals(document, db).catch((error) => {
    throw error instanceof UnknownPrincipal ? malformedPolicy(error.message) : error;
  });
}

/** As it is shown: ids of those who are gone stay. */
export function showTrustPolicy(kept: string, db: Database): Promise<string> {
  return showPrincipals(kept, db);
}
