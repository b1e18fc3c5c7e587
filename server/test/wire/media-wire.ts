/** PutMedia and GetMedia against a server of a test, and what their Matroska holds. */
import { createHash } from "node:crypto";
import type { Readable } from "node:stream";
import type { TestContext } from "node:test";
import { KinesisVideoMedia, type StartSelector } from "@aws-sdk/client-kinesis-video-media";
import type { MatroskaEvent } from "@millrace/media/matroska/events";
import { MatroskaReader } from "@millrace/media/matroska/reader";
import type { Acknowledgement } from "../../src/engine/ingest/acknowledgement.ts";
import { PutMediaConnection, type PutMediaOptions } from "../support/put-media.ts";
import { keys, region, type StreamsServer } from "./streams-server.ts";

export type Packet = { track: number; timestamp: number; size: number; sha256: string };
export type Parsed = { packets: Packet[]; clusters: number[]; tags: Record<string, string>[]; order: string[] };

export function parse(bytes: Uint8Array): Parsed {
  const parsed: Parsed = { packets: [], clusters: [], tags: [], order: [] };
  const reader = new MatroskaReader((event: MatroskaEvent) => {
    if (event.type !== "frame") parsed.order.push(event.type);
    if (event.type === "cluster") parsed.clusters.push(event.timestamp);
    if (event.type === "tags") {
      const pairs = event.tags.flatMap(({ simpleTags }) =>
        simpleTags.map(({ name, value }) => [name, String(value ?? "")]),
      );
      parsed.tags.push(Object.fromEntries(pairs));
    }
    if (event.type !== "frame") return;
    const data = bytes.subarray(event.dataStart, event.dataEnd);
    const { track, timestamp } = event;
    const sha256 = createHash("sha256").update(data).digest("hex");
    parsed.packets.push({ track, timestamp, size: data.length, sha256 });
  });
  reader.push(bytes);
  reader.end();
  return parsed;
}

export function put(server: StreamsServer, stream: string, options: Partial<PutMediaOptions> = {}): PutMediaConnection {
  return new PutMediaConnection({ url: server.url, region, credentials: keys, stream, ...options });
}

/** `PERSISTED 1000`, `ERROR 4006 2000`, `IDLE`. */
export function textOf(acknowledgement: Acknowledgement): string {
  const { EventType } = acknowledgement;
  const error = "ErrorId" in acknowledgement ? ` ${acknowledgement.ErrorId}` : "";
  const about = "FragmentTimecode" in acknowledgement ? ` ${acknowledgement.FragmentTimecode}` : "";
  return `${EventType}${error}${about}`;
}

export const is = (text: string) => (acknowledgement: Acknowledgement) => textOf(acknowledgement) === text;

/** Of what is PERSISTED, in the order of being told. */
export function persisted(acknowledgements: readonly Acknowledgement[]): string[] {
  return acknowledgements.flatMap((a) => (a.EventType === "PERSISTED" ? [a.FragmentNumber] : []));
}

/** A body that is read as it comes. */
export class MediaReading {
  readonly chunks: Buffer[] = [];
  readonly payload: Readable;
  ended = false;
  #changed = Promise.withResolvers<void>();

  constructor(payload: Readable) {
    this.payload = payload;
    payload.on("data", (chunk: Buffer) => {
      this.chunks.push(chunk);
      this.#tell();
    });
    payload.on("close", () => {
      this.ended = true;
      this.#tell();
    });
    payload.on("error", () => {});
  }

  get bytes(): Buffer {
    return Buffer.concat(this.chunks);
  }

  /** Resolves when it is so, or with the end. */
  async until(enough: (bytes: Buffer) => boolean): Promise<Buffer> {
    for (;;) {
      const changed = this.#changed.promise;
      const { bytes } = this;
      if (this.ended || enough(bytes)) return bytes;
      await changed;
    }
  }

  /** The same for the end of a fragment's document; looks at the last chunks alone. */
  async untilToken(number: string): Promise<void> {
    for (;;) {
      const changed = this.#changed.promise;
      if (this.ended || endsWith(number)(Buffer.concat(this.chunks.slice(-4)))) return;
      await changed;
    }
  }

  #tell(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}

export async function openReading(
  t: TestContext,
  server: StreamsServer,
  StreamName: string,
  selector: StartSelector,
): Promise<MediaReading> {
  const client = new KinesisVideoMedia({ endpoint: server.url, region, credentials: keys, maxAttempts: 1 });
  const { Payload } = await client.getMedia({ StreamName, StartSelector: selector });
  const reading = new MediaReading(Payload as Readable);
  t.after(() => {
    reading.payload.destroy();
    client.destroy();
  });
  return reading;
}

/** Reads until `enough`, then leaves. */
export async function getMedia(
  t: TestContext,
  server: StreamsServer,
  stream: string,
  selector: StartSelector,
  enough: (bytes: Buffer) => boolean,
): Promise<Buffer> {
  const reading = await openReading(t, server, stream, selector);
  const bytes = await reading.until(enough);
  reading.payload.destroy();
  return bytes;
}

/** The token of that fragment has come, and with it the end of its document. */
export const endsWith = (number: string) => (bytes: Buffer) =>
  bytes.subarray(-400).includes("TOKEN") && bytes.subarray(-100).includes(number);

/** What comes is these documents and no more. */
export const tokens = (bytes: Buffer) =>
  parse(bytes).tags.flatMap(({ AWS_KINESISVIDEO_CONTINUATION_TOKEN: token }) => token ?? []);
