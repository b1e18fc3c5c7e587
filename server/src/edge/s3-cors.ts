/**
 * Cross-origin requests to S3: browsers ask first, without a signature, and need headers on every answer, errors too.
 */
import type { Service } from "../services/operation.ts";
import { ServiceError } from "../services/service-error.ts";
import type { EdgeRequest } from "./http.ts";
import type { Answer } from "./protocols/call.ts";
import { parseS3Address } from "./s3-address.ts";

type Options = { s3BaseDomains: readonly string[] };

export function isPreflight({ method }: EdgeRequest): boolean {
  return method === "OPTIONS";
}

/** @throws ServiceError when no rule allows what is asked for */
export async function answerPreflight(
  service: Service<unknown>,
  request: EdgeRequest,
  { s3BaseDomains }: Options,
): Promise<Answer> {
  const { origin, "access-control-request-method": method, "access-control-request-headers": names } = request.headers;
  if (origin === undefined) throw badRequest("Insufficient information. Origin request header needed.");
  if (method === undefined) throw badRequest("Invalid Access-Control-Request-Method: null");
  const { bucket } = parseS3Address(request, s3BaseDomains);
  const requestHeaders = (names ?? "").split(",").map((name) => name.trim());
  const headers =
    bucket === undefined
      ? undefined
      : await service.cors?.({
          bucket,
          origin,
          method,
          requestHeaders: requestHeaders.filter((name) => name !== ""),
          preflight: true,
        });
  if (headers === undefined) {
    const message =
      "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, request method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's CORS spec.";
    throw new ServiceError("AccessForbidden", 403, message, { members: { Method: method, ResourceType: "OBJECT" } });
  }
  return { status: 200, headers: { ...headers } };
}

/** What the bucket's rules add to an answer. Never throws: an answer without them is still an answer. */
export async function corsHeadersFor(
  service: Service<unknown>,
  request: EdgeRequest,
  { s3BaseDomains }: Options,
): Promise<Record<string, string> | undefined> {
  const { origin } = request.headers;
  if (origin === undefined || service.cors === undefined || isPreflight(request)) return undefined;
  try {
    const { bucket } = parseS3Address(request, s3BaseDomains);
    if (bucket === undefined) return undefined;
    return await service.cors({ bucket, origin, method: request.method, requestHeaders: [], preflight: false });
  } catch {
    return undefined;
  }
}

function badRequest(message: string): ServiceError {
  return new ServiceError("BadRequest", 400, message);
}
