/**
 * Whose request it is, in the order in which the signs can be trusted: the credential scope, X-Amz-Target, the action of
 * a form, the path, the host; and else S3's.
 */
import { claimedService } from "./auth/claim.ts";
import type { EdgeRequest } from "./http.ts";
import type { Model } from "./model/model.ts";

export type Chosen<T> = { service: T } | { unserved: string };

/** `unserved`: the name of a service that is not here. Never throws. */
export function chooseService<T extends { model: Model }>(services: readonly T[], request: EdgeRequest): Chosen<T> {
  const { headers, rawPath, rawQuery } = request;
  const scoped = claimedService(request);
  const claimed = scoped === undefined ? undefined : (aliases[scoped] ?? scoped);
  if (claimed !== undefined) {
    const service = services.find(({ model }) => model.signingName === claimed);
    return service === undefined ? { unserved: claimed } : { service };
  }
  const target = headers["x-amz-target"]?.split(".")[0];
  const host = headers.host?.split(".")[0];
  const isForm = request.method === "POST" && rawPath === "/" && isUrlEncoded(headers["content-type"]);
  const sentVersion = /(?:^|&)Version=([\d-]+)/.exec(rawQuery)?.[1];
  const service =
    (target !== undefined ? services.find(({ model }) => model.targetPrefix === target) : undefined) ??
    (isForm || /(?:^|&)Action=/.test(rawQuery)
      ? services.find(({ model }) => model.protocol === "awsQuery" && (sentVersion ?? model.version) === model.version)
      : undefined) ??
    services.find(({ model }) => isRest(model) && rawPath.startsWith(`/${model.version}/`)) ??
    services.find(({ model }) => model.signingName === host) ??
    services.find(({ model }) => model.signingName === "s3");
  return service === undefined ? { unserved: target ?? "s3" } : { service };
}

/** Names under which S3's own clients sign some of its operations. */
const aliases: Record<string, string> = { s3express: "s3", "s3-object-lambda": "s3" };

function isRest({ protocol }: Model): boolean {
  return protocol === "restJson1" || protocol === "restXml";
}

function isUrlEncoded(type: string | undefined): boolean {
  return type?.startsWith("application/x-www-form-urlencoded") === true;
}
