/**
 * Requests without a signature that carry their own proof: what players ask for below the URL of a playback session.
 */
import type { Service } from "../services/operation.ts";
import { ServiceError } from "../services/service-error.ts";
import type { ServiceSource } from "../services/service-source.ts";
import { claimedService } from "./auth/claim.ts";
import { parseQueryParameters } from "./codecs/query-parameters.ts";
import type { EdgeRequest } from "./http.ts";
import { answerOpenPreflight } from "./open-cors.ts";
import type { Answer } from "./protocols/call.ts";

/** What is signed is S3's, whatever its path. */
export function isLink({ ownsLink }: Pick<ServiceSource, "ownsLink">, request: EdgeRequest): boolean {
  return ownsLink(request.rawPath) && claimedService(request) === undefined;
}

/** @throws ServiceError */
export async function answerLink({ links }: Service<unknown>, request: EdgeRequest): Promise<Answer> {
  const { method, rawPath, rawQuery } = request;
  if (method === "OPTIONS") return answerOpenPreflight(request);
  if (method !== "GET" && method !== "HEAD") {
    throw new ServiceError("UnknownOperationException", 405, `${method} is no way to play media; GET is.`, {
      headers: { allow: "GET, HEAD, OPTIONS" },
    });
  }
  const query = parseQueryParameters(rawQuery);
  const answer = await links!.answer({ path: rawPath, query: (name) => query.get(name)?.[0] });
  const headers: Record<string, string> = { "content-type": answer.contentType, "cache-control": answer.cacheControl };
  if (typeof answer.body === "string") return { status: 200, headers, body: answer.body };
  headers["content-length"] = String(answer.body.reduce((sum, part) => sum + part.length, 0));
  return { status: 200, headers, body: together(answer.body) };
}

const togetherBytes = 64 << 10;

/** Frames are many and small: each write costs more than its copy. */
async function* together(parts: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  let waiting: Uint8Array[] = [];
  let size = 0;
  for (const part of parts) {
    waiting.push(part);
    size += part.length;
    if (size < togetherBytes) continue;
    yield waiting.length === 1 ? part : Buffer.concat(waiting, size);
    waiting = [];
    size = 0;
  }
  if (0 < size) yield Buffer.concat(waiting, size);
}
