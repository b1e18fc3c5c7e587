/**
 * What IAM's users, groups, roles and managed policies have in common: names, paths and pages.
 */

/** In the order of their names without case. */
export type EntityPage = {
  /** `/` is the prefix of all. */
  pathPrefix?: string | undefined;
  /** The name, in any case, that the page before ended with. It need not exist any more. */
  after?: string | undefined;
  limit: number;
};

export type EntityKind = "user" | "group" | "role" | "policy";

export function buildEntityArn(
  kind: EntityKind,
  { account, path, name }: { account: string; path: string; name: string },
) {
  return `arn:aws:iam::${account}:${kind}${path}${name}`;
}

/** `undefined`: it is none of this kind. */
export function parseEntityArn(
  kind: EntityKind,
  arn: string,
): { account: string; path: string; name: string } | undefined {
  const [, account, found, path, name] =
    /^arn:aws:iam::(\d{12}|aws):([a-z]+)(\/(?:[!-~]+\/)?)([\w+=,.@-]+)$/.exec(arn) ?? [];
  return found === kind ? { account: account!, path: path!, name: name! } : undefined;
}

/** Both texts, as a name lies in a row. */
export function nameColumns(name: string): { name: string; lower_name: string } {
  return { name, lower_name: name.toLowerCase() };
}
