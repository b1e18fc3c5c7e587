/**
 * Under which address a caller reaches us again: for answers that hold URLs.
 */
import type { RequestContext } from "../operation.ts";
import type { StreamsContext } from "./context.ts";
import { invalidArgument } from "./errors.ts";

const originPattern = /^(?<base>(?<scheme>https?):\/\/(?:\[[0-9a-fA-F:.]+\]|[a-zA-Z0-9._-]+))(?<port>:\d{1,5})?$/;

/**
 * Scheme, host and port, without a slash at the end. The C and C++ producers leave the port out of Host, so a host
 * without one gets the port which the call came in by; behind a proxy, which is what `--public-url` is for, that is wrong.
 *
 * @throws ServiceError where Host names no host
 */
export function dataOrigin({
  publicUrl,
  origin,
  port,
}: Pick<StreamsContext, "publicUrl"> & Pick<RequestContext, "origin" | "port">): string {
  if (publicUrl !== undefined) return publicUrl;
  const parts = originPattern.exec(origin)?.groups;
  if (parts === undefined) throw invalidArgument("The header Host names no host that an endpoint could be made of.");
  const isUsual = port === undefined || port === (parts.scheme === "https" ? 443 : 80);
  return `${parts.base}${parts.port ?? (isUsual ? "" : `:${port}`)}`;
}
