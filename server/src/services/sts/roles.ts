/**
 * Roles as sessions of them need them.
 */

import { findRoleByArn, type Role } from "../../storage/records/roles.ts";
import type { ResourcePolicy } from "../operation.ts";
import type { ServiceError } from "../service-error.ts";
import type { Call } from "./context.ts";
import { invalid } from "./errors.ts";
import type { Holder } from "./issue-session.ts";

/** @throws what `absent` makes */
export async function needRole(arn: string, { records }: Call, absent: () => ServiceError): Promise<Role> {
  const role = await findRoleByArn(records.db, arn);
  if (role === undefined) throw absent();
  return role;
}

export function trustPolicyOf({ name, trustPolicy }: Role): ResourcePolicy {
  return { source: `trust policy of role ${name}`, document: trustPolicy, mustAllow: true };
}

const chainedSeconds = 3600;

/** `isChained`: a session of a role asks. @throws ServiceError */
export function checkDuration(seconds: number, { maxSessionSeconds }: Role, isChained: boolean): void {
  if (isChained && chainedSeconds < seconds) {
    throw invalid("The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.");
  }
  if (maxSessionSeconds < seconds) {
    throw invalid("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.");
  }
}

export function sessionOf(role: Role, sessionName: string, limits: Omit<Holder["session"], "role">): Holder {
  const { AssumedRoleId, Arn } = assumedRoleUser(role, sessionName);
  return {
    accountId: role.account,
    principalArn: Arn,
    isRoot: false,
    userId: AssumedRoleId,
    session: { ...limits, role: { arn: role.arn, id: role.id, name: role.name } },
  };
}

export function assumedRoleUser(
  { account, id, name }: Role,
  sessionName: string,
): {
  AssumedRoleId: string;
  Arn: string;
} {
  return {
    AssumedRoleId: `${id}:${sessionName}`,
    Arn: `arn:aws:sts::${account}:assumed-role/${name}/${sessionName}`,
  };
}
