import assert from "node:assert/strict";
import { test } from "node:test";
import { framesOf, isUnreadable, openStoredMedia } from "../../src/engine/playback/stored-media.ts";
import { pictures, record, sound, store } from "../support/stored-media.ts";
import { startMedia } from "./stored-media-server.ts";

const recording = record(...sound(3), ...pictures(3), "-c:a", "aac", "-shortest");

test("reads a fragment once for all who ask for its tracks, and tells the damaged ones by name", async (t) => {
  const server = await startMedia(t);
  const { fragments } = server.engine;
  const stored = await store(server.engine, server.streamId, recording, { producerStart: Date.now() });
  const reads: string[] = [];
  const media = openStoredMedia({
    ...fragments,
    read(one) {
      reads.push(one.number);
      return fragments.read(one);
    },
  });
  const [first, second] = stored;
  const got = await Promise.all([media.fragment(first!), media.fragment(first!), media.fragment(second!)]);
  await media.fragment(first!);
  assert.deepEqual(reads, [first!.number, second!.number]);
  assert.equal(framesOf(got[0]!, "video").length, 25);
  assert.deepEqual(
    framesOf(got[1]!, "audio").map(({ timestamp }) => timestamp),
    recording.clusters[0]!.frames.get(2),
  );
  assert.equal(got[0]!.header, got[2]!.header);

  const again = { ...second!, place: { ...second!.place, from: second!.place.from + 1 } };
  const outcomes = [];
  for await (const { stored: one, read } of media.fragments([first!, again, stored[2]!])) {
    outcomes.push([one.number, isUnreadable(read) ? read.message : framesOf(read, "video").length]);
  }
  assert.deepEqual(outcomes, [
    [first!.number, 25],
    [second!.number, `fragment ${second!.number} of stream ${server.streamId} is damaged: its bytes have changed`],
    [stored[2]!.number, 25],
  ]);
});
