/**
 * What every operation on streams is given beside its input.
 */
import type { Log } from "../../base/log.ts";
import type { Playback } from "../../engine/playback/playback.ts";
import type { StreamEngine } from "../../engine/stream-engine.ts";
import type { Home } from "../../storage/records/listing.ts";
import type { Records } from "../../storage/records/records.ts";
import type { Stream } from "../../storage/records/streams.ts";
import type { RequestContext } from "../operation.ts";

export type StreamsLimits = {
  /** Per account and region. */
  streams: number;
};

/** As the service has them. */
export const defaultLimits: StreamsLimits = { streams: 10_000 };

/**
 * Who is told of changes that free stored media. Each is called after the change is durable and before it is answered;
 * where one fails or the process dies first, the rows still say what is to be done.
 */
export type StreamListeners = {
  /** Nobody finds the stream any more: its data key is to be destroyed first, then its fragments, then its row. */
  deleted?(stream: Stream): Promise<void>;
  /** Media older than the new retention may go at once. */
  retentionReduced?(stream: Stream): Promise<void>;
};

export type StreamsContext = {
  records: Records;
  log: Log;
  limits: StreamsLimits;
  /** `https://host:port` without a slash at its end, where clients reach us; `undefined`: as they have addressed us. */
  publicUrl: string | undefined;
  listeners: StreamListeners;
  engine: StreamEngine;
  /** Half of all code is for players: it is loaded when the first one comes. */
  playback(): Promise<Playback>;
  /** Of an incarnation of a stream. */
  newId: () => string;
  newVersion: () => string;
};

export type Call = StreamsContext & RequestContext;

export function homeOf({ accountId, region }: Pick<RequestContext, "accountId" | "region">): Home {
  return { account: accountId, region };
}

/** Names the changes that take turns: what is counted before one is added, and those of one stream. */
export function turnOf({ accountId, region }: RequestContext, name = ""): string {
  return `streams:${accountId}:${region}:${name}`;
}
