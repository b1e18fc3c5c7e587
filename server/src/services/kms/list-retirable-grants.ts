import type { ListGrantsResponse, ListRetirableGrantsRequest } from "@aws-sdk/client-kms";
import { listRetirable } from "../../storage/records/kms-grants.ts";
import type { Operation } from "../operation.ts";
import type { KmsContext } from "./context.ts";
import { invalid, unsupported } from "./errors.ts";
import { grantAnswer } from "./grants.ts";
import { defaultLimit, pageOf, parseMarker } from "./paging.ts";

/** Of principals of the caller's account; of keys of any. By id. */
export const listRetirableGrants: Operation<ListRetirableGrantsRequest, ListGrantsResponse, KmsContext> = {
  authorize: () => ({ action: "kms:ListRetirableGrants", resource: "*" }),

  async run({ RetiringPrincipal, RetiringServicePrincipal, Limit = defaultLimit, Marker }, ctx) {
    if (RetiringServicePrincipal !== undefined) throw unsupported("Services retire no grants.");
    if (RetiringPrincipal?.split(":")[4] !== ctx.accountId) {
      throw invalid("RetiringPrincipal must be a principal of your account.");
    }
    const page = { after: parseMarker(Marker), limit: Limit + 1 };
    const found = await listRetirable(ctx.records.db, ctx.region, RetiringPrincipal, page);
    const { page: shown, more } = pageOf(found, Limit, ({ id }) => id);
    return { Grants: shown.map(grantAnswer), ...more };
  },
};
