/**
 * What S3 says to requests that are near an operation but not one: never is an unknown sub-resource taken for a plain
 * object.
 */
import { ServiceError } from "../../services/service-error.ts";
import { hasPath, type Route, type Routes, type Target } from "./routes.ts";

export function noS3Route(routes: Routes, target: Target): ServiceError {
  const unknown = [...target.query.keys()].find((name) => !routes.subresources.has(name) && !isCommon(name));
  return unknown !== undefined && hasPath(routes, target) && target.method === "POST"
    ? notImplemented(unknown)
    : methodNotAllowed(target.method);
}

/** @throws ServiceError when the query asks for something that the operation would not look at */
export function checkSubresources({ subresources }: Routes, { parameters }: Route, { method, query }: Target): void {
  if (query.size === 0) return;
  const reads = method === "GET" || method === "HEAD";
  for (const name of query.keys()) {
    if (parameters.has(name) || isCommon(name)) continue;
    if (subresources.has(name)) throw methodNotAllowed(method);
    // Links to objects get parameters of all kinds added on their way; nobody adds any to a write.
    if (!reads) throw notImplemented(name);
  }
}

/** Of proofs, of headers in links, and of SDKs. */
function isCommon(name: string): boolean {
  return common.has(name.toLowerCase()) || /^x-amz-/i.test(name);
}

const common = new Set(["x-id", "awsaccesskeyid", "signature", "expires", "content-type", "content-md5"]);

function methodNotAllowed(method: string): ServiceError {
  const message = "The specified method is not allowed against this resource.";
  return new ServiceError("MethodNotAllowed", 405, message, { members: { Method: method } });
}

function notImplemented(parameter: string): ServiceError {
  const message = `A query parameter you provided implies functionality that is not implemented: ${parameter}`;
  return new ServiceError("NotImplemented", 501, message, { members: { Parameter: parameter } });
}
