/**
 * Key policies as they are given: well-formed, and not one that locks out who gives it.
 */
import { MalformedPolicy, parsePolicy } from "../../policy/parse-policy.ts";
import type { Authorization } from "../operation.ts";
import type { Call } from "./context.ts";
import { malformedPolicy } from "./errors.ts";

/** Every key has one policy, of this name. */
export const policyName = "default";

/** Developer guide, "Resource quotas". */
const maxBytes = 32_768;

/**
 * @param asked what changing the policy of the key asks for, to be judged by the new policy
 * @throws ServiceError
 */
export async function checkKeyPolicy(
  ctx: Call,
  document: string,
  asked: Authorization,
  bypassLockoutCheck = false,
): Promise<void> {
  if (maxBytes < Buffer.byteLength(document)) throw malformedPolicy(`A key policy may have at most ${maxBytes} bytes.`);
  try {
    parsePolicy(document, "key");
  } catch (error) {
    if (error instanceof MalformedPolicy) throw malformedPolicy(error.message);
    throw error;
  }
  if (bypassLockoutCheck) return;
  const resourcePolicy = { source: "the new key policy", document, mustAllow: true };
  if (!(await ctx.mayDo({ ...asked, resourcePolicy }))) {
    throw malformedPolicy("The new key policy will not allow you to update the key policy in the future.");
  }
}
