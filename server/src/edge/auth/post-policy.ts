/**
 * The proof in a form that a browser posts to S3: a signed policy, and whether the form keeps to it.
 *
 * Both signature versions. The form itself is taken apart by the caller, who also enforces the length range while the
 * file passes.
 *
 * @see "Creating an HTML form", "POST policy", S3 API reference
 */
import type { Clock } from "../../base/clock.ts";
import type { Caller } from "../../services/operation.ts";
import { ServiceError } from "../../services/service-error.ts";
import type { Credential, Credentials } from "../credentials.ts";
import { authError, checkToken, missingCredentials, unknownKey, wrongSignature } from "./auth-errors.ts";
import { callerOf } from "./authenticate.ts";
import { parseCredential } from "./claim.ts";
import { hmacSha1Base64 } from "./presigned-v2.ts";
import { equalSignatures, signatureOf, signingKey } from "./signing-key.ts";
import { parseTimestamp } from "./timestamp.ts";

export type VerifiedForm = {
  caller: Caller;
  /** `undefined`: version 2 names none. */
  region: string | undefined;
  /** What the file's size may be, in bytes, both inclusive. */
  lengthRange: { min: number; max: number };
};

/**
 * `fields`: by lower-case name, as sent (`${filename}` still in the key), without the file. Of a field that comes twice
 * the form must be refused before.
 *
 * @throws ServiceError as S3 words it
 */
export async function verifyPostPolicy(
  form: { bucket: string; fields: Readonly<Record<string, string>> },
  options: { credentials: Credentials; clock: Clock; regions?: readonly string[] },
): Promise<VerifiedForm> {
  const fields = new Map(Object.entries(form.fields));
  const policy = fields.get("policy");
  const v4 = fields.has("x-amz-signature") || fields.has("x-amz-algorithm") || fields.has("x-amz-credential");
  if (policy === undefined || !(v4 || fields.has("awsaccesskeyid"))) throw missingCredentials("s3");
  const { credential, region } = v4
    ? await verifyV4(fields, policy, options)
    : { credential: await verifyV2(fields, policy, options.credentials), region: undefined };
  const now = options.clock();
  checkToken(credential, tokenOf(fields), "s3", now);
  const lengthRange = checkPolicy(parsePolicy(policy), form.bucket, fields, now);
  const caller = callerOf(credential);
  options.credentials.used?.(caller, { service: "s3", region: region ?? "us-east-1" });
  return { caller, region, lengthRange };
}

type Fields = ReadonlyMap<string, string>;

function tokenOf(fields: Fields): string | undefined {
  return fields.get("x-amz-security-token") || undefined;
}

async function verifyV4(
  fields: Fields,
  policy: string,
  { credentials, regions }: { credentials: Credentials; regions?: readonly string[] },
): Promise<{ credential: Credential; region: string }> {
  const field = (name: string) => {
    const value = fields.get(name);
    if (value) return value;
    throw invalidArgument(`Bucket POST must contain a field named '${name}'.`, name, "");
  };
  const algorithm = field("x-amz-algorithm");
  if (algorithm.startsWith("AWS4-ECDSA-P256")) {
    throw authError("s3", "notImplemented", "Forms signed with SigV4A are not supported here.");
  }
  if (algorithm !== "AWS4-HMAC-SHA256") {
    throw invalidArgument("X-Amz-Algorithm only supports AWS4-HMAC-SHA256", "x-amz-algorithm", algorithm);
  }
  const date = field("x-amz-date");
  if (parseTimestamp(date) === undefined) {
    throw invalidArgument(
      'X-Amz-Date must be formatted via ISO8601 Long format, "yyyyMMddTHHmmssZ"',
      "x-amz-date",
      date,
    );
  }
  const text = field("x-amz-credential");
  const { accessKeyId, scope } = parseCredential(text, date, "s3", (message) =>
    invalidArgument(message, "x-amz-credential", text),
  );
  if (regions !== undefined && !regions.includes(scope.region)) {
    throw invalidArgument("The Credential is not for this region.", "x-amz-credential", text);
  }
  const signature = field("x-amz-signature");
  const credential = await credentials.find(accessKeyId, tokenOf(fields));
  if (!credential) throw unknownKey(accessKeyId, "s3", tokenOf(fields));
  if (!equalSignatures(signatureOf(signingKey(credential.secret, scope), policy), signature)) {
    throw wrongSignature(accessKeyId, signature, "s3", { stringToSign: policy });
  }
  return { credential, region: scope.region };
}

