import type { ListResourceTagsRequest, ListResourceTagsResponse } from "@aws-sdk/client-kms";
import type { Operation, With } from "../operation.ts";
import type { KmsContext } from "./context.ts";
import { authorizeUse, findKey } from "./find-key.ts";
import { pageOf, parseMarker } from "./paging.ts";

/** API reference, "ListResourceTags". */
const defaultLimit = 50;

type Input = With<ListResourceTagsRequest, "KeyId">;

/** By name. */
export const listResourceTags: Operation<Input, ListResourceTagsResponse, KmsContext> = {
  authorize: ({ KeyId }, ctx) => authorizeUse(ctx, "ListResourceTags", KeyId),

  async run({ KeyId, Limit = defaultLimit, Marker }, ctx) {
    const { tags } = await findKey(ctx, KeyId);
    const after = parseMarker(Marker);
    const names = Object.keys(tags).sort();
    const found = names.filter((name) => after === undefined || after < name);
    const { page, more } = pageOf(found, Limit, (name) => name);
    return { Tags: page.map((name) => ({ TagKey: name, TagValue: tags[name] })), ...more };
  },
};
