/**
 * The role of a pipeline: what its jobs read and write as.
 */
import { transcoderPrincipal } from "../../engine/jobs/role-rights.ts";
import type { Authorization } from "../operation.ts";
import type { Call } from "./context.ts";
import { roleMissing, roleNotTrusting } from "./errors.ts";

/** Whoever gives a role to a pipeline lets its jobs do what the role may. Roles of other accounts cannot be passed. */
export function passing(role: string): Authorization {
  return {
    action: "iam:PassRole",
    resource: role,
    // `arn:aws:iam::ACCOUNT:role/NAME`
    accountId: role.split(":")[4] ?? "",
    context: { "iam:passedtoservice": transcoderPrincipal },
  };
}

/** @throws ValidationException unless it is a role that the transcoder may assume */
export async function checkRole(role: string, ctx: Call): Promise<void> {
  switch (await ctx.rights.access.canBeAssumedBy(role, transcoderPrincipal)) {
    case "no such role":
      throw roleMissing(role);
    case "not trusted":
      throw roleNotTrusting(role, transcoderPrincipal);
  }
}
