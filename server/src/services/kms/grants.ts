/**
 * Grants as the API shows them, and what they may be about.
 */
import type { GrantListEntry, GrantOperation } from "@aws-sdk/client-kms";
import type { Grant, GrantConstraints } from "../../storage/records/kms-grants.ts";
import { holds, isEqual } from "./key-authorization.ts";

/** What grants of symmetric keys can allow. */
export const grantable: readonly string[] = [
  "Decrypt",
  "Encrypt",
  "GenerateDataKey",
  "GenerateDataKeyWithoutPlaintext",
  "ReEncryptFrom",
  "ReEncryptTo",
  "CreateGrant",
  "RetireGrant",
  "DescribeKey",
] satisfies GrantOperation[];

/** Whether a grant gives no more than another one, so that who has that may pass it on. */
export function isWithin(
  { operations: had, constraints: limits = {} }: Grant,
  operations: readonly string[],
  { EncryptionContextEquals: equals, EncryptionContextSubset: subset }: GrantConstraints = {},
): boolean {
  if (!operations.every((operation) => had.includes(operation))) return false;
  const asked = equals ?? subset ?? {};
  if (limits.EncryptionContextSubset !== undefined && !holds(asked, limits.EncryptionContextSubset)) return false;
  if (limits.EncryptionContextEquals === undefined) return true;
  return equals !== undefined && isEqual(equals, limits.EncryptionContextEquals);
}

export function grantAnswer(grant: Grant): GrantListEntry {
  return {
    KeyId: `arn:aws:kms:${grant.region}:${grant.account}:key/${grant.keyId}`,
    GrantId: grant.id,
    ...(grant.name !== undefined && { Name: grant.name }),
    CreationDate: new Date(grant.createdAt),
    GranteePrincipal: grant.grantee,
    ...(grant.retiring !== undefined && { RetiringPrincipal: grant.retiring }),
    IssuingAccount: `arn:aws:iam::${grant.issuer}:root`,
    Operations: grant.operations as GrantOperation[],
    ...(grant.constraints !== undefined && { Constraints: grant.constraints }),
  };
}
