import type { RotateKeyOnDemandRequest, RotateKeyOnDemandResponse } from "@aws-sdk/client-kms";
import { countMaterials } from "../../storage/records/kms-materials.ts";
import type { Operation, With } from "../operation.ts";
import type { KmsContext } from "./context.ts";
import { keyNotFound, limitExceeded } from "./errors.ts";
import { authorizeUse, findKey, refuseDisabled, refusePending, refuseServiceKey } from "./find-key.ts";

/** Developer guide, "Resource quotas". */
const most = 25;

type Input = With<RotateKeyOnDemandRequest, "KeyId">;

/** Leaves the period of automatic rotation as it is. */
export const rotateKeyOnDemand: Operation<Input, RotateKeyOnDemandResponse, KmsContext> = {
  authorize: ({ KeyId }, ctx) => authorizeUse(ctx, "RotateKeyOnDemand", KeyId),

  async run({ KeyId }, ctx) {
    const key = await findKey(ctx, KeyId);
    refuseServiceKey(key);
    if (most <= (await countMaterials(ctx.records.db, key.id, "ON_DEMAND"))) {
      throw limitExceeded(`A key may be rotated on demand ${most} times.`);
    }
    const rotated = await ctx.keys.rotate(key.id, "ON_DEMAND", (current) => {
      refusePending(current);
      refuseDisabled(current);
    });
    if (rotated === undefined) throw keyNotFound(key.arn);
    return { KeyId: key.arn };
  },
};
