/**
 * Who asks: checks the signature of a request, in every form in which clients sign.
 *
 * Header and link (query) signatures of version 4, links of version 2, and requests that claim nothing. What an
 * anonymous caller may do is decided by the edge. Forms that browsers post to S3 carry their proof in the body:
 * post-policy.ts.
 */
import type { KeyObject } from "node:crypto";
import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { Caller } from "../../services/operation.ts";
import type { Credential, Credentials } from "../credentials.ts";
import type { EdgeRequest } from "../http.ts";
import { authError, checkToken, unknownKey, wrongSignature } from "./auth-errors.ts";
import {
  buildCanonicalRequest,
  buildStringToSign,
  canonicalHeaderValue,
  canonicalPath,
  canonicalQuery,
  emptyBodyHash,
  parseQuery,
  sha256Hex,
} from "./canonical.ts";
import { type Claim, claimedService, parseHeaderClaim, parseQueryClaim, proofKind } from "./claim.ts";
import { type Bytes, checkHash, isHash, once, openStreamed, plainBody, readWhole } from "./payload.ts";
import { verifyV2Link } from "./presigned-v2.ts";
import { equalSignatures, signatureOf, signingKey } from "./signing-key.ts";
import { timestampOf } from "./timestamp.ts";

/**
 * How a body is taken.
 * - `whole`: read here, up to `maxBodyBytes`, and handed out when it is verified; for what is small.
 * - `streamed`: verified while it passes, chunk framing taken off; for objects.
 * - `endless`: never hashed nor unframed, whatever the client promised; for media that producers send as it arises.
 */
export type BodyMode = "whole" | "streamed" | "endless";

export type AuthenticateOptions = {
  credentials: Credentials;
  clock: Clock;
  /** Told at debug level what was compared when a signature is wrong. */
  log?: Log;
  /** Regions that scopes may name. Default: any. */
  regions?: readonly string[];
  /** Domains under which `bucket.domain` addresses a bucket: version 2 signs the bucket, not the host. */
  s3BaseDomains?: readonly string[];
  /** What a request is for that names no service: one that is signed for another is refused. Default: `s3`. */
  fallbackService?: string;
  /** Of requests whose proof names none. Default: `us-east-1`. */
  fallbackRegion?: string;
  /** Default: `streamed` for S3, `whole` for the others. */
  bodyMode?: (service: string, request: EdgeRequest) => BodyMode;
  /** Of whole bodies. Default: 16 MiB. */
  maxBodyBytes?: number;
};

export type Authenticated = {
  /** `undefined`: anonymous. */
  caller?: Caller;
  service: string;
  region: string;
  kind: "header" | "presigned" | "presigned-v2" | "form" | "anonymous";
  /**
   * Without chunk framing, verified while it is read: throws a ServiceError when hash, signature or length is wrong,
   * for a streamed body as late as its end. Commit nothing before it has ended normally.
   */
  body: Bytes;
  /** Size of `body` if the client declared it; the body is then exactly this long, or throws. */
  decodedLength?: number;
  /** What followed an aws-chunked body, by lower-case name; complete when the body has ended. */
  trailers(): Record<string, string>;
};

/** @throws ServiceError in the words of the protocol of the service that the proof names */
export async function authenticate(request: EdgeRequest, options: AuthenticateOptions): Promise<Authenticated> {
  const fallback = { service: options.fallbackService ?? "s3", region: options.fallbackRegion ?? "us-east-1" };
  const claimed = claimedService(request) ?? fallback.service;
  const kind = proofKind(request, claimed);
  if (kind === undefined) return { ...fallback, kind: "anonymous", ...plainBody(request) };
  if (kind === "presigned-v2") {
    if (claimed !== "s3") throw authError(claimed, "malformedQuery", "Links of signature version 2 are for S3 only.");
    const caller = callerOf(await verifyV2Link(request, options));
    options.credentials.used?.(caller, { service: claimed, region: fallback.region });
    return { ...fallback, service: claimed, kind, caller, ...plainBody(request) };
  }

  const claim =
    kind === "header" ? parseHeaderClaim(request.headers, claimed) : parseQueryClaim(request.rawQuery, claimed);
  const { service, region } = claim.scope;
  checkRegion(claim, options.regions);
  checkTime(claim, options.clock());
  checkCoverage(request, claim);
  const credential = await options.credentials.find(claim.accessKeyId, claim.token);
  if (!credential) throw unknownKey(claim.accessKeyId, service, claim.token);
  const mode = options.bodyMode?.(service, request) ?? (service === "s3" ? "streamed" : "whole");
  const payload = await verify(request, claim, credential, mode, options);
  checkToken(credential, claim.token, service, options.clock());
  const caller = callerOf(credential);
  options.credentials.used?.(caller, { service, region });
  return { caller, service, region, kind, ...payload };
}

