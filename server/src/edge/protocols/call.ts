/**
 * A request on its way through the edge, with what was found out about it so far.
 */
import type { Bytes } from "../../services/operation.ts";
import type { QueryParameters } from "../codecs/query-parameters.ts";
import type { EdgeRequest } from "../http.ts";
import type { OperationModel } from "../model/model.ts";

export type Call = {
  request: EdgeRequest;
  requestId: string;
  /** Of S3, from path or host. */
  bucket: string | undefined;
  /** Percent-encoded; of S3 without the bucket. */
  rawPath: string;
  query: QueryParameters;
  /** By lower-case name. In links of S3 the query stands in for headers. */
  header(name: string): string | undefined;
  /** Names that {@link header} knows. */
  headerNames(): Iterable<string>;
  /** Verified while it is read. */
  body: Bytes;
  /** All of it, within the limit for what is not streamed; the same bytes each time. */
  whole(): Promise<Uint8Array>;
};

export type Asked = {
  operation: OperationModel;
  /** To be called once, when it is known that the operation is served. */
  decode(): Promise<Record<string, unknown>>;
};

/** How a service's requests are read and its answers written. */
export interface ProtocolHandler {
  /** Whether an operation has this path, by whatever method. Of protocols that go by paths only. */
  hasPath?(rawPath: string): boolean;
  /** @throws ServiceError for what is no operation, Undecodable for what cannot be read */
  route(call: Call): Asked | Promise<Asked>;
  encode(operation: OperationModel, output: object, requestId: string): Answer;
}

export type Answer = {
  status: number;
  headers: Record<string, string>;
  body?: string | Uint8Array | AsyncIterable<Uint8Array>;
};
