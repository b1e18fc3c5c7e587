import type { SimulateCustomPolicyRequest, SimulatePolicyResponse } from "@aws-sdk/client-iam";
import type { Operation, With } from "../operation.ts";
import type { IamContext } from "./context.ts";
import { simulatedCaller } from "./simulated-principals.ts";
import { inputBoundary, inputPolicies, simulate } from "./simulation.ts";

export const simulateCustomPolicy: Operation<
  With<SimulateCustomPolicyRequest, "PolicyInputList" | "ActionNames">,
  SimulatePolicyResponse,
  IamContext
> = {
  authorize: () => ({ action: "iam:SimulateCustomPolicy", resource: "*" }),

  async run(input, ctx) {
    const { principal, context } = await simulatedCaller(input.CallerArn, ctx);
    const policies = inputPolicies(input.PolicyInputList);
    return simulate(input, { principal, context, policies, boundary: inputBoundary(input) }, ctx);
  },
};
