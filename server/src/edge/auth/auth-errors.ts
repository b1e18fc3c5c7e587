/**
 * What each protocol calls a failed authentication. One row per situation, one column per protocol, so that the table
 * can be compared with AWS's answers at a look.
 */
import { ServiceError, type ServiceErrorOptions } from "../../services/service-error.ts";
import type { Credential } from "../credentials.ts";

export type AuthProtocol = "awsJson" | "restJson" | "query" | "s3";

export type AuthProblem = keyof typeof codes;

export function authError(
  service: string,
  problem: AuthProblem,
  message: string,
  options?: ServiceErrorOptions,
): ServiceError {
  const [status, code] = codes[problem][authProtocol(service)];
  return new ServiceError(code, status, message, options);
}

/** By signing name; a service that is not listed answers as restJson does. */
export function authProtocol(service: string): AuthProtocol {
  return Object.hasOwn(protocols, service) ? protocols[service]! : "restJson";
}

/** For the edge, where an operation needs a caller and the request named none. */
export function missingCredentials(service: string): ServiceError {
  const message = authProtocol(service) === "s3" ? "Access Denied" : "Missing Authentication Token";
  return authError(service, "missing", message);
}

/** There is no such key, or `token`, if there is one, does not belong to it. */
export function unknownKey(accessKeyId: string, service: string, token?: string): ServiceError {
  if (token !== undefined && accessKeyId.startsWith("ASIA")) return badToken(service);
  if (service !== "s3")
    return authError(service, "unknownKey", "The security token included in the request is invalid.");
  const message = "The AWS Access Key Id you provided does not exist in our records.";
  return authError(service, "unknownKey", message, { members: { AWSAccessKeyId: accessKeyId } });
}

/**
 * After the signature, so that it tells nothing: long-lived keys have no token, those of sessions end.
 *
 * @throws ServiceError
 */
export function checkToken(credential: Credential, token: string | undefined, service: string, now: number): void {
  const { session } = credential;
  if (session === undefined) {
    if (token !== undefined) throw badToken(service);
  } else if (session.expiresAtMs <= now) {
    const s3 = "The provided token has expired.";
    const others = "The security token included in the request is expired";
    throw authError(service, "expiredToken", service === "s3" ? s3 : others);
  }
}

function badToken(service: string): ServiceError {
  const s3 = "The provided token is malformed or otherwise invalid.";
  const others = "The security token included in the request is invalid.";
  return authError(service, "badToken", service === "s3" ? s3 : others);
}

/** S3 tells what it compared: the one way to find a client's mistake from the client's side. */
export function wrongSignature(
  accessKeyId: string,
  signature: string,
  service: string,
  { stringToSign, canonicalRequest }: { stringToSign: string; canonicalRequest?: string },
): ServiceError {
  const difference = "The request signature we calculated does not match the signature you provided.";
  if (service !== "s3") {
    const advice =
      "Check your AWS Secret Access Key and signing method. Consult the service documentation for details.";
    return authError(service, "wrongSignature", `${difference} ${advice}`);
  }
  const members: Record<string, string> = {
    AWSAccessKeyId: accessKeyId,
    StringToSign: stringToSign,
    SignatureProvided: signature,
    StringToSignBytes: hexBytes(stringToSign),
  };
  if (canonicalRequest !== undefined) {
    members.CanonicalRequest = canonicalRequest;
    members.CanonicalRequestBytes = hexBytes(canonicalRequest);
  }
  return authError(service, "wrongSignature", `${difference} Check your key and signing method.`, { members });
}

function hexBytes(text: string): string {
  return Buffer.from(text, "latin1")
    .toString("hex")
    .replace(/..(?!$)/g, "$& ");
}

const protocols: Record<string, AuthProtocol> = {
  s3: "s3",
  elastictranscoder: "restJson",
  kinesisvideo: "restJson",
  lambda: "restJson",
  kms: "awsJson",
  rekognition: "awsJson",
  kinesis: "awsJson",
  sqs: "awsJson",
  iam: "query",
  sts: "query",
  sns: "query",
  cloudfront: "query",
};

type Row = Record<AuthProtocol, readonly [status: number, code: string]>;