/** All but the secret. */
export function callerOf(credential: Credential): Caller {
  const { accountId, accessKeyId, principalArn, isRoot, userId, session } = credential;
  const caller: Caller = { accountId, accessKeyId, principalArn, isRoot };
  if (userId !== undefined) caller.userId = userId;
  if (session !== undefined) caller.session = session;
  return caller;
}

type Payload = Pick<Authenticated, "body" | "decodedLength" | "trailers">;

/** Checks the signature before a byte of the body is read wherever the client declared the body's hash. */
async function verify(
  request: EdgeRequest,
  claim: Claim,
  credential: Credential,
  mode: BodyMode,
  { maxBodyBytes = 16 * 1024 * 1024, log }: AuthenticateOptions,
): Promise<Payload> {
  const { service } = claim.scope;
  const key = signingKey(credential.secret, claim.scope);
  const declared = declaredPayload(request, claim);
  if (mode === "endless") {
    // The C producer signs the hash of no body, the Java producer UNSIGNED-PAYLOAD without always saying so.
    checkSignature(request, claim, key, [declared ?? emptyBodyHash, "UNSIGNED-PAYLOAD"], log);
    return { body: request.body, trailers: () => ({}) };
  }
  if (mode === "streamed") {
    if (declared === undefined) {
      throw authError(service, "noPayloadHash", "Missing required header for this request: x-amz-content-sha256");
    }
    checkSignature(request, claim, key, [declared], log);
    return openStreamed(request, declared, claim, key);
  }
  if (declared !== undefined) checkSignature(request, claim, key, [declared], log);
  const bytes = await readWhole(request, maxBodyBytes, service);
  if (declared === undefined) checkSignature(request, claim, key, [sha256Hex(bytes)], log);
  else if (isHash(declared)) checkHash(sha256Hex(bytes), declared, service);
  else if (declared !== "UNSIGNED-PAYLOAD") {
    throw authError(service, "badPayloadHash", `This service takes no body of x-amz-content-sha256: ${declared}`);
  }
  return { body: once(bytes), decodedLength: bytes.length, trailers: () => ({}) };
}

/** `undefined`: the hash of the body itself is what was signed. */
function declaredPayload({ headers, rawQuery }: EdgeRequest, { kind, scope }: Claim): string | undefined {
  const header = headers["x-amz-content-sha256"] || undefined;
  if (kind === "header") return header;
  const query = parseQuery(rawQuery).find(([name]) => name.toString("latin1").toLowerCase() === "x-amz-content-sha256");
  return query?.[1].toString("latin1") ?? header ?? (scope.service === "s3" ? "UNSIGNED-PAYLOAD" : undefined);
}

/** Tries the readings of a request that differ between clients; each covers all of path, query and signed headers. */
function checkSignature(request: EdgeRequest, claim: Claim, key: KeyObject, payloadHashes: string[], log?: Log): void {
  const { rawPath, method, rawQuery, headers } = request;
  const { service } = claim.scope;
  const query = canonicalQuery(rawQuery, claim.kind === "presigned" ? "X-Amz-Signature" : undefined);
  // The C and C++ producers sign the path as they send it, `//createStream` included.
  const paths = service === "s3" ? [canonicalPath(rawPath, service)] : [canonicalPath(rawPath, service), rawPath];
  const tried: string[] = [];
  for (const payloadHash of payloadHashes) {
    for (const path of paths) {
      for (const reading of headerReadings) {
        const signed: [string, string][] = [];
        for (const name of claim.signedHeaders) signed.push([name, reading(headers[name] ?? "")]);
        const canonicalRequest = buildCanonicalRequest({ method, path, query, headers: signed, payloadHash });
        if (tried.includes(canonicalRequest)) continue;
        tried.push(canonicalRequest);
        const stringToSign = buildStringToSign(claim.timestamp, claim.scope, canonicalRequest);
        if (equalSignatures(signatureOf(key, stringToSign), claim.signature)) return;
      }
    }
  }
  const [canonicalRequest = ""] = tried;
  const stringToSign = buildStringToSign(claim.timestamp, claim.scope, canonicalRequest);
  const shown = withoutSecrets(canonicalRequest);
  log?.debug({ accessKeyId: claim.accessKeyId, canonicalRequest: shown, stringToSign }, "a signature does not match");
  throw wrongSignature(claim.accessKeyId, claim.signature, service, { stringToSign, canonicalRequest });
}

