import type { ListKeysRequest, ListKeysResponse } from "@aws-sdk/client-kms";
import { listKeys as readKeys } from "../../storage/records/kms-keys.ts";
import type { Operation } from "../operation.ts";
import { homeOf, type KmsContext } from "./context.ts";
import { defaultLimit, pageOf, parseMarker } from "./paging.ts";

/** By id. */
export const listKeys: Operation<ListKeysRequest, ListKeysResponse, KmsContext> = {
  authorize: () => ({ action: "kms:ListKeys", resource: "*" }),

  async run({ Limit = defaultLimit, Marker }, ctx) {
    const found = await readKeys(ctx.records.db, homeOf(ctx), { after: parseMarker(Marker), limit: Limit + 1 });
    const { page, more } = pageOf(found, Limit, ({ id }) => id);
    return { Keys: page.map(({ id, arn }) => ({ KeyId: id, KeyArn: arn })), ...more };
  },
};
