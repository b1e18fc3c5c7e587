import type { Model } from "../model/model.ts";
import { awsJsonProtocol } from "./aws-json.ts";
import { awsQueryProtocol } from "./aws-query.ts";
import type { ProtocolHandler } from "./call.ts";
import { restProtocol } from "./rest.ts";

export function protocolOf(model: Model): ProtocolHandler {
  switch (model.protocol) {
    case "restJson1":
    case "restXml":
      return restProtocol(model);
    case "awsJson1_0":
    case "awsJson1_1":
      return awsJsonProtocol(model);
    case "awsQuery":
      return awsQueryProtocol(model);
  }
}
