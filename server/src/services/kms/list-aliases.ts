import type { ListAliasesRequest, ListAliasesResponse } from "@aws-sdk/client-kms";
import { listAliases as readAliases } from "../../storage/records/kms-aliases.ts";
import type { Operation } from "../operation.ts";
import { homeOf, type KmsContext } from "./context.ts";
import { aliasArn, findKey } from "./find-key.ts";
import { pageOf, parseMarker } from "./paging.ts";

/** API reference, "ListAliases". */
const defaultLimit = 50;

/** By name. Those of services are there once they are used. */
export const listAliases: Operation<ListAliasesRequest, ListAliasesResponse, KmsContext> = {
  authorize: () => ({ action: "kms:ListAliases", resource: "*" }),

  async run({ KeyId, Limit = defaultLimit, Marker }, ctx) {
    const home = homeOf(ctx);
    const keyId = KeyId === undefined ? undefined : (await findKey(ctx, KeyId)).id;
    const after = parseMarker(Marker);
    const found = await readAliases(ctx.records.db, home, { keyId, after, limit: Limit + 1 });
    const { page, more } = pageOf(found, Limit, ({ name }) => name);
    const aliases = page.map(({ name, key_id, created_at, updated_at }) => ({
      AliasName: name,
      AliasArn: aliasArn(home, name),
      TargetKeyId: key_id,
      CreationDate: new Date(created_at),
      LastUpdatedDate: new Date(updated_at),
    }));
    return { Aliases: aliases, ...more };
  },
};
