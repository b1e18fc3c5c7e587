/**
 * Whose the built-in service's buckets are, and what their settings mean to a role.
 */
import { findBucket } from "../../storage/records/buckets.ts";
import type { Records } from "../../storage/records/records.ts";
import type { FindBucketRule } from "./role-rights.ts";

/** Where public policies are restricted, roles of other accounts are told of no policy at all. */
export function bucketRulesOf({ db }: Records): FindBucketRule {
  return async (name, forAccount) => {
    const bucket = await findBucket(db, name);
    if (bucket === undefined) return undefined;
    const { account, settings } = bucket;
    const { policy, publicAccessBlock, encryption } = settings;
    const isRestricted = publicAccessBlock?.restrictPublicBuckets && forAccount !== account;
    return { account, ...(encryption && { encryption }), ...(policy !== undefined && !isRestricted && { policy }) };
  };
}
