/**
 * What resources say themselves, found by their ARN: for questions that are asked beside a call.
 */
import { findBucket } from "../../storage/records/buckets.ts";
import { findKey } from "../../storage/records/kms-keys.ts";
import type { Records } from "../../storage/records/records.ts";
import { findRoleByArn } from "../../storage/records/roles.ts";
import type { AccessWanted } from "./role-access.ts";

type ResourceSide = Pick<AccessWanted, "accountId" | "resourcePolicy">;

/** Of buckets and their objects, of keys, and of roles that are to be assumed. Nothing where there is nothing. */
export async function findResourceSide(
  { db }: Records,
  { action, resource }: Pick<AccessWanted, "action" | "resource">,
): Promise<ResourceSide> {
  const [, , service, , account, name = ""] = resource.split(":");
  const side: ResourceSide = account ? { accountId: account } : {};
  if (service === "s3") {
    const bucket = await findBucket(db, name.split("/")[0]!);
    const document = bucket?.settings.policy;
    if (bucket === undefined) return side;
    const policy =
      document === undefined ? {} : { resourcePolicy: { source: `bucket policy of ${bucket.name}`, document } };
    return { accountId: bucket.account, ...policy };
  }
  if (service === "kms") {
    const key = await findKey(db, name.replace(/^key\//, ""));
    if (key === undefined) return side;
    const source = `key policy of ${key.arn}`;
    return { accountId: key.account, resourcePolicy: { source, document: key.policy, mustAllow: true } };
  }
  if (service === "iam" && /^sts:/i.test(action)) {
    const role = await findRoleByArn(db, resource);
    if (role === undefined) return side;
    const source = `trust policy of role ${role.name}`;
    return { accountId: role.account, resourcePolicy: { source, document: role.trustPolicy, mustAllow: true } };
  }
  return side;
}