async function verifyV2(fields: Fields, policy: string, credentials: Credentials): Promise<Credential> {
  const accessKeyId = fields.get("awsaccesskeyid")!;
  const signature = fields.get("signature") ?? "";
  const credential = await credentials.find(accessKeyId, tokenOf(fields));
  if (!credential) throw unknownKey(accessKeyId, "s3", tokenOf(fields));
  if (!equalSignatures(hmacSha1Base64(credential.secret, policy), signature)) {
    throw wrongSignature(accessKeyId, signature, "s3", { stringToSign: policy });
  }
  return credential;
}

type Policy = { expiresMs: number; conditions: readonly Condition[] };

type Condition =
  | { match: "eq" | "starts-with"; field: string; value: string }
  | { match: "content-length-range"; min: number; max: number };

function parsePolicy(base64: string): Policy {
  let document: unknown;
  try {
    document = JSON.parse(Buffer.from(base64, "base64").toString("utf8"));
  } catch (cause) {
    throw invalidPolicy("Invalid JSON.", cause);
  }
  const { expiration, conditions } = isObject(document) ? document : {};
  if (typeof expiration !== "string") throw invalidPolicy("Policy missing expiration.");
  const expiresMs = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/.test(expiration)
    ? Date.parse(expiration)
    : Number.NaN;
  if (Number.isNaN(expiresMs)) throw invalidPolicy(`Invalid 'expiration' value: '${expiration}'`);
  if (!Array.isArray(conditions)) throw invalidPolicy("Policy missing conditions.");
  return { expiresMs, conditions: conditions.flatMap(parseCondition) };
}

function parseCondition(condition: unknown): Condition[] {
  if (Array.isArray(condition) && condition.length === 3) {
    const [operator, first, second] = condition;
    const match = String(operator).toLowerCase();
    if (match === "content-length-range") return [{ match, min: parseSize(first), max: parseSize(second) }];
    if ((match === "eq" || match === "starts-with") && /^\$./s.test(String(first)) && typeof second === "string") {
      return [{ match, field: String(first).slice(1).toLowerCase(), value: second }];
    }
  } else if (isObject(condition)) {
    const entries = Object.entries(condition);
    if (entries.length > 0 && entries.every(([, value]) => typeof value === "string")) {
      return entries.map(([name, value]) => ({ match: "eq", field: name.toLowerCase(), value: value as string }));
    }
  }
  throw invalidPolicy("Invalid Condition.");
}

function parseSize(value: unknown): number {
  const size = typeof value === "string" && /^\d{1,15}$/.test(value) ? Number(value) : value;
  if (typeof size === "number" && Number.isSafeInteger(size) && 0 <= size) return size;
  throw invalidPolicy("Invalid content-length-range.");
}

/** A condition on an absent field is one on "". */
function checkPolicy({ expiresMs, conditions }: Policy, bucket: string, form: Fields, now: number) {
  if (expiresMs < now) throw denied("Policy expired.");
  // The address decides the bucket, and a form that names one must mean the same.
  if ((form.get("bucket") ?? bucket) !== bucket) throw denied("The form's bucket is not the one it is posted to.");
  const fields = new Map(form).set("bucket", bucket);
  const range = { min: 0, max: Number.MAX_SAFE_INTEGER };
  const covered = new Set<string>();
  for (const condition of conditions) {
    if (condition.match === "content-length-range") {
      range.min = Math.max(range.min, condition.min);
      range.max = Math.min(range.max, condition.max);
      continue;
    }
    const { match, field, value } = condition;
    const given = fields.get(field) ?? "";
    // AWS reads a content type with commas as a list, each of which must match.
    const values =
      field === "content-type" && match === "starts-with" ? given.split(",").map((each) => each.trim()) : [given];
    if (!values.every((each) => (match === "eq" ? each === value : each.startsWith(value)))) {
      throw denied(`Policy Condition failed: ["${match}", "$${field}", "${value}"]`);
    }
    covered.add(field);
  }
  const extra = [...fields.keys()].filter((name) => !covered.has(name) && !isFree(name));
  if (extra.length > 0) throw denied(`Extra input fields: ${extra.join(", ")}`);
  return range;
}

/** Fields that no condition need speak of. */
function isFree(name: string): boolean {
  return freeFields.has(name) || name.startsWith("x-ignore-");
}

const freeFields = new Set(["file", "policy", "x-amz-signature", "signature", "awsaccesskeyid"]);

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function invalidArgument(message: string, name: string, value: string): ServiceError {
  return new ServiceError("InvalidArgument", 400, message, { members: { ArgumentName: name, ArgumentValue: value } });
}

function invalidPolicy(message: string, cause?: unknown): ServiceError {
  return new ServiceError("InvalidPolicyDocument", 400, `Invalid Policy: ${message}`, { cause });
}

function denied(message: string): ServiceError {
  return new ServiceError("AccessDenied", 403, `Invalid according to Policy: ${message}`);
}
