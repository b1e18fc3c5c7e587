/**
 * A request's body as its signature promised it.
 *
 * Large bodies are checked while they pass and never held whole. What is wrong shows when the bytes have passed, so
 * whoever reads commits nothing before the body has ended normally.
 */
import { createHash, type KeyObject } from "node:crypto";
import { ServiceError } from "../../services/service-error.ts";
import type { EdgeRequest } from "../http.ts";
import { authError } from "./auth-errors.ts";
import { createChunkedDecoder } from "./aws-chunked.ts";
import type { Claim } from "./claim.ts";

export type Bytes = AsyncIterable<Uint8Array>;

type Payload = { body: Bytes; decodedLength?: number; trailers(): Record<string, string> };

/** Nothing promised, nothing checked. */
export function plainBody({ body, headers }: EdgeRequest): Payload {
  return { body, decodedLength: parseLength(headers["content-length"]), trailers: noTrailers };
}

const noTrailers = () => ({});

/** `declared`: the verified value of x-amz-content-sha256. */
export function openStreamed(request: EdgeRequest, declared: string, claim: Claim, key: KeyObject): Payload {
  const { service } = claim.scope;
  if (declared === "UNSIGNED-PAYLOAD") return plainBody(request);
  if (isHash(declared)) {
    const payload = plainBody(request);
    payload.body = verifyHash(request.body, declared, service);
    return payload;
  }
  if (declared.startsWith("STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD")) {
    throw authError(service, "notImplemented", "Chunks signed with SigV4A are not supported here.");
  }
  const convention = Object.hasOwn(conventions, declared) ? conventions[declared] : undefined;
  if (!convention) {
    const message =
      "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, or a valid sha256 value.";
    const members = { ArgumentName: "x-amz-content-sha256", ArgumentValue: declared };
    throw authError(service, "badPayloadHash", message, { members });
  }

  const declaredLength = request.headers["x-amz-decoded-content-length"];
  if (declaredLength === undefined) {
    throw new ServiceError("MissingContentLength", 411, "You must provide the Content-Length HTTP header.");
  }
  const decodedLength = parseLength(declaredLength);
  if (decodedLength === undefined) {
    const members = { ArgumentName: "x-amz-decoded-content-length", ArgumentValue: declaredLength };
    throw new ServiceError("InvalidArgument", 400, "x-amz-decoded-content-length must be a number of bytes.", {
      members,
    });
  }
  const announced = (request.headers["x-amz-trailer"] ?? "").toLowerCase().split(",");
  const decoder = createChunkedDecoder({
    decodedLength,
    trailers: convention.trailers ? announced.map((name) => name.trim()).filter((name) => name !== "") : undefined,
    chain: convention.signed
      ? { key, scope: claim.scope, timestamp: claim.timestamp, seed: claim.signature }
      : undefined,
  });
  async function* decode(): Bytes {
    for await (const bytes of request.body) yield* decoder.push(bytes);
    decoder.end();
  }
  return { body: decode(), decodedLength, trailers: () => decoder.trailers() };
}

const conventions: Record<string, { signed: boolean; trailers: boolean }> = {
  "STREAMING-AWS4-HMAC-SHA256-PAYLOAD": { signed: true, trailers: false },
  "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER": { signed: true, trailers: true },
  "STREAMING-UNSIGNED-PAYLOAD-TRAILER": { signed: false, trailers: true },
};

export function isHash(declared: string): boolean {
  return /^[0-9a-f]{64}$/i.test(declared);
}

/** Passes `body` on, and throws at its end unless its SHA-256 is `expected`. */
async function* verifyHash(body: Bytes, expected: string, service: string): Bytes {
  const hash = createHash("sha256");
  for await (const bytes of body) {
    hash.update(bytes);
    yield bytes;
  }
  checkHash(hash.digest("hex"), expected, service);
}

/** @throws ServiceError when a body is not the one that was signed */
export function checkHash(computed: string, expected: string, service: string): void {
  if (computed === expected.toLowerCase()) return;
  const message = "The provided 'x-amz-content-sha256' header does not match what was computed.";
  const members = { ClientComputedContentSHA256: expected, S3ComputedContentSHA256: computed };
  throw authError(service, "wrongBody", message, service === "s3" ? { members } : {});
}

/** A body of at most `maxBytes`, in one piece. */
export async function readWhole(request: EdgeRequest, maxBytes: number, service: string): Promise<Uint8Array> {
  const tooLarge = () => authError(service, "tooLarge", `The body of this request may have at most ${maxBytes} bytes.`);
  if (maxBytes < (parseLength(request.headers["content-length"]) ?? 0)) throw tooLarge();
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const bytes of request.body) {
    size += bytes.length;
    if (maxBytes < size) throw tooLarge();
    parts.push(bytes);
  }
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts, size);
}

export async function* once(bytes: Uint8Array): Bytes {
  if (0 < bytes.length) yield bytes;
}

function parseLength(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,15}$/.test(text)) return undefined;
  return Number(text);
}
