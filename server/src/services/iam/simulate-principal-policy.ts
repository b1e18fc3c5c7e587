import type { SimulatePolicyResponse, SimulatePrincipalPolicyRequest } from "@aws-sdk/client-iam";
import type { Operation, With } from "../operation.ts";
import type { IamContext } from "./context.ts";
import { onOwner } from "./owners.ts";
import { needSource, parseSource, simulatedCaller } from "./simulated-principals.ts";
import { inputBoundary, inputPolicies, simulate } from "./simulation.ts";

/** A user with its groups, a group or a role, as it stands; `PolicyInputList` comes on top. */
export const simulatePrincipalPolicy: Operation<
  With<SimulatePrincipalPolicyRequest, "PolicySourceArn" | "ActionNames">,
  SimulatePolicyResponse,
  IamContext
> = {
  async authorize({ PolicySourceArn }, ctx) {
    const { kind, name } = parseSource(PolicySourceArn);
    return { ...(await onOwner("SimulatePrincipalPolicy", kind, name, ctx)), resource: PolicySourceArn };
  },

  async run(input, ctx) {
    const source = await needSource(input.PolicySourceArn, ctx);
    const caller = input.CallerArn === undefined ? source : await simulatedCaller(input.CallerArn, ctx);
    const policies = [...source.policies, ...inputPolicies(input.PolicyInputList)];
    const boundary = inputBoundary(input) ?? source.boundary;
    return simulate(input, { principal: caller.principal, context: caller.context, policies, boundary }, ctx);
  },
};
