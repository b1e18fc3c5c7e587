/**
 * What an operation is told of the call beside its input.
 */
import type { Clock } from "../base/clock.ts";
import type { Random } from "../base/random.ts";
import type { ConditionContext } from "../policy/policy.types.ts";
import type { RequestContext } from "../services/operation.ts";
import type { Authenticated } from "./auth/authenticate.ts";
import { type Asking, authorizeOrDeny, decide } from "./authorize.ts";
import { type Authorizer, rootAlone } from "./authorizer.ts";
import type { EdgeRequest } from "./http.ts";
import type { Call } from "./protocols/call.ts";
import { requestConditions } from "./request-conditions.ts";

export type ContextOptions = { clock: Clock; random: Random };

export function askingOf(
  request: EdgeRequest,
  { caller, region }: Pick<Authenticated, "caller" | "region">,
  signingName: string,
  { authorizer = rootAlone, clock }: { authorizer?: Authorizer; clock: Clock },
  onDecision?: Asking["onDecision"],
): Asking {
  let conditions: ConditionContext | undefined;
  const conditionsOf = () => {
    conditions ??= requestConditions(request, { caller, region, now: clock() });
    return conditions;
  };
  return { caller, request: conditionsOf, signingName, authorizer, onDecision };
}

/** `own`: what the service gives each of its operations. */
export function contextOf<Own>(
  own: Own,
  { request, requestId, header, query }: Call,
  { caller, region, trailers }: Authenticated,
  asking: Asking,
  { clock, random }: ContextOptions,
): Own & RequestContext {
  return {
    ...own,
    caller,
    accountId: caller?.accountId ?? "anonymous",
    region,
    requestId,
    clock,
    random,
    header,
    trailers,
    query: (name) => query.get(name)?.[0],
    origin: `${request.secure ? "https" : "http"}://${request.headers.host ?? "localhost"}`,
    port: request.localPort,
    signal: request.signal,
    demand: (wanted) => authorizeOrDeny(asking, wanted),
    mayDo: async (wanted) => (await decide(asking, wanted)).allowed,
  };
}
