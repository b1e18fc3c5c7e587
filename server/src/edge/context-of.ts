/**
 * What an operation is told of the call beside its input.
 */
import type { Clock } from "../base/clock.ts";
import type { Random } from "../base/random.ts";
import type { RequestContext } from "../services/operation.ts";
import type { Authenticated } from "./auth/authenticate.ts";
import type { Call } from "./protocols/call.ts";

export type ContextOptions = { clock: Clock; random: Random };

export function contextOf(
  { request, requestId, header, query }: Call,
  { caller, region, trailers }: Authenticated,
  { clock, random }: ContextOptions,
): RequestContext {
  return {
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
  };
}
