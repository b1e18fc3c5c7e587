/**
 * A request as the protocols see it.
 */
import type { Bytes } from "../services/operation.ts";
import { ServiceError } from "../services/service-error.ts";
import type { Authenticated } from "./auth/authenticate.ts";
import { parseQueryParameters, type QueryParameters } from "./codecs/query-parameters.ts";
import type { EdgeRequest } from "./http.ts";
import type { Call } from "./protocols/call.ts";
import { parseS3Address } from "./s3-address.ts";

export type CallOptions = {
  requestId: string;
  isS3: boolean;
  /** What {@link Call.whole} takes at most. */
  maxWholeBytes: number;
  s3BaseDomains: readonly string[];
};

export function openCall(
  request: EdgeRequest,
  { body, kind, decodedLength }: Pick<Authenticated, "body" | "kind" | "decodedLength">,
  { requestId, isS3, maxWholeBytes, s3BaseDomains }: CallOptions,
): Call {
  const query = parseQueryParameters(request.rawQuery);
  const inLink = isS3 && (kind === "presigned" || kind === "presigned-v2") ? linkHeaders(query) : none;
  let whole: Promise<Uint8Array> | undefined;
  return {
    request,
    requestId,
    ...(isS3 ? parseS3Address(request, s3BaseDomains) : { bucket: undefined, rawPath: withoutDoubleSlash(request) }),
    query,
    header: (name) => request.headers[name] ?? inLink.get(name),
    headerNames: () => new Set([...Object.keys(request.headers), ...inLink.keys()]),
    body,
    whole() {
      whole ??= readAll(body, decodedLength, maxWholeBytes, isS3);
      return whole;
    },
  };
}

const none: ReadonlyMap<string, string> = new Map();

/** SDKs move headers that they would have to sign into the query of a link. */
function linkHeaders(query: QueryParameters): ReadonlyMap<string, string> {
  const headers = [...query].flatMap(([name, [value]]): [string, string][] => {
    const lower = name.toLowerCase();
    const isHeader =
      (lower.startsWith("x-amz-") && !proof.has(lower)) || lower === "content-md5" || lower === "content-type";
    return isHeader ? [[lower, value!]] : [];
  });
  return headers.length === 0 ? none : new Map(headers);
}

const proof = new Set([
  "x-amz-algorithm",
  "x-amz-credential",
  "x-amz-date",
  "x-amz-expires",
  "x-amz-security-token",
  "x-amz-signature",
  "x-amz-signedheaders",
]);

/** The C and C++ producers send `//createStream`. */
export function withoutDoubleSlash({ rawPath }: Pick<EdgeRequest, "rawPath">): string {
  return rawPath.startsWith("//") ? rawPath.replace(/^\/+/, "/") : rawPath;
}

async function readAll(body: Bytes, length: number | undefined, maxBytes: number, isS3: boolean): Promise<Uint8Array> {
  if (maxBytes < (length ?? 0)) throw tooLarge(maxBytes, isS3);
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const bytes of body) {
    size += bytes.length;
    if (maxBytes < size) throw tooLarge(maxBytes, isS3);
    parts.push(bytes);
  }
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts, size);
}

function tooLarge(maxBytes: number, isS3: boolean): ServiceError {
  const message = `The body of this request may have at most ${maxBytes} bytes.`;
  return isS3
    ? new ServiceError("MaxMessageLengthExceeded", 400, message, { members: { MaxMessageLengthBytes: maxBytes } })
    : new ServiceError("RequestEntityTooLarge", 413, message);
}
