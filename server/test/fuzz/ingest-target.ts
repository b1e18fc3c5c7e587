/**
 * A PutMedia session under fuzz: whatever a producer sends, in whatever chunks, it is told by acknowledgements and nothing is
 * thrown; nothing follows an ERROR; what is PERSISTED is whole and can be parsed; and what is held has its bounds.
 */
import assert from "node:assert/strict";
import { parseFragment } from "@millrace/media/matroska/fragment";
import type { Acknowledgement } from "../../src/engine/ingest/acknowledgement.ts";
import { defaultIngestLimits } from "../../src/engine/ingest/ingest-limits.ts";
import { IngestSession } from "../../src/engine/ingest/ingest-session.ts";
import { LiveStreams } from "../../src/engine/live/live-streams.ts";
import type { Fragment, StoredFragment } from "../../src/storage/fragments/fragment.ts";
import { audio, block, cluster, endOfFragment, header, tags, video } from "../support/sent-media.ts";
import { chanceOf } from "./chance.ts";
import type { FuzzTarget } from "./fuzz.ts";
import { matroskaReader } from "./matroska-target.ts";

/** Small, so that inputs come near them. */
const limits = { ...defaultIngestLimits, fragmentBytes: 1500, betweenBytes: 800, fragmentMs: 2000, tagValueBytes: 20 };
const now = 2_000_000_000_000;

const small = { frames: 2, sizeBytes: 20 };
const both = { ...small, tracks: [1, 2] };
const seeds = [
  Buffer.concat([header(), cluster(1000, small), cluster(2000, small), endOfFragment]),
  Buffer.concat([header(), tags({ one: "1" }), cluster(1000, small), tags({ two: "2" }), cluster(2000, small)]),
  Buffer.concat([header([video, audio]), cluster(1, both), endOfFragment, cluster(4000, both), block(2, 90, 10)]),
  Buffer.concat([header(), cluster(1000, small), header([audio]), cluster(3000, { ...small, tracks: [2] })]),
  Buffer.concat([header([video], { timestampScale: 500_000 }), cluster(1000, { frames: 40, sizeBytes: 10 })]),
];

export const ingestSession: FuzzTarget = {
  name: "ingest-session",
  seeds: [...seeds, ...matroskaReader.seeds],
  tokens: [...matroskaReader.tokens, endOfFragment, cluster(1500, small), tags({ a: "b" }), block(1, 50, 8)],
  async run(input) {
    const chance = chanceOf(
      input.length,
      input.reduce((sum, byte) => Math.imul(sum ^ byte, 0x01000193), 7),
    );
    const told: Acknowledgement[] = [];
    const stored = new Map<string, Fragment>();
    const live = new LiveStreams(() => now);
    let numbers = 0;
    const session = new IngestSession({
      streamId: "s",
      relativeTo: chance(2) === 0 ? undefined : now - 1000,
      isKept: () => chance(8) !== 0,
      nextNumber: () => String(++numbers).padStart(47, "0"),
      store: async (fragment) => {
        if (chance(4) === 0) await undefined;
        if (chance(30) === 0) throw new Error("no room");
        stored.set(fragment.number, { ...fragment, body: fragment.body.map((piece) => Uint8Array.from(piece)) });
        return {} as StoredFragment;
      },
      live,
      clock: () => now,
      limits,
      acknowledge: (acknowledgement) => told.push(acknowledgement),
    });
    const most = [1, 9, 60, 400, 5000][chance(5)]!;
    for (let at = 0; at < input.length && !session.ended; ) {
      const next = Math.min(input.length, at + 1 + chance(most));
      session.push(Uint8Array.from(input.subarray(at, next)));
      if (chance(6) === 0) await undefined;
      at = next;
      const held = live.newest("s");
      if (held !== undefined && limits.fragmentBytes + limits.betweenBytes + most < held.sizeBytes) {
        assert.fail(`${held.sizeBytes} bytes are held`);
      }
    }
    if (chance(3) === 0) session.abandon();
    else session.end();
    await session.settled();
    check(told, stored);
    assert.ok(
      live.list("s").every(({ state }) => state === "whole"),
      "nothing is left of what is stored or broke off",
    );
    return told.length > 0 && told.at(-1)!.EventType !== "ERROR";
  },
};

const order = ["BUFFERING", "RECEIVED", "PERSISTED"];

function check(told: readonly Acknowledgement[], stored: ReadonlyMap<string, Fragment>): void {
  const error = told.findIndex(({ EventType }) => EventType === "ERROR");
  if (0 <= error && error < told.length - 1) assert.fail("something follows an ERROR");
  const states = new Map<string, number>();
  for (const acknowledgement of told) {
    if (acknowledgement.EventType === "ERROR" || acknowledgement.EventType === "IDLE") continue;
    const { EventType, FragmentNumber: number } = acknowledgement;
    const state = states.get(number) ?? 0;
    if (order[state] !== EventType) assert.fail(`${EventType} of a fragment out of order`);
    states.set(number, state + 1);
    if (EventType === "PERSISTED") checkStored(stored.get(number));
  }
}

function checkStored(fragment: Fragment | undefined): void {
  if (fragment === undefined) assert.fail("PERSISTED, and not stored");
  const body = Buffer.concat(fragment.body);
  if (limits.fragmentBytes < fragment.clusterTo - fragment.clusterFrom) assert.fail("a fragment that is too large");
  if (body.length !== fragment.clusterTo || fragment.durationMs < 0) assert.fail("a fragment of wrong facts");
  if (!body.subarray(fragment.clusterFrom).toString("latin1").startsWith("\x1f\x43\xb6\x75")) assert.fail("no cluster");
  const { tracks, frames } = parseFragment(fragment.header, body);
  for (const { number } of tracks) {
    if (!frames.some(({ track }) => track === number)) assert.fail("a track without a frame");
  }
}
