/**
 * The four ways to name a KMS key: its id, its ARN, `alias/NAME`, an alias's ARN.
 */
import type { Home } from "../records/listing.ts";

export type KeyReference = ({ id: string } | { alias: string }) & {
  /** Of an ARN: whose key it is. */
  home?: Home;
};

const keyId = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
export const aliasName = /^alias\/[a-zA-Z0-9/_-]{1,250}$/;
const keyArn = /^arn:aws:kms:([a-z0-9-]+):(\d{12}):(key|alias)\/(.+)$/s;

/** `undefined`: it has none of these forms. */
export function parseKeyReference(text: string): KeyReference | undefined {
  if (keyId.test(text)) return { id: text };
  if (aliasName.test(text)) return { alias: text };
  const match = keyArn.exec(text);
  if (match === null) return undefined;
  const [, region, account, kind, rest] = match as unknown as string[];
  const home = { account: account!, region: region! };
  if (kind === "key") return keyId.test(rest!) ? { id: rest!, home } : undefined;
  return aliasName.test(`alias/${rest}`) ? { alias: `alias/${rest}`, home } : undefined;
}
