/**
 * Kinesis Video Streams is called by pages of any origin: the SDK's samples for browsers sign in the page, and players load
 * playlists. Nothing here goes by cookies, so an origin is no proof of anything and any may ask.
 */
import type { EdgeRequest } from "./http.ts";
import type { Model } from "./model/model.ts";
import { withoutDoubleSlash } from "./open-call.ts";
import type { Answer, ProtocolHandler } from "./protocols/call.ts";

export const openCorsHeaders: Readonly<Record<string, string>> = {
  "access-control-allow-origin": "*",
  "access-control-expose-headers": "x-amzn-errortype,x-amzn-requestid,content-type,content-length,date",
};

type Asked = { model: Model; protocol: Pick<ProtocolHandler, "hasPath"> };

/** Its paths are no bucket's: they have capitals. */
export function isOpenPreflight({ model, protocol }: Asked, request: EdgeRequest): boolean {
  const { method } = request;
  return (
    method === "OPTIONS" &&
    model.signingName === "kinesisvideo" &&
    protocol.hasPath?.(withoutDoubleSlash(request)) === true
  );
}

export function answerOpenPreflight({ headers }: EdgeRequest): Answer {
  // `*` would leave out Authorization.
  const asked = headers["access-control-request-headers"] ?? "*";
  return {
    status: 200,
    headers: {
      ...openCorsHeaders,
      "access-control-allow-methods": "GET, HEAD, POST, OPTIONS",
      "access-control-allow-headers": /^[\w!#$%&'*+.^`|~, -]{1,4096}$/.test(asked) ? asked : "*",
      "access-control-max-age": "86400",
    },
  };
}
