/**
 * PutMedia and GetMedia on the wire: what real producers sent goes in, with the acknowledgements that they wait for, and
 * comes out packet by packet.
 */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { MatroskaReader } from "@millrace/media/matroska/reader";
import type { PutMediaConnection } from "../support/put-media.ts";
import { endsWith, getMedia, parse, put } from "./media-wire.ts";
import { startStreams } from "./streams-server.ts";

const recordings = resolve(import.meta.dirname, "../../../../shared/media/kvs");
const skip = existsSync(recordings) ? false : "the recordings of producers are not beside the repository";

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

for (const [file, timecodes, sizes] of [
  ["kvssink/h264-http-1.mkv", "ABSOLUTE", [1400, 3]],
  ["kvssink/av-http-1.mkv", "ABSOLUTE", [1400, 65_536]],
  ["bezos_vogels_720p.mkv", "RELATIVE", [65_536]],
  ["vogels_480_with_aac.mkv", "RELATIVE", [16_384]],
  ["clusters.mkv", "RELATIVE", [16_384]],
  ["output_get_media.mkv", "RELATIVE", [16_384]],
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
        // A recording of GetMedia has such tags of its own.
        got.tags.flatMap((tags) => tags.AWS_KINESISVIDEO_FRAGMENT_NUMBER ?? []).filter((one) => numbers.includes(one)),
        numbers,
      );
    });
  }
}

test("refuses a second document whose timecodes begin again, and keeps the first", { skip }, async (t) => {
  const server = await startStreams(t);
  await server.client.createStream({ StreamName: "camera", DataRetentionInHours: 1 });
  const connection = put(server, "camera", { timecodes: "RELATIVE", start: "1600000000.500" });
  await sendIn(connection, await readFile(join(recordings, "output-get-media-equal-timecode.mkv")), 16_384);
  connection.end();
  const told = await connection.all();
  assert.equal(told.filter(({ EventType }) => EventType === "PERSISTED").length, 1);
  const last = told.at(-1)!;
  assert.equal("ErrorCode" in last && last.ErrorCode, "FRAGMENT_TIMECODE_LESSER_THAN_PREVIOUS", JSON.stringify(last));
});

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
