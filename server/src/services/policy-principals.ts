/**
 * Users and roles in policies of roles and buckets: named by ARN, and kept by unique id, so that whoever takes a name
 * again does not take over what it was trusted with.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
 */
import type { Kysely } from "kysely";
import { parseEntityArn } from "../storage/records/entities.ts";
import { findRole, findRoleById } from "../storage/records/roles.ts";
import type { Tables } from "../storage/records/tables.ts";
import { findUser, findUserById } from "../storage/records/users.ts";

/** A principal that does not exist. */
export class UnknownPrincipal extends Error {
  override readonly name = "UnknownPrincipal";
}

/** As it is kept. `document`: a policy that was found to be well-formed. @throws UnknownPrincipal */
export function keepPrincipals(document: string, db: Kysely<Tables>): Promise<string> {
  return withPrincipals(document, (principal) => idOf(principal, db));
}

/** As it is shown: ids of those who are gone stay. */
export async function showPrincipals(kept: string, db: Kysely<Tables>): Promise<string> {
  return /"A(?:IDA|ROA)/.test(kept) ? withPrincipals(kept, (principal) => arnOf(principal, db)) : kept;
}

/** The text itself stays as it is unless something changes in it. */
async function withPrincipals(document: string, replace: (principal: string) => Promise<string>): Promise<string> {
  const policy = JSON.parse(document);
  let isChanged = false;
  for (const { Principal } of [policy.Statement].flat()) {
    const named = Principal?.AWS;
    if (named === undefined) continue;
    const replaced = await Promise.all([named].flat().map(replace));
    if (replaced.every((one, index) => one === [named].flat()[index])) continue;
    Principal.AWS = Array.isArray(named) ? replaced : replaced[0];
    isChanged = true;
  }
  return isChanged ? JSON.stringify(policy) : document;
}

async function idOf(principal: string, db: Kysely<Tables>): Promise<string> {
  if (/^\d{12}$/.test(principal)) return `arn:aws:iam::${principal}:root`;
  const [user, role] = [parseEntityArn("user", principal), parseEntityArn("role", principal)];
  if (user === undefined && role === undefined) return principal;
  const found = user ? await findUser(db, user.account, user.name) : await findRole(db, role!.account, role!.name);
  if (found?.arn !== principal) throw new UnknownPrincipal(`Invalid principal in policy: "AWS":"${principal}"`);
  return found.id;
}

async function arnOf(principal: string, db: Kysely<Tables>): Promise<string> {
  const found = principal.startsWith("AIDA")
    ? await findUserById(db, principal)
    : principal.startsWith("AROA")
      ? await findRoleById(db, principal)
      : undefined;
  return found?.arn ?? principal;
}
