import type { ListGrantsRequest, ListGrantsResponse } from "@aws-sdk/client-kms";
import { listGrants as readGrants } from "../../storage/records/kms-grants.ts";
import type { Operation, With } from "../operation.ts";
import type { KmsContext } from "./context.ts";
import { authorizeUse, findKey } from "./find-key.ts";
import { grantAnswer } from "./grants.ts";
import { defaultLimit, pageOf, parseMarker } from "./paging.ts";

const accepts = { foreign: true };

/** By id. */
export const listGrants: Operation<With<ListGrantsRequest, "KeyId">, ListGrantsResponse, KmsContext> = {
  authorize: ({ KeyId }, ctx) => authorizeUse(ctx, "ListGrants", KeyId, { accepts }),

  async run({ KeyId, GrantId, GranteePrincipal, Limit = defaultLimit, Marker }, ctx) {
    const key = await findKey(ctx, KeyId, accepts);
    const only = { id: GrantId, grantee: GranteePrincipal };
    const found = await readGrants(ctx.records.db, key.id, { ...only, after: parseMarker(Marker), limit: Limit + 1 });
    const { page, more } = pageOf(found, Limit, ({ id }) => id);
    return { Grants: page.map(grantAnswer), ...more };
  },
};
