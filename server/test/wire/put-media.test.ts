/**
 * PutMedia and GetMedia on the wire: what real producers sent goes in, with the acknowledgements that they wait for, and
 * comes out packet by packet.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Readable } from "node:stream";
import { type TestContext, test } from "node:test";
import { KinesisVideoMedia, type StartSelector } from "@aws-sdk/client-kinesis-video-media";
import type { MatroskaEvent } from "@millrace/media/matroska/events";
import { MatroskaReader } from "@millrace/media/matroska/reader";
import { PutMediaConnection } from "../support/put-media.ts";
import { keys, region, type StreamsServer, startStreams } from "./streams-server.ts";

const recordings = resolve(import.meta.dirname, "../../../../shared/media/kvs");
const skip = existsSync(recordings) ? false : "the recordings of producers are not beside the repository";

type Packet = { track: number; timestamp: number; size: number; sha256: string };
type Parsed = { packets: Packet[]; clusters: number[]; tags: Record<string, string>[] };

function parse(bytes: Uint8Array): Parsed {
  const parsed: Parsed = { packets: [], clusters: [], tags: [] };
  const reader = new MatroskaReader((event: MatroskaEvent) => {
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
    parsed.packets.push({
      track,
      timestamp,
      size: data.length,
      sha256: createHash("sha256").update(data).digest("hex"),
    });
  });
  reader.push(bytes);
  reader.end();
  return parsed;
}

function put(
  server: StreamsServer,
  stream: string,
  options: Partial<ConstructorParameters<typeof PutMediaConnection>[0]> = {},
) {
  return new PutMediaConnection({ url: server.url, region, credentials: keys, stream, ...options });
}

async function sendIn(connection: PutMediaConnection, bytes: Uint8Array, chunkBytes: number): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    // Some together, so that tiny chunks are those of a busy network.
    const writes = [];
    for (let count = 0; count < 500 && at < bytes.length; count++, at += chunkBytes) {
      writes.push(connection.write(bytes.subarray(at, at + chunkBytes)));
    }
    await Promise.all(writes);
  }
}

/** Reads until `enough`, then leaves. */
async function getMedia(
  t: TestContext,
  server: StreamsServer,
  StreamName: string,
  selector: StartSelector,
  enough: (bytes: Buffer) => boolean,
): Promise<Buffer> {
  const client = new KinesisVideoMedia({ endpoint: server.url, region, credentials: keys, maxAttempts: 1 });
  t.after(() => client.destroy());
  const { Payload, ContentType } = await client.getMedia({ StreamName, StartSelector: selector });
  assert.equal(ContentType, "video/webm");
  const chunks: Buffer[] = [];
  for await (const chunk of Payload as Readable) {
    chunks.push(chunk);
    if (enough(Buffer.concat(chunks))) break;
  }
  return Buffer.concat(chunks);
}

/** The token of that fragment has come, and with it the end of its document. */
const endsWith = (number: string) => (bytes: Buffer) =>
  bytes.subarray(-400).includes(`TOKEN`) && bytes.subarray(-100).includes(number);

for (const [file, timecodes, sizes] of [
  ["kvssink/h264-http-1.mkv", "ABSOLUTE", [1400, 3]],
  ["kvssink/av-http-1.mkv", "ABSOLUTE", [1400, 65_536]],
  ["bezos_vogels_720p.mkv", "RELATIVE", [65_536]],
  ["vogels_480_with_aac.mkv", "RELATIVE", [16_384]],
  ["clusters.mkv", "RELATIVE", [16_384]],
] as const) {
  for (const size of sizes) {
    test(`takes ${file} in chunks of ${size} bytes, and gives it back packet by packet`, { skip }, async (t) => {
      const server = await startStreams(t);
      await server.client.createStream({ StreamName: "camera", DataRetentionInHours: 1 });
      const body = await readFile(join(recordings, file));
      const sent = parse(body.subarray(0, wholeBytes(body)));
      const connection = put(server, "camera", { timecodes, start: "1600000000.500" });
      await sendIn(connection, body, size);
      connection.end();
      const acknowledgements = await connection.all();
      assert.equal(connection.failure, undefined);

      const states = Object.groupBy(acknowledgements, ({ EventType }) => EventType);
      assert.equal(states.ERROR, undefined, JSON.stringify(states.ERROR));
      for (const state of ["BUFFERING", "RECEIVED", "PERSISTED"] as const) {
        const timecodes = states[state]!.map((a) => "FragmentTimecode" in a && a.FragmentTimecode);
        assert.deepEqual(timecodes, sent.clusters, state);
      }
      const numbers = states.PERSISTED!.map((a) => ("FragmentNumber" in a && a.FragmentNumber) || "");
      assert.deepEqual(numbers, numbers.toSorted());
      assert.ok(numbers.every((number) => /^9134385233\d{37}$/.test(number)));

      const bytes = await getMedia(t, server, "camera", { StartSelectorType: "EARLIEST" }, endsWith(numbers.at(-1)!));
      const got = parse(bytes);
      assert.deepEqual(got.packets, sent.packets);
      assert.deepEqual(
        got.tags.flatMap((tags) => tags.AWS_KINESISVIDEO_FRAGMENT_NUMBER ?? []),
        numbers,
      );
    });
  }
}

/** Without what a recording lacks at its end. */
function wholeBytes(bytes: Uint8Array): number {
  let whole = 0;
  const reader = new MatroskaReader(({ end }) => {
    whole = end;
  });
  reader.push(bytes);
  try {
    reader.end();
    return bytes.length;
  } catch {
    return whole;
  }
}