/** Session tokens and keys of customers may stand among what is signed. */
function withoutSecrets(canonicalRequest: string): string {
  return canonicalRequest
    .replace(/^(x-amz-security-token|x-amz-[a-z-]*server-side-encryption-customer-key):.*$/gm, "$1:HIDDEN")
    .replace(/(X-Amz-Security-Token|SessionToken|x-amz-[a-z-]*customer-key)=[^&\n]*/gi, "$1=HIDDEN");
}

const headerReadings: readonly ((value: string) => string)[] = [
  canonicalHeaderValue,
  // A header sent twice is signed as `a,b` and reaches us joined as `a, b`.
  (value) => canonicalHeaderValue(value).replaceAll(", ", ","),
  // The C producer leaves inner runs of blanks as they are.
  (value) => value,
];

function checkRegion({ kind, scope }: Claim, regions: readonly string[] | undefined): void {
  if (regions === undefined || regions.includes(scope.region)) return;
  if (scope.service !== "s3") {
    throw authError(scope.service, "wrongScope", "Credential should be scoped to a valid region. ");
  }
  const header = `The authorization header is malformed; the region '${scope.region}' is wrong; expecting '${regions[0]}'`;
  const query = `Error parsing the X-Amz-Credential parameter; the region '${scope.region}' is wrong; expecting '${regions[0]}'`;
  // SDKs take the right region from this member and try again.
  const options = { members: { Region: regions[0] } };
  if (kind === "header") throw authError("s3", "malformedHeader", header, options);
  throw authError("s3", "malformedQuery", query, options);
}

function checkTime({ kind, scope, timestamp, timeMs, expiresSeconds }: Claim, now: number): void {
  const { service } = scope;
  const skewMinutes = service === "s3" || service === "elastictranscoder" ? 15 : 5;
  const skewMs = skewMinutes * 60_000;
  if (kind === "presigned") {
    const expiresMs = timeMs + expiresSeconds! * 1000;
    if (now <= expiresMs && timeMs - skewMs <= now) return;
    if (service === "s3") {
      const members = { "X-Amz-Expires": String(expiresSeconds), Expires: iso(expiresMs), ServerTime: iso(now) };
      const message = expiresMs < now ? "Request has expired" : "Request is not yet valid";
      throw authError(service, "linkTime", message, { members });
    }
    if (expiresMs < now) {
      throw authError(
        service,
        "linkTime",
        `Signature expired: ${timestampOf(expiresMs)} is now earlier than ${timestampOf(now)}`,
      );
    }
  } else if (Math.abs(now - timeMs) <= skewMs) return;
  else if (service === "s3") {
    const members = {
      RequestTime: timestamp,
      ServerTime: iso(now),
      MaxAllowedSkewMilliseconds: String(skewMs),
    };
    const message = "The difference between the request time and the current time is too large.";
    throw authError(service, "skewed", message, { members });
  }
  const at = timestampOf(now);
  const early = `Signature not yet current: ${timestamp} is still later than ${timestampOf(now + skewMs)} (${at} + ${skewMinutes} min.)`;
  const late = `Signature expired: ${timestamp} is now earlier than ${timestampOf(now - skewMs)} (${at} - ${skewMinutes} min.)`;
  throw authError(service, "skewed", now < timeMs ? early : late);
}

function iso(timeMs: number): string {
  return new Date(timeMs).toISOString().replace(/\.\d+/, "");
}

/**
 * What could change a request's meaning must be signed. Two headers need not be: the payload hash is a line of the
 * canonical request anyway (the Java producer adds the header after it has signed), and a session token is checked
 * against its key (the C and C++ producers leave it unsigned).
 */
function checkCoverage({ headers }: EdgeRequest, { signedHeaders, scope }: Claim): void {
  const bare = signedHeaders.has("host") ? [] : ["host"];
  for (const name in headers) {
    if (!name.startsWith("x-amz-") || mayBeUnsigned.has(name) || headers[name] === undefined) continue;
    if (!signedHeaders.has(name)) bare.push(name);
  }
  if (bare.length > 0) {
    const message = "There were headers present in the request which were not signed";
    const options = scope.service === "s3" ? { members: { HeadersNotSigned: bare.join(", ") } } : {};
    throw authError(
      scope.service,
      "unsignedHeaders",
      `${message}${scope.service === "s3" ? "" : `: ${bare.join(", ")}`}`,
      options,
    );
  }
  const absent: string[] = [];
  for (const name of signedHeaders) if (headers[name] === undefined) absent.push(name);
  if (absent.length > 0) {
    const message = `There were headers signed which are not in the request: ${absent.join(", ")}`;
    throw authError(scope.service, "absentHeaders", message);
  }
}

const mayBeUnsigned = new Set(["x-amz-content-sha256", "x-amz-security-token"]);
