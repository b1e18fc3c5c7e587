/**
 * Forms that browsers post to a bucket: the proof is in the form, the file is its last part.
 */
import type { Bytes, Service } from "../services/operation.ts";
import { ServiceError } from "../services/service-error.ts";
import type { Authenticated } from "./auth/authenticate.ts";
import { verifyPostPolicy } from "./auth/post-policy.ts";
import { authorizeOrDeny } from "./authorize.ts";
import type { Authorizer } from "./authorizer.ts";
import { type Found, noteDecisions } from "./call-record.ts";
import { readForm } from "./codecs/multipart.ts";
import { Undecodable } from "./codecs/undecodable.ts";
import { buildXmlDocument, escapeXml } from "./codecs/xml.ts";
import { askingOf, type ContextOptions, contextOf } from "./context-of.ts";
import type { Credentials } from "./credentials.ts";
import type { EdgeRequest } from "./http.ts";
import { openCall } from "./open-call.ts";
import type { Answer } from "./protocols/call.ts";

type Options = ContextOptions & {
  credentials: Credentials;
  authorizer?: Authorizer;
  s3BaseDomains: readonly string[];
};

/** Of all that comes before the file, as S3 has it. */
const maxFieldBytes = 20 * 1024;

export function isForm({ method, headers }: EdgeRequest): boolean {
  return method === "POST" && /^multipart\/form-data\b/i.test(headers["content-type"] ?? "");
}

/** The service's `PostObject`: what it takes and gives is in services/s3/post-object.ts. */
export async function answerForm(
  service: Service<unknown>,
  request: EdgeRequest,
  requestId: string,
  options: Options,
  found: Found,
): Promise<Answer> {
  found.kind = "form";
  found.operation = "PostObject";
  const sent = { body: request.body, kind: "form", trailers: () => ({}) } as const;
  const call = openCall(request, sent, {
    requestId,
    isS3: true,
    maxWholeBytes: 0,
    s3BaseDomains: options.s3BaseDomains,
  });
  const postObject = service.operations.PostObject;
  const { bucket } = call;
  if (postObject === undefined || bucket === undefined || call.rawPath !== "/") {
    throw new ServiceError("MethodNotAllowed", 405, "The specified method is not allowed against this resource.");
  }
  const form = await readForm(request.headers["content-type"]!, request.body, { maxFieldBytes }, fieldsTooLong).catch(
    (error) => {
      throw error instanceof Undecodable ? malformed(error) : error;
    },
  );
  const { caller, region, lengthRange } = await verifyPostPolicy({ bucket, fields: form.fields }, options);
  const who: Authenticated = { ...sent, caller, service: "s3", region: region ?? "us-east-1" };
  found.caller = caller;
  found.region = who.region;
  found.input = { Bucket: bucket, Key: form.fields.key };
  const input = {
    Bucket: bucket,
    fields: form.fields,
    fileName: form.fileName,
    Body: withinRange(form.file, lengthRange),
  };
  const asking = askingOf(request, who, "s3", options, noteDecisions(found));
  const context = contextOf(service.context as object, call, who, asking, options);
  await authorizeOrDeny(asking, await postObject.authorize(input, context));
  const { status, headers, response } = await postObject.run(input, context);
  if (response === undefined) return { status, headers };
  const content = Object.entries<string>(response).map(([name, text]) => `<${name}>${escapeXml(text)}</${name}>`);
  const body = buildXmlDocument("PostResponse", content.join(""));
  return { status, headers: { ...headers, "content-type": "application/xml" }, body };
}

async function* withinRange(file: Bytes, { min, max }: { min: number; max: number }): Bytes {
  let size = 0;
  try {
    for await (const bytes of file) {
      size += bytes.length;
      if (max < size) {
        const members = { ProposedSize: size, MaxSizeAllowed: max };
        const message = "Your proposed upload exceeds the maximum allowed size";
        throw new ServiceError("EntityTooLarge", 400, message, { members });
      }
      yield bytes;
    }
  } catch (error) {
    throw error instanceof Undecodable ? malformed(error) : error;
  }
  if (size < min) {
    const members = { ProposedSize: size, MinSizeAllowed: min };
    const message = "Your proposed upload is smaller than the minimum allowed size";
    throw new ServiceError("EntityTooSmall", 400, message, { members });
  }
}

function fieldsTooLong(): ServiceError {
  const message = "Your POST request fields preceding the upload file were too large.";
  return new ServiceError("MaxPostPreDataLengthExceededError", 400, message);
}

function malformed(cause: Undecodable): ServiceError {
  if (cause.parameter === "file") {
    const message = "POST requires exactly one file upload per request.";
    const members = { ArgumentName: "file", ArgumentValue: "0" };
    return new ServiceError("IncorrectNumberOfFilesInPostRequest", 400, message, { members, cause });
  }
  const message = "The body of your POST request is not well-formed multipart/form-data.";
  return new ServiceError("MalformedPOSTRequest", 400, message, { cause });
}
