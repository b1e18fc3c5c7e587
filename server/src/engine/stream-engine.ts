/**
 * What takes in, keeps and gives back the media of all streams of this process.
 */
import type { Clock, Sleep } from "../base/clock.ts";
import { type Closeable, Lifetime } from "../base/lifetime.ts";
import type { Log } from "../base/log.ts";
import type { Random } from "../base/random.ts";
import type { BlobStore } from "../storage/blobs/blob-store.ts";
import type { Fragment } from "../storage/fragments/fragment.ts";
import { type FragmentReader, openFragmentReader } from "../storage/fragments/fragment-reader.ts";
import type { SealFragment } from "../storage/fragments/seal-fragment.ts";
import type { KeyStore } from "../storage/keys/key-store.ts";
import type { KeyWrapper } from "../storage/keys/key-wrapper.ts";
import { type DataKeyPeriod, type Keyring, openKeyring } from "../storage/keys/keyring.ts";
import type { Records } from "../storage/records/records.ts";
import { FragmentEvents } from "./events/fragment-events.ts";
import { Committer } from "./ingest/committer.ts";
import { type FragmentNumbers, openFragmentNumbers } from "./ingest/fragment-numbers.ts";
import { Ingest } from "./ingest/ingest.ts";
import { KeyWatch } from "./live/key-watch.ts";
import { LiveStreams } from "./live/live-streams.ts";
import { startFragmentRetention, sweepFragments } from "./retention/fragment-retention.ts";

export type StreamEngine = Closeable & {
  records: Records;
  committer: Committer;
  ingest: Ingest;
  live: LiveStreams;
  events: FragmentEvents;
  numbers: FragmentNumbers;
  fragments: FragmentReader;
  keys: Keyring;
  keyWatch: KeyWatch;
  clock: Clock;
  sleep: Sleep;
  /** Aborts with {@link letGo}. */
  closing: AbortSignal;
  /** Producers and readers are to go, and come again: to be called before whoever serves them waits for their ends. */
  letGo(): void;
  /** The stream is deleted: nobody can read what is kept of it from now on. */
  forget(stream: { id: string }): Promise<void>;
  /** Deletes what is kept longer than it has to be, without waiting for the next time. */
  sweep(): Promise<void>;
};

export type StreamEngineOptions = {
  records: Records;
  blobs: BlobStore;
  kms: KeyStore;
  wrapper: KeyWrapper;
  period?: DataKeyPeriod;
  /** See Committer. */
  seal?: SealFragment;
  clock: Clock;
  sleep: Sleep;
  random: Random;
  log: Log;
  /** See Committer. */
  tickMs: number;
};

const retentionEveryMs = 60_000;
const tickMs = 5_000;
/** With what a key store remembers it makes less than a second. */
const keyWatchMs = 250;

export function openStreamEngine({ wrapper, kms, period, ...options }: StreamEngineOptions): StreamEngine {
  const lifetime = new Lifetime();
  const closing = new AbortController();
  const keys = openKeyring({ ...options, wrapper, kms, ...(period && { period }) });
  const keyWatch = new KeyWatch(keys);
  const committer = lifetime.own(new Committer({ ...options, keys }));
  const numbers = openFragmentNumbers(options);
  const fragments = openFragmentReader({ ...options, keys });
  lifetime.own(startFragmentRetention({ ...options, keys, everyMs: retentionEveryMs }));
  const live = new LiveStreams(options.clock);
  const events = new FragmentEvents(options.log);
  const storing = {
    room: () => committer.room(),
    async submit(fragment: Fragment) {
      const stored = await committer.submit(fragment);
      events.tell({ fragment: stored, tags: fragment.tags });
      return stored;
    },
  };
  const ingest = lifetime.own(
    new Ingest({ ...options, committer: storing, numbers, live, keyWatch, closing: closing.signal }),
  );
  const ticking = setInterval(() => {
    live.prune();
    void ingest.tick();
  }, tickMs).unref();
  const watching = setInterval(() => void keyWatch.tick(), keyWatchMs).unref();
  return {
    records: options.records,
    committer,
    ingest,
    live,
    events,
    numbers,
    fragments,
    keys,
    keyWatch,
    clock: options.clock,
    sleep: options.sleep,
    closing: closing.signal,
    letGo: () => closing.abort(new Error("the server stops")),
    async forget({ id }) {
      await keys.destroy(id);
      live.forget(id);
      await ingest.tick();
    },
    sweep: () => sweepFragments({ ...options, keys }),
    async close() {
      clearInterval(ticking);
      clearInterval(watching);
      await lifetime.close();
      await events.settled();
    },
  };
}
