import type { EnableKeyRotationRequest } from "@aws-sdk/client-kms";
import { dayMs } from "../../base/clock.ts";
import type { Operation, With } from "../operation.ts";
import { changeNamedKey } from "./change-key.ts";
import type { KmsContext } from "./context.ts";
import { authorizeUse, refuseDisabled, refusePending } from "./find-key.ts";

const defaultDays = 365;

/** The period begins now, unless it runs already. */
export const enableKeyRotation: Operation<With<EnableKeyRotationRequest, "KeyId">, object, KmsContext> = {
  authorize: ({ KeyId, RotationPeriodInDays }, ctx) => {
    const conditions: Record<string, string> = {};
    if (RotationPeriodInDays !== undefined) conditions["kms:rotationperiodindays"] = String(RotationPeriodInDays);
    return authorizeUse(ctx, "EnableKeyRotation", KeyId, { conditions });
  },

  async run({ KeyId, RotationPeriodInDays }, ctx) {
    await changeNamedKey(ctx, KeyId, (key) => {
      refusePending(key);
      refuseDisabled(key);
      const days = RotationPeriodInDays ?? key.rotationDays ?? defaultDays;
      if (days === key.rotationDays) return {};
      return { rotationDays: days, rotatesAt: ctx.clock() + days * dayMs };
    });
    return {};
  },
};
