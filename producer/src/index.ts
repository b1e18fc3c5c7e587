/** The producer for browsers and any other runtime with `fetch` and Web Crypto. For Node: `@millrace/producer/node`. */
import { fetchTransport } from "./fetch-transport.ts";
import type { ProducerOptions } from "./options.ts";
import { openProducer as openWith, type Producer } from "./producer.ts";

export type { Credentials, CredentialsProvider } from "./credentials.ts";
export { ProducerError } from "./errors.ts";
export type { ProducerMetrics } from "./metrics.ts";
export type { FragmentSummary, ProducerEvent, ProducerOptions, ProducerState } from "./options.ts";
export type { MediaFrame, Producer } from "./producer.ts";
export type { Track } from "./tracks.ts";

/** Finds the stream, and makes it where it may. Each request carries whole fragments. @throws ProducerError */
export function openProducer(options: ProducerOptions): Promise<Producer> {
  return openWith(options, fetchTransport);
}
