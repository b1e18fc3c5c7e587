/**
 * The two REST protocols, restJson1 and restXml: input and output spread over path, query, headers and body.
 */
import { ServiceError } from "../../services/service-error.ts";
import { buildJsonBody, decodeJson, decodeJsonBody, encodeJson, parseJson } from "../codecs/json.ts";
import { parseXml } from "../codecs/parse-xml.ts";
import { parseText } from "../codecs/text.ts";
import { Undecodable } from "../codecs/undecodable.ts";
import { buildXmlDocument, decodeXml, decodeXmlBody, encodeXmlContent, encodeXmlMembers } from "../codecs/xml.ts";
import type { Member, Model, OperationModel, SimpleType } from "../model/model.ts";
import type { Answer, Call, ProtocolHandler } from "./call.ts";
import { buildHeader, headerText, parseHeader } from "./header-values.ts";
import { compileRoutes, findRoute, hasPath, type Routes, type Target } from "./routes.ts";
import { checkSubresources, noS3Route } from "./s3-routes.ts";

type Body = "json" | "xml";

export function restProtocol(model: Model): ProtocolHandler {
  const routes = compileRoutes(model);
  const body = model.protocol === "restXml" ? "xml" : "json";
  const isS3 = model.signingName === "s3";
  return {
    hasPath: (rawPath) => hasPath(routes, { rawPath, inBucket: false }),
    route(call) {
      const target = targetOf(call);
      const found = findRoute(routes, target) ?? (isS3 ? literalRoute(routes, call, target) : undefined);
      if (found === undefined) {
        if (isS3) throw noS3Route(routes, target);
        const message = `${target.method} ${target.rawPath} is no operation of ${model.serviceId}.`;
        throw new ServiceError("UnknownOperationException", 404, message);
      }
      if (isS3) checkSubresources(routes, found.route, target);
      return { operation: found.operation, decode: () => decodeInput(found.operation, found.labels, call, body) };
    },
    encode: (operation, output) => encodeOutput(operation, output as Record<string, unknown>, body, model.xmlNamespace),
  };
}

function targetOf({ request: { method }, rawPath, bucket, query, header }: Call): Target {
  return { method, rawPath, inBucket: bucket !== undefined, query, header };
}

/** S3's few paths without a bucket begin with a capital, as no bucket does. */
function literalRoute(routes: Routes, call: Call, target: Target) {
  if (!/^\/[A-Z]/.test(call.request.rawPath)) return undefined;
  return findRoute(routes, { ...target, rawPath: call.request.rawPath, inBucket: false });
}

async function decodeInput(
  { input }: OperationModel,
  labels: ReadonlyMap<string, string>,
  call: Call,
  body: Body,
): Promise<Record<string, unknown>> {
  const decoded: Record<string, unknown> = {};
  for (const member of input.bound) {
    const value = decodeBound(member, labels, call);
    if (value !== undefined) decoded[member.name] = value;
  }
  if (input.payload !== undefined) {
    const value = await decodePayload(input.payload, call, body);
    if (value !== undefined) decoded[input.payload.name] = value;
  } else if (input.body.length > 0) {
    const bytes = await call.whole();
    Object.assign(decoded, body === "json" ? decodeJsonBody(input.body, bytes) : decodeXmlBody(input.body, bytes));
  }
  return decoded;
}

function decodeBound(member: Member, labels: ReadonlyMap<string, string>, call: Call): unknown {
  const { location, wireName, name } = member;
  switch (location) {
    case "label": {
      const text = labels.get(name) ?? (name === "Bucket" ? call.bucket : undefined);
      return text === undefined ? undefined : parseParameter(member, text, "label");
    }
    case "query": {
      const texts = call.query.get(wireName);
      if (texts === undefined) return undefined;
      if (member.type.kind !== "list") return parseParameter(member, texts[0]!, "query");
      const element = member.type.member;
      return texts.map((text) => parseParameter({ ...element, wireName }, text, "query"));
    }
    case "queryMap": {
      const texts = [...call.query].map(([key, values]) => [key, values[0]!] as const);
      return texts.length === 0 ? undefined : Object.fromEntries(texts);
    }
    case "header": {
      const text = call.header(wireName);
      return text === undefined ? undefined : parseHeader(member, text);
    }
    case "headerPrefix": {
      const names = [...call.headerNames()].filter((header) => header.startsWith(wireName));
      if (names.length === 0) return undefined;
      return Object.fromEntries(names.map((header) => [header.slice(wireName.length), call.header(header)]));
    }
    default:
      return undefined;
  }
}

function parseParameter({ type, wireName }: Member, text: string, where: "label" | "query"): unknown {
  const value = parseText(type as SimpleType, text, "date-time");
  if (value === undefined) throw new Undecodable(`${wireName} holds no ${type.kind}.`, where, wireName, text);
  return value;
}

async function decodePayload({ type }: Member, call: Call, body: Body): Promise<unknown> {
  if (type.kind === "blob") return type.streaming ? call.body : await call.whole();
  const bytes = await call.whole();
  if (bytes.length === 0) return undefined;
  if (type.kind === "string") return new TextDecoder().decode(bytes);
  return body === "json" || type.kind === "document"
    ? decodeJson(type, parseJson(bytes))
    : decodeXml(type, parseXml(bytes));
}

function encodeOutput(
  { output, http, unwrapped, partial }: OperationModel,
  value: Record<string, unknown>,
  body: Body,
  namespace: string | undefined,
): Answer {
  const headers: Record<string, string> = {};
  let { status } = http!;
  for (const member of output.bound) {
    const bound = value[member.name];
    if (bound === undefined || bound === null) continue;
    if (member.location === "header") headers[member.wireName] = buildHeader(member, bound);
    else if (member.location === "headerPrefix") {
      for (const [key, text] of Object.entries(bound)) {
        headers[member.wireName + key.toLowerCase()] = headerText(String(text));
      }
    } else if (member.location === "status") status = Number(bound);
  }
  if (partial && value.ContentRange !== undefined && value.ContentRange !== null) status = 206;

  const type = body === "json" ? "application/json" : "application/xml";
  if (output.payload !== undefined) {
    const payload = value[output.payload.name];
    if (payload === undefined || payload === null) return { status, headers };
    const { type: shape } = output.payload;
    if (shape.kind === "blob") return { status, headers, body: payload as Uint8Array | AsyncIterable<Uint8Array> };
    const isText = shape.kind === "string";
    headers["content-type"] ??= isText ? "text/plain" : type;
    if (isText) return { status, headers, body: String(payload) };
    if (body === "json" || shape.kind !== "structure") {
      return { status, headers, body: JSON.stringify(encodeJson(shape, payload)) };
    }
    const xml = buildXmlDocument(shape.xmlName, encodeXmlContent(shape, payload), namespace);
    return { status, headers, body: xml };
  }
  if (body === "json") {
    headers["content-type"] ??= type;
    return { status, headers, body: buildJsonBody(output.body, value) };
  }
  if (output.body.length === 0) return { status, headers };
  headers["content-type"] ??= type;
  const [only] = output.body;
  const content = unwrapped
    ? encodeXmlContent(only!.type, value[only!.name] ?? "")
    : encodeXmlMembers(output.body, value);
  return { status, headers, body: buildXmlDocument(output.type!.xmlName, content, namespace) };
}
