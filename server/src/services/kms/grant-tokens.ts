/**
 * Grant tokens: a name for one grant. Grants hold as soon as they are made, so a token gives nothing that its grant does
 * not; one that is no token at all is refused.
 */
import { invalidGrantToken } from "./errors.ts";

export type GrantName = { keyId: string; grantId: string };

const prefix = "millrace grant 1";

export function buildGrantToken({ keyId, grantId }: GrantName): string {
  return Buffer.from(`${prefix}\0${keyId}\0${grantId}`).toString("base64");
}

/** @throws ServiceError */
export function parseGrantToken(token: string): GrantName {
  const [start, keyId, grantId, ...rest] = Buffer.from(token, "base64").toString().split("\0");
  const name = { keyId: keyId ?? "", grantId: grantId ?? "" };
  if (start !== prefix || rest.length > 0 || buildGrantToken(name) !== token) throw invalidGrantToken();
  return name;
}

/** @throws ServiceError */
export function checkGrantTokens(tokens: readonly string[] = []): void {
  for (const token of tokens) parseGrantToken(token);
}
