/**
 * An account as S3 names it in lists and ACLs: 64 hex digits.
 */
import { createHash } from "node:crypto";
import type { AccessControlPolicy, Owner } from "@aws-sdk/client-s3";

export function ownerOf(account: string): Required<Owner> {
  return { ID: createHash("sha256").update(`s3 owner ${account}`).digest("hex"), DisplayName: account };
}

/** The one ACL there is: everything to the owner. */
export function ownersAcl(account: string): Required<AccessControlPolicy> {
  const owner = ownerOf(account);
  return { Owner: owner, Grants: [{ Grantee: { ...owner, Type: "CanonicalUser" }, Permission: "FULL_CONTROL" }] };
}
