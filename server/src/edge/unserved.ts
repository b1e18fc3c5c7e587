/**
 * How to speak to clients of services that are not here, so that they show the reason and not a riddle.
 */
import { authProtocol } from "./auth/auth-errors.ts";
import type { Dialect } from "./errors.ts";
import type { Protocol } from "./model/snapshot.ts";

const protocols: Record<string, Protocol> = {
  awsJson: "awsJson1_1",
  restJson: "restJson1",
  query: "awsQuery",
  s3: "restXml",
};

/** `name`: a signing name. */
export function dialectOf(name: string): Dialect {
  const protocol = protocols[authProtocol(name)]!;
  return { protocol, signingName: name, xmlNamespace: undefined, errors: new Map() };
}
