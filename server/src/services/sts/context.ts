/**
 * What every operation of the security token service is given beside its input.
 */
import type { Access } from "../../engine/access/access.ts";
import type { SessionTokens } from "../../engine/access/session-tokens.ts";
import type { WebIdentities } from "../../engine/access/web-identity/web-identities.ts";
import type { Records } from "../../storage/records/records.ts";
import type { RequestContext } from "../operation.ts";

export type StsContext = {
  records: Records;
  access: Access;
  tokens: SessionTokens;
  webIdentities: WebIdentities;
};

export type Call = StsContext & RequestContext;
