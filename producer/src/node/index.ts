/** The producer for Node: one connection for media and acknowledgements, and sources of frames. */
import type { ProducerOptions } from "../options.ts";
import { openProducer as openWith, type Producer } from "../producer.ts";
import { httpTransport } from "./http-transport.ts";

export type { Credentials, CredentialsProvider } from "../credentials.ts";
export { ProducerError } from "../errors.ts";
export type { ProducerMetrics } from "../metrics.ts";
export type { FragmentSummary, ProducerEvent, ProducerOptions, ProducerState } from "../options.ts";
export type { MediaFrame, Producer } from "../producer.ts";
export { annexBSource } from "../sources/annex-b.ts";
export { matroskaSource } from "../sources/matroska.ts";
export { loopSource, paceSource, pump } from "../sources/pump.ts";
export type { FrameSource, SourceEvent } from "../sources/source.ts";
export type { Track } from "../tracks.ts";
export { buildFfmpegArguments, type FfmpegInput, ffmpegSource } from "./ffmpeg-source.ts";
export { openSource } from "./open-source.ts";

/** Finds the stream, and makes it where it may. @throws ProducerError */
export function openProducer(options: ProducerOptions): Promise<Producer> {
  return openWith(options, httpTransport);
}
