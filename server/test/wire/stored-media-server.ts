/** A server with a stream that keeps media, for tests of what reads it. */
import type { TestContext } from "node:test";
import { KinesisVideoArchivedMedia } from "@aws-sdk/client-kinesis-video-archived-media";
import { findStream } from "../../src/storage/records/streams.ts";
import { account, keys, region, type StreamsServer, startStreams } from "./streams-server.ts";

export type MediaServer = StreamsServer & { archive: KinesisVideoArchivedMedia; streamId: string };

/** The stream is called `cam`. */
export async function startMedia(
  t: TestContext,
  options: Parameters<typeof startStreams>[1] = {},
): Promise<MediaServer> {
  const server = await startStreams(t, options);
  await server.client.createStream({ StreamName: "cam", DataRetentionInHours: 24 });
  const stream = await findStream(server.records.db, { account, region }, { name: "cam" });
  const archive = new KinesisVideoArchivedMedia({ endpoint: server.url, region, credentials: keys, maxAttempts: 1 });
  t.after(() => archive.destroy());
  return { ...server, archive, streamId: stream!.id };
}
