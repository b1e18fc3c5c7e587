import assert from "node:assert/strict";
import { test } from "node:test";
import { ByteLog } from "../ingest/byte-log.ts";
import { LiveStreams } from "./live-streams.ts";

/** Each costs three kilobytes more than its bytes. */
const cost = 100 + 3072;
const limits = { windowMs: 1000, windowBytes: 5 * cost, totalBytes: 8 * cost };

function open() {
  const state = { now: 10_000 };
  const streams = new LiveStreams(() => state.now, limits);
  const begin = (streamId: string, number: string, sizeBytes = 100) => {
    const log = new ByteLog();
    log.append(new Uint8Array(sizeBytes).fill(Number(number)));
    const facts = { streamId, number, serverTimestamp: state.now, producerTimestamp: 0, header: new Uint8Array() };
    const fragment = streams.begin({ ...facts, clusterFrom: 0, isOpen: true }, { log, from: 0 });
    fragment.show(sizeBytes);
    return fragment;
  };
  const numbers = (streamId: string) => streams.list(streamId).map(({ facts: { number } }) => number);
  return { state, streams, begin, numbers };
}

test("fragments stand in the order of their numbers, whoever began first", () => {
  const { streams, begin, numbers } = open();
  for (const number of ["2", "1", "3"]) begin("s", number);
  assert.deepEqual(numbers("s"), ["1", "2", "3"]);
  assert.deepEqual(
    [streams.next("s", undefined), streams.next("s", "1"), streams.next("s", "3")].map((one) => one?.facts.number),
    ["1", "2", undefined],
  );
});

test("what is stored or broke off is let go, and what arrives or is being stored stays", () => {
  const { state, streams, begin, numbers } = open();
  const [stored, broken, storing, arriving] = ["1", "2", "3", "4"].map((number) => begin("s", number, 700));
  stored!.become("storing");
  storing!.become("storing");
  streams.end(stored!, "released");
  streams.end(broken!, "broken");
  state.now += 5000;
  streams.prune();
  assert.deepEqual(numbers("s"), ["3", "4"]);
  assert.equal(stored!.piece(0), undefined, "to be read from the store");
  assert.equal(broken!.piece(600)!.length, 100, "who reads it has what came");
  assert.equal(arriving!.state, "arriving");
});

test("the window of a stream without retention has a length, a size, and a share of all", () => {
  const { state, streams, begin, numbers } = open();
  for (const number of ["1", "2"]) begin("s", number).become("whole");
  state.now += 800;
  for (const number of ["3", "4", "5", "6", "7"]) begin("s", number).become("whole");
  streams.prune();
  assert.deepEqual(numbers("s"), ["3", "4", "5", "6", "7"], "five of it");
  for (const number of ["1", "2", "3", "4"]) begin("t", number).become("whole");
  streams.prune();
  assert.deepEqual([numbers("s").length, numbers("t")], [5, ["2", "3", "4"]], "eight of all");
  state.now += 1001;
  const held = streams.list("s")[0]!;
  streams.prune();
  assert.deepEqual([numbers("s"), numbers("t"), held.state], [[], [], "released"]);
});

test("a stream that is deleted leaves nothing", () => {
  const { streams, begin, numbers } = open();
  begin("s", "1").become("whole");
  streams.forget("s");
  assert.deepEqual(numbers("s"), []);
});

test("who waits for a fragment does not make the stream's newest one forgotten", async () => {
  const { streams, begin } = open();
  const patience = Promise.withResolvers<void>();
  const waiting = streams.anotherBegins("s", undefined, patience.promise);
  assert.equal(streams.newestServerTimestamp("s"), undefined, "there is none yet");
  begin("s", "1");
  await waiting;
  assert.equal(streams.newestServerTimestamp("s"), 10_000);
});

test("views of a fragment stay the same while it grows, completes and its session forgets", () => {
  const log = new ByteLog();
  const { streams } = open();
  log.append(new Uint8Array(2000).fill(1));
  const facts = { streamId: "s", number: "1", serverTimestamp: 0, producerTimestamp: 0, header: new Uint8Array() };
  const live = streams.begin({ ...facts, clusterFrom: 0, isOpen: true }, { log, from: 500 });
  assert.equal(live.sizeBytes, 0);
  live.show(1000);
  assert.equal(live.piece(100)!.length, 400, "no further than it may be shown");
  log.append(new Uint8Array(2000).fill(2));
  live.show(3000);
  live.become("storing");
  log.forget(4000);
  assert.deepEqual([live.piece(1499)![0], live.piece(1500)![0], live.piece(1500)!.length], [1, 2, 1000]);
});
