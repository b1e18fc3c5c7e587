/**
 * What a bucket policy must be beside well-formed: about this bucket, and about S3.
 */
import { MalformedPolicy, parsePolicy } from "../../policy/parse-policy.ts";
import { malformedPolicy } from "./errors.ts";

const maxBytes = 20 * 1024;

/** @throws ServiceError MalformedPolicy */
export function checkBucketPolicy(document: string, bucket: string): void {
  if (maxBytes < Buffer.byteLength(document)) throw malformedPolicy("Policies must be at most 20480 bytes long.");
  if (!document.trimStart().startsWith("{"))
    throw malformedPolicy("Policies must be valid JSON and the first byte must be '{'");
  try {
    parsePolicy(document, "resource");
  } catch (error) {
    throw error instanceof MalformedPolicy ? malformedPolicy(error.message) : error;
  }
  const { Statement } = JSON.parse(document) as { Statement: Elements | Elements[] };
  for (const { Action, NotAction, Resource, NotResource } of [Statement].flat()) {
    const actions = [Action ?? NotAction ?? []].flat();
    if (!actions.every((action) => /^(\*|s3:.+)$/i.test(action))) throw malformedPolicy("Policy has invalid action");
    const resources = [Resource ?? NotResource ?? []].flat();
    if (!resources.every((arn) => isOf(arn, bucket))) throw malformedPolicy("Policy has invalid resource");
  }
}

type Texts = string | string[];

type Elements = { Action?: Texts; NotAction?: Texts; Resource?: Texts; NotResource?: Texts };

/** `arn:aws:s3:::BUCKET`, or something in it. Wildcards may stand in the key, and at the end of the bucket's own name. */
function isOf(arn: string, bucket: string): boolean {
  const own = `arn:aws:s3:::${bucket}`;
  return arn === own || arn === `${own}*` || arn.startsWith(`${own}/`);
}
