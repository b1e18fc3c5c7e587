/**
 * Requests signed by our own signer, whole or spoilt, and what becomes of them.
 */
import assert from "node:assert/strict";
import { type AuthenticateOptions, authenticate } from "../../src/edge/auth/authenticate.ts";
import { type SignRequest, signRequest } from "../../src/edge/auth/sign.ts";
import type { EdgeRequest } from "../../src/edge/http.ts";
import { edgeRequest, oneKey, readAll } from "./edge-request.ts";

export const now = Date.UTC(2026, 3, 2, 9, 15);
const clock = () => now;
export const credentials = { accessKeyId: "AKIAMILLRACE", secretAccessKey: "shh" };
export const options: AuthenticateOptions = { credentials: oneKey("AKIAMILLRACE", "shh"), clock };
export const s3 = { service: "s3", region: "eu-mill-1", credentials, clock };
export const ets = { service: "elastictranscoder", region: "eu-mill-1", credentials, clock };

/** A request as {@link signRequest} signs it, after `change` has spoilt it. For GET /b/k in S3 unless told otherwise. */
export function signed(
  request: Partial<SignRequest>,
  change: Partial<EdgeRequest> & { headers?: Record<string, string | undefined> } = {},
) {
  const { method = "GET", url = "http://localhost:4580/b/k", body = "" } = request;
  const headers = signRequest({ ...s3, method, url, body, ...request });
  const whole = edgeRequest(method, String(url), headers, body);
  return { ...whole, ...change, headers: { ...whole.headers, ...change.headers } };
}

/** The ServiceError that a request is refused with, at once or at the end of its body. */
export async function refusal(request: EdgeRequest, changed: Partial<AuthenticateOptions> = {}) {
  try {
    const { body } = await authenticate(request, { ...options, ...changed });
    await readAll(body);
  } catch (error) {
    const { code, status, message, members } = error as Error & Record<string, unknown>;
    assert.equal((error as Error).name, "ServiceError", String((error as Error).stack));
    return { code, status, message, members: members as Record<string, string> };
  }
  return assert.fail("was accepted");
}
