/**
 * awsJson: `POST /` with the operation in X-Amz-Target and everything else in the body.
 */
import { ServiceError } from "../../services/service-error.ts";
import { buildJsonBody, decodeJsonBody } from "../codecs/json.ts";
import type { Model } from "../model/model.ts";
import type { ProtocolHandler } from "./call.ts";

export function awsJsonProtocol({ operations, targetPrefix, protocol, serviceId }: Model): ProtocolHandler {
  const type = protocol === "awsJson1_0" ? "application/x-amz-json-1.0" : "application/x-amz-json-1.1";
  return {
    route(call) {
      const target = call.header("x-amz-target") ?? "";
      const [prefix, name = ""] = target.split(".");
      const operation = prefix === targetPrefix ? operations.get(name) : undefined;
      if (operation === undefined) {
        throw new ServiceError("UnknownOperationException", 400, `'${target}' is no operation of ${serviceId}.`);
      }
      const members = operation.input.type?.members ?? [];
      return { operation, decode: async () => decodeJsonBody(members, await call.whole()) };
    },
    encode: ({ output }, value) => ({
      status: 200,
      headers: { "content-type": type },
      body: buildJsonBody(output.type?.members ?? [], value),
    }),
  };
}
