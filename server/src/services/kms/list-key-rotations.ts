import type { ListKeyRotationsRequest, ListKeyRotationsResponse } from "@aws-sdk/client-kms";
import { listMaterials } from "../../storage/records/kms-materials.ts";
import type { Operation, With } from "../operation.ts";
import type { KmsContext } from "./context.ts";
import { invalidMarker } from "./errors.ts";
import { authorizeUse, findKey } from "./find-key.ts";
import { defaultLimit, pageOf, parseMarker } from "./paging.ts";

type Input = With<ListKeyRotationsRequest, "KeyId">;

/** Oldest first; the material that the key was made with only where all are asked for. */
export const listKeyRotations: Operation<Input, ListKeyRotationsResponse, KmsContext> = {
  authorize: ({ KeyId }, ctx) => authorizeUse(ctx, "ListKeyRotations", KeyId),

  async run({ KeyId, IncludeKeyMaterial, Limit = defaultLimit, Marker }, ctx) {
    const key = await findKey(ctx, KeyId);
    const first = IncludeKeyMaterial === "ALL_KEY_MATERIAL" ? -1 : 0;
    const after = Marker === undefined ? first : numberOf(parseMarker(Marker)!);
    const found = await listMaterials(ctx.records.db, key.id, { after, limit: Limit + 1 });
    const { page, more } = pageOf(found, Limit, ({ number }) => String(number));
    const rotations = page.map(({ id, number, made, created_at }) => ({
      KeyId: key.id,
      KeyMaterialId: id,
      KeyMaterialState: number === key.material ? ("CURRENT" as const) : ("NON_CURRENT" as const),
      ...(made !== "FIRST" && { RotationDate: new Date(created_at), RotationType: made }),
    }));
    return { Rotations: rotations, ...more };
  },
};

function numberOf(marker: string): number {
  if (!/^\d{1,9}$/.test(marker)) throw invalidMarker();
  return Number(marker);
}
