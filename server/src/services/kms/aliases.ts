/**
 * Names of keys: which there may be, and what changing them asks for beside the rights on the keys.
 */
import { aliasName } from "../../storage/keys/key-reference.ts";
import type { Authorization } from "../operation.ts";
import { type Call, homeOf } from "./context.ts";
import { invalidAlias } from "./errors.ts";
import { aliasArn } from "./find-key.ts";

/** @throws ServiceError */
export function checkAliasName(name: string): void {
  if (!aliasName.test(name)) {
    throw invalidAlias(`${name} is no alias: it is "alias/", then letters, digits, "/", "_" and "-".`);
  }
  if (name.startsWith("alias/aws/")) throw invalidAlias("Names that begin with alias/aws/ are those of services.");
}

/** An alias has no policy of its own. */
export function authorizeAlias(ctx: Call, action: string, name: string): Authorization {
  return { action: `kms:${action}`, resource: aliasArn(homeOf(ctx), name) };
}
