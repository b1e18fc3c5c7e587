/**
 * Which key a call is about, and what using it asks for.
 */
import { parseKeyReference } from "../../storage/keys/key-reference.ts";
import { listAliases } from "../../storage/records/kms-aliases.ts";
import { type Grant, listGrantsTo } from "../../storage/records/kms-grants.ts";
import { buildKeyArn, type Key } from "../../storage/records/kms-keys.ts";
import type { Home } from "../../storage/records/listing.ts";
import type { Authorization, Caller } from "../operation.ts";
import type { ServiceError } from "../service-error.ts";
import { type Call, homeOf } from "./context.ts";
import {
  aliasNotFound,
  disabled,
  invalidArn,
  invalidKeyId,
  keyNotFound,
  managedByAws,
  pendingDeletion,
} from "./errors.ts";
import { checkGrantTokens } from "./grant-tokens.ts";
import { type KeyUse, keyAuthorization } from "./key-authorization.ts";

/** What an operation takes beside the id of a key and the ARN of one of the caller's account. */
export type Accepts = {
  /** Names and ARNs of aliases. */
  aliases?: boolean;
  /** Keys of other accounts, by ARN. */
  foreign?: boolean;
};

/** All that uses keys, and does not manage them, takes the same. */
export const anyKey: Accepts = { aliases: true, foreign: true };

/** @throws ServiceError */
export async function findKey(ctx: Call, keyId: string, accepts: Accepts = {}): Promise<Key> {
  const key = await lookUp(ctx, keyId, accepts);
  if (key === undefined) throw missing(ctx, keyId, accepts);
  return key;
}

type Use = Omit<KeyUse, "grants" | "callerAccount" | "resourceAliases"> & {
  /** Which of the grants to the caller have a say; default: all. */
  counts?(grant: Grant): boolean;
};

type NamedUse = Omit<Use, "requestAlias"> & { accepts?: Accepts; grantTokens?: readonly string[] | undefined };

/**
 * What is asked for before `action` (without `kms:`) is done to the key. One that does not exist is judged by the ARN
 * that it would have, so that who has no rights learns nothing.
 */
export async function authorizeUse(
  ctx: Call,
  action: string,
  keyId: string,
  { accepts = {}, grantTokens, ...use }: NamedUse = {},
): Promise<Authorization> {
  checkGrantTokens(grantTokens);
  const key = await lookUp(ctx, keyId, accepts);
  const parsed = parseKeyReference(keyId);
  if (key === undefined) {
    const { account, region } = parsed?.home ?? homeOf(ctx);
    const named = parsed === undefined ? "key/*" : "alias" in parsed ? parsed.alias : `key/${parsed.id}`;
    return { action: `kms:${action}`, resource: `arn:aws:kms:${region}:${account}:${named}`, accountId: account };
  }
  const requestAlias = parsed !== undefined && "alias" in parsed ? parsed.alias : undefined;
  return authorizeKey(ctx, action, key, { ...use, requestAlias });
}

export async function authorizeKey(
  ctx: Call,
  action: string,
  key: Key,
  { counts = () => true, ...use }: Use = {},
): Promise<Authorization> {
  const { db } = ctx.records;
  const aliases = await listAliases(db, key, { keyId: key.id, limit: 50 });
  const grants = await listGrantsTo(db, key.id, principalsOf(ctx.caller!));
  return keyAuthorization(key, action, {
    ...use,
    callerAccount: ctx.accountId,
    grants: grants.filter(counts),
    resourceAliases: aliases.map(({ name }) => name),
  });
}

/** The ARNs by which grants may name a caller. */
export function principalsOf({ principalArn, session }: Caller): string[] {
  return session?.role === undefined ? [principalArn] : [principalArn, session.role.arn];
}

/** `undefined`: there is none, or the operation does not take it. */
export async function lookUp(ctx: Call, keyId: string, { aliases, foreign }: Accepts): Promise<Key | undefined> {
  const parsed = parseKeyReference(keyId);
  if (parsed === undefined || ("alias" in parsed && !aliases)) return undefined;
  const home = parsed.home ?? homeOf(ctx);
  if (home.region !== ctx.region) return undefined;
  if (home.account !== ctx.accountId) {
    // Looking at the default key of a service would make it.
    if (!foreign || ("alias" in parsed && parsed.alias.startsWith("alias/aws/"))) return undefined;
  }
  return ctx.keys.find(home, keyId);
}

function missing(ctx: Call, keyId: string, { aliases }: Accepts): ServiceError {
  const parsed = parseKeyReference(keyId);
  if (parsed === undefined || ("alias" in parsed && !aliases)) {
    return keyId.startsWith("arn:") ? invalidArn(`Invalid arn ${keyId.slice(0, 256)}`) : invalidKeyId(keyId);
  }
  const home = parsed.home ?? homeOf(ctx);
  return "alias" in parsed
    ? aliasNotFound(aliasArn(home, parsed.alias))
    : keyNotFound(buildKeyArn({ ...home, ...parsed }));
}

export function aliasArn({ account, region }: Home, name: string): string {
  return `arn:aws:kms:${region}:${account}:${name}`;
}

/** @throws ServiceError */
export function refuseDisabled({ arn, state }: Key): void {
  if (state === "Disabled") throw disabled(arn);
}

/** @throws ServiceError */
export function refusePending({ arn, state }: Key): void {
  if (state === "PendingDeletion") throw pendingDeletion(arn);
}

/** @throws ServiceError */
export function refuseServiceKey({ arn, manager }: Key): void {
  if (manager === "AWS") throw managedByAws(arn);
}
