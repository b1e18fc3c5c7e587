/**
 * Failures on the wire: which code an error has, and the envelope of each protocol around it.
 */
import { ServiceError } from "../services/service-error.ts";
import { encodeJson } from "./codecs/json.ts";
import { Undecodable } from "./codecs/undecodable.ts";
import { buildXmlDocument, encodeXmlMembers, escapeXml } from "./codecs/xml.ts";
import type { EdgeResponse } from "./http.ts";
import type { Model } from "./model/model.ts";
import { headerText } from "./protocols/header-values.ts";

/** As much of a model as an error needs: also of services that are not served here. */
export type Dialect = Pick<Model, "protocol" | "signingName" | "xmlNamespace" | "errors">;

/** What went wrong in the words of the dialect. `undefined`: our own failure. */
export function callersMistake(error: unknown, dialect: Dialect): ServiceError | undefined {
  if (error instanceof ServiceError) return error;
  if (error instanceof Undecodable) return undecodable(error, dialect);
  return undefined;
}

function undecodable(error: Undecodable, { protocol, signingName }: Dialect): ServiceError {
  const { message, where, parameter, value, cause } = error;
  if (signingName === "s3") {
    if (where === "body") return new ServiceError("MalformedXML", 400, malformedXml, { cause: error });
    if (parameter === "URI") return new ServiceError("InvalidURI", 400, message, { members: { URI: value } });
    const members = parameter === undefined ? {} : { ArgumentName: parameter, ArgumentValue: value };
    return new ServiceError("InvalidArgument", 400, message, { members, cause });
  }
  if (protocol === "awsQuery") return new ServiceError("MalformedInput", 400, message);
  if (protocol === "restXml")
    return new ServiceError(where === "body" ? "MalformedInput" : "InvalidArgument", 400, message);
  return new ServiceError("SerializationException", 400, message);
}

const malformedXml = "The XML you provided was not well-formed or did not validate against our published schema";

/** Tells nothing of what happened: that is in the log, under the request's id. */
export function ownFailure({ protocol, signingName, errors }: Dialect): ServiceError {
  if (signingName === "s3") {
    return new ServiceError("InternalError", 500, "We encountered an internal error. Please try again.");
  }
  const message = "The request processing has failed because of an unknown error, exception or failure.";
  const modelled = [
    "InternalServiceException",
    "InternalServerException",
    "InternalFailureException",
    "KMSInternalException",
  ];
  const code = protocol === "awsQuery" ? undefined : modelled.find((name) => errors.has(name));
  return new ServiceError(code ?? "InternalFailure", 500, message);
}

export type ErrorDetails = { requestId: string; hostId: string; resource: string; isHead: boolean };

export function encodeError(error: ServiceError, dialect: Dialect, details: ErrorDetails): EdgeResponse {
  const { status, headers, body } = envelope(error, dialect, details);
  // 304 and HEAD have none, whatever happened.
  const bare = details.isHead || status === 304 || status === 204;
  if (!bare) return { status, headers: { ...headers, ...error.headers }, body };
  const { "content-type": _, ...others } = headers;
  return { status, headers: { ...others, ...error.headers } };
}

type Envelope = { status: number; headers: Record<string, string>; body: string };

function envelope(error: ServiceError, dialect: Dialect, details: ErrorDetails): Envelope {
  switch (dialect.protocol) {
    case "restJson1": {
      const headers = { "content-type": "application/json", "x-amzn-errortype": headerText(error.code) };
      return { status: error.status, headers, body: JSON.stringify(jsonMembers(error, dialect)) };
    }
    case "awsJson1_0":
    case "awsJson1_1": {
      const type = dialect.protocol === "awsJson1_0" ? "application/x-amz-json-1.0" : "application/x-amz-json-1.1";
      const body = JSON.stringify({ __type: error.code, ...jsonMembers(error, dialect) });
      const isOverload = error.status === 413 || error.status === 501 || error.status === 503;
      const status = isOverload ? error.status : error.status < 500 ? 400 : 500;
      return { status, headers: { "content-type": type, "x-amzn-errortype": headerText(error.code) }, body };
    }
    case "awsQuery":
      return wrapped(error, dialect, details);
    case "restXml":
      return dialect.signingName === "s3" ? bareXml(error, details) : wrapped(error, dialect, details);
  }
}

/** `message` is spelt as the service's model spells it; AWS's parsers, which no model knows, write a capital. */
function jsonMembers({ code, message, members }: ServiceError, { errors }: Dialect): Record<string, unknown> {
  const modelled = errors.get(code)?.type.members ?? [];
  const spelling =
    modelled.find(({ name }) => name.toLowerCase() === "message")?.wireName ??
    (code === "SerializationException" ? "Message" : "message");
  const encoded: Record<string, unknown> = { [spelling]: message };
  for (const [name, value] of Object.entries(members)) {
    const member = modelled.find((candidate) => candidate.name === name);
    encoded[member?.wireName ?? name] = member === undefined ? value : encodeJson(member.type, value);
  }
  return encoded;
}

function wrapped(error: ServiceError, { errors, xmlNamespace }: Dialect, { requestId }: ErrorDetails): Envelope {
  const modelled = errors.get(error.code);
  const code = modelled?.queryCode ?? error.code;
  const type = error.status < 500 ? "Sender" : "Receiver";
  const own = `${element("Type", type)}${element("Code", code)}${element("Message", error.message)}`;
  const content = `<Error>${own}${extraMembers(error, modelled?.type.members)}</Error>${element("RequestId", requestId)}`;
  const body = buildXmlDocument("ErrorResponse", content, xmlNamespace);
  return { status: error.status, headers: { "content-type": "text/xml" }, body };
}

function bareXml(error: ServiceError, { requestId, hostId, resource }: ErrorDetails): Envelope {
  const own = `${element("Code", error.code)}${element("Message", error.message)}${extraMembers(error)}`;
  const about = `${element("Resource", resource)}${element("RequestId", requestId)}${element("HostId", hostId)}`;
  const named = "Resource" in error.members ? about.slice(about.indexOf("<RequestId>")) : about;
  const body = buildXmlDocument("Error", own + named);
  return { status: error.status, headers: { "content-type": "application/xml" }, body };
}

function extraMembers({ members }: ServiceError, modelled: Parameters<typeof encodeXmlMembers>[0] = []): string {
  const known = modelled.filter(({ name }) => name in members);
  const others = Object.entries(members).filter(([name]) => !known.some((member) => member.name === name));
  return encodeXmlMembers(known, members) + others.map(([name, value]) => element(name, value)).join("");
}

function element(name: string, value: unknown): string {
  return value === undefined || value === null ? "" : `<${name}>${escapeXml(String(value))}</${name}>`;
}
