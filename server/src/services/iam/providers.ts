/**
 * OpenID Connect providers as operations name them, by ARN.
 */
import type { ConditionContext } from "../../policy/policy.types.ts";
import { findOidcProvider, type OidcProvider } from "../../storage/records/oidc-providers.ts";
import type { Authorization } from "../operation.ts";
import type { Call, Database } from "./context.ts";
import { invalid, noSuchProvider } from "./errors.ts";
import { resourceTags } from "./tag-set.ts";

/** @throws ServiceError */
export async function needProvider(arn: string, ctx: Call, db: Database = ctx.records.db): Promise<OidcProvider> {
  if (nameIn(arn) === undefined) throw invalid(`Invalid ARN:  Could not be parsed!`);
  const provider = await find(arn, ctx, db);
  if (provider === undefined) throw noSuchProvider(arn);
  return provider;
}

export async function onProvider(
  action: string,
  arn: string,
  ctx: Call,
  context: ConditionContext = {},
): Promise<Authorization> {
  const provider = await find(arn, ctx, ctx.records.db);
  return { action: `iam:${action}`, resource: arn, context: { ...resourceTags(provider?.tags ?? {}), ...context } };
}

async function find(arn: string, { accountId }: Call, db: Database): Promise<OidcProvider | undefined> {
  const name = nameIn(arn);
  const provider = name === undefined ? undefined : await findOidcProvider(db, accountId, name);
  return provider?.arn === arn ? provider : undefined;
}

function nameIn(arn: string): string | undefined {
  return /^arn:aws:iam::\d{12}:oidc-provider\/(.+)$/.exec(arn)?.[1];
}
