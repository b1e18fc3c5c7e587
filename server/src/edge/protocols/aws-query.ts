/**
 * awsQuery: form fields in, XML out.
 */
import { ServiceError } from "../../services/service-error.ts";
import { decodeQueryInput, parseForm } from "../codecs/query.ts";
import { buildXmlDocument, encodeXmlMembers, escapeXml } from "../codecs/xml.ts";
import type { Model } from "../model/model.ts";
import type { ProtocolHandler } from "./call.ts";

export function awsQueryProtocol({ operations, version, xmlNamespace }: Model): ProtocolHandler {
  return {
    async route(call) {
      const sent = call.request.method === "GET" ? call.request.rawQuery : new TextDecoder().decode(await call.whole());
      const fields = parseForm(sent || call.request.rawQuery);
      const action = fields.get("Action");
      if (!action) throw new ServiceError("MissingAction", 400, "The request must contain the parameter Action.");
      const operation = operations.get(action);
      const sentVersion = fields.get("Version") ?? version;
      if (operation === undefined || sentVersion !== version) {
        const message = `The action ${action} is not valid for this web service, version ${sentVersion}.`;
        throw new ServiceError("InvalidAction", 400, message);
      }
      const members = operation.input.type?.members ?? [];
      return {
        operation,
        decode: async () => decodeQueryInput(members, fields) as Record<string, unknown>,
      };
    },

    encode({ name, output }, value, requestId) {
      const content = output.type === undefined ? undefined : encodeXmlMembers(output.type.members, value);
      const result = content === undefined ? "" : `<${name}Result>${content}</${name}Result>`;
      const metadata = `<ResponseMetadata><RequestId>${escapeXml(requestId)}</RequestId></ResponseMetadata>`;
      return {
        status: 200,
        headers: { "content-type": "text/xml" },
        body: buildXmlDocument(`${name}Response`, result + metadata, xmlNamespace),
      };
    },
  };
}
