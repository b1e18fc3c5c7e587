/**
 * Whose request it is, in the order in which the signs can be trusted: the credential scope, X-Amz-Target, the action of
 * a form, the path, the host; and else S3's. The services of Kinesis Video Streams share one name, and the path tells
 * them apart.
 */
import { claimedService } from "./auth/claim.ts";
import type { EdgeRequest } from "./http.ts";
import type { Model } from "./model/model.ts";
import { withoutDoubleSlash } from "./open-call.ts";
import type { ProtocolHandler } from "./protocols/call.ts";

export type Chosen<T> = { service: T } | { unserved: string };

type Choosable = { model: Model; protocol: Pick<ProtocolHandler, "hasPath"> };

/** `unserved`: the name of a service that is not here. Never throws. */
export function chooseService<T extends Choosable>(services: readonly T[], request: EdgeRequest): Chosen<T> {
  const { headers, rawPath, rawQuery } = request;
  const scoped = claimedService(request);
  const claimed = scoped === undefined ? undefined : (aliases[scoped] ?? scoped);
  if (claimed !== undefined) {
    const service = named(services, claimed, request);
    return service === undefined ? { unserved: claimed } : { service };
  }
  const target = headers["x-amz-target"]?.split(".")[0];
  const host = headers.host?.split(".")[0];
  const isForm = request.method === "POST" && rawPath === "/" && isUrlEncoded(headers["content-type"]);
  const sentVersion = /(?:^|&)Version=([\d-]+)/.exec(rawQuery)?.[1];
  const service =
    (target !== undefined ? services.find(({ model }) => model.targetPrefix === target) : undefined) ??
    (isForm || /(?:^|&)Action=/.test(rawQuery)
      ? // An unsigned form that keeps its version in the body: STS alone has an operation for those who have no keys yet.
        ((sentVersion === undefined ? named(services, "sts", request) : undefined) ??
        services.find(({ model }) => model.protocol === "awsQuery" && (sentVersion ?? model.version) === model.version))
      : undefined) ??
    services.find(({ model }) => isRest(model) && rawPath.startsWith(`/${model.version}/`)) ??
    services.find(
      ({ model, protocol }) => isCall(request) && model.protocol === "restJson1" && hasPath(protocol, request),
    ) ??
    (host === undefined ? undefined : named(services, host, request)) ??
    named(services, "s3", request);
  return service === undefined ? { unserved: target ?? "s3" } : { service };
}

function named<T extends Choosable>(services: readonly T[], name: string, request: EdgeRequest): T | undefined {
  let first: T | undefined;
  for (const service of services) {
    if (service.model.signingName !== name) continue;
    if (first === undefined) first = service;
    else return services.find((one) => one.model.signingName === name && hasPath(one.protocol, request)) ?? first;
  }
  return first;
}

/** S3 takes forms in this way as well, but into buckets, and no bucket is called as operations are. */
function isCall({ method, rawQuery }: EdgeRequest): boolean {
  return method === "POST" && rawQuery === "";
}

function hasPath(protocol: Choosable["protocol"], request: EdgeRequest): boolean {
  return protocol.hasPath?.(withoutDoubleSlash(request)) === true;
}

/** Names under which S3's own clients sign some of its operations. */
const aliases: Record<string, string> = { s3express: "s3", "s3-object-lambda": "s3" };

function isRest({ protocol }: Model): boolean {
  return protocol === "restJson1" || protocol === "restXml";
}

function isUrlEncoded(type: string | undefined): boolean {
  return type?.startsWith("application/x-www-form-urlencoded") === true;
}