const codes = {
  missing: {
    awsJson: [400, "MissingAuthenticationTokenException"],
    restJson: [403, "MissingAuthenticationTokenException"],
    query: [403, "MissingAuthenticationToken"],
    s3: [403, "AccessDenied"],
  },
  malformedHeader: {
    awsJson: [400, "IncompleteSignatureException"],
    restJson: [403, "IncompleteSignatureException"],
    query: [400, "IncompleteSignature"],
    s3: [400, "AuthorizationHeaderMalformed"],
  },
  malformedQuery: {
    awsJson: [400, "IncompleteSignatureException"],
    restJson: [403, "IncompleteSignatureException"],
    query: [400, "IncompleteSignature"],
    s3: [400, "AuthorizationQueryParametersError"],
  },
  /** A scope that is well-formed but not ours, or not of the request's day. */
  wrongScope: {
    awsJson: [400, "InvalidSignatureException"],
    restJson: [403, "InvalidSignatureException"],
    query: [403, "SignatureDoesNotMatch"],
    s3: [400, "AuthorizationHeaderMalformed"],
  },
  noDate: {
    awsJson: [400, "IncompleteSignatureException"],
    restJson: [403, "IncompleteSignatureException"],
    query: [400, "IncompleteSignature"],
    s3: [403, "AccessDenied"],
  },
  /** Header and query carry a proof at once. */
  twoProofs: {
    awsJson: [400, "IncompleteSignatureException"],
    restJson: [403, "IncompleteSignatureException"],
    query: [400, "IncompleteSignature"],
    s3: [400, "InvalidArgument"],
  },
  /** SigV4A, and S3's chunks signed with it. */
  notImplemented: {
    awsJson: [501, "NotImplemented"],
    restJson: [501, "NotImplemented"],
    query: [501, "NotImplemented"],
    s3: [501, "NotImplemented"],
  },
  unknownKey: {
    awsJson: [400, "UnrecognizedClientException"],
    restJson: [403, "UnrecognizedClientException"],
    query: [403, "InvalidClientTokenId"],
    s3: [403, "InvalidAccessKeyId"],
  },
  badToken: {
    awsJson: [400, "UnrecognizedClientException"],
    restJson: [403, "UnrecognizedClientException"],
    query: [403, "InvalidClientTokenId"],
    s3: [400, "InvalidToken"],
  },
  expiredToken: {
    awsJson: [400, "ExpiredTokenException"],
    restJson: [403, "ExpiredTokenException"],
    query: [403, "ExpiredToken"],
    s3: [400, "ExpiredToken"],
  },
  wrongSignature: {
    awsJson: [400, "InvalidSignatureException"],
    restJson: [403, "InvalidSignatureException"],
    query: [403, "SignatureDoesNotMatch"],
    s3: [403, "SignatureDoesNotMatch"],
  },
  /** A header that had to be signed and is not. */
  unsignedHeaders: {
    awsJson: [400, "InvalidSignatureException"],
    restJson: [403, "InvalidSignatureException"],
    query: [403, "SignatureDoesNotMatch"],
    s3: [403, "AccessDenied"],
  },
  absentHeaders: {
    awsJson: [400, "InvalidSignatureException"],
    restJson: [403, "InvalidSignatureException"],
    query: [403, "SignatureDoesNotMatch"],
    s3: [403, "SignatureDoesNotMatch"],
  },
  skewed: {
    awsJson: [400, "InvalidSignatureException"],
    restJson: [403, "InvalidSignatureException"],
    query: [403, "SignatureDoesNotMatch"],
    s3: [403, "RequestTimeTooSkewed"],
  },
  /** A link that is too old, or not valid yet. */
  linkTime: {
    awsJson: [400, "InvalidSignatureException"],
    restJson: [403, "InvalidSignatureException"],
    query: [403, "SignatureDoesNotMatch"],
    s3: [403, "AccessDenied"],
  },
  wrongBody: {
    awsJson: [400, "InvalidSignatureException"],
    restJson: [403, "InvalidSignatureException"],
    query: [403, "SignatureDoesNotMatch"],
    s3: [400, "XAmzContentSHA256Mismatch"],
  },
  /** A value of x-amz-content-sha256 that means nothing. */
  badPayloadHash: {
    awsJson: [400, "InvalidSignatureException"],
    restJson: [403, "InvalidSignatureException"],
    query: [403, "SignatureDoesNotMatch"],
    s3: [400, "InvalidArgument"],
  },
  /** S3 alone insists on the header. */
  noPayloadHash: {
    awsJson: [400, "InvalidSignatureException"],
    restJson: [403, "InvalidSignatureException"],
    query: [403, "SignatureDoesNotMatch"],
    s3: [400, "InvalidRequest"],
  },
  tooLarge: {
    awsJson: [413, "RequestEntityTooLargeException"],
    restJson: [413, "RequestEntityTooLargeException"],
    query: [413, "RequestEntityTooLarge"],
    s3: [400, "EntityTooLarge"],
  },
} satisfies Record<string, Row>;
