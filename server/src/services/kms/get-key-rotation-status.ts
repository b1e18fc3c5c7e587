import type { GetKeyRotationStatusRequest, GetKeyRotationStatusResponse } from "@aws-sdk/client-kms";
import type { Operation, With } from "../operation.ts";
import type { KmsContext } from "./context.ts";
import { authorizeUse, findKey } from "./find-key.ts";

type Input = With<GetKeyRotationStatusRequest, "KeyId">;

const accepts = { foreign: true };

/** Rotation on demand is done when it is answered: none is ever under way. */
export const getKeyRotationStatus: Operation<Input, GetKeyRotationStatusResponse, KmsContext> = {
  authorize: ({ KeyId }, ctx) => authorizeUse(ctx, "GetKeyRotationStatus", KeyId, { accepts }),

  async run({ KeyId }, ctx) {
    const { arn, rotationDays, rotatesAt, state } = await findKey(ctx, KeyId, accepts);
    if (rotationDays === undefined || state === "PendingDeletion") return { KeyId: arn, KeyRotationEnabled: false };
    return {
      KeyId: arn,
      KeyRotationEnabled: true,
      RotationPeriodInDays: rotationDays,
      NextRotationDate: new Date(rotatesAt!),
    };
  },
};
