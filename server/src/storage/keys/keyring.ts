/**
 * The data key of each stream: made when the first fragment is to be sealed, kept wrapped, destroyed with the stream.
 *
 * Unwrapped keys are remembered for a minute, so a process learns that late at most that another one has destroyed a key;
 * rows of a destroyed stream are refused at once, for that is asked in the transaction that writes them.
 */
import type { Clock } from "../../base/clock.ts";
import type { Random } from "../../base/random.ts";
import type { Records } from "../records/records.ts";
import { destroyStreamKey, findStreamKey, insertStreamKey } from "../records/stream-keys.ts";
import type { StreamKeyRow } from "../records/tables.ts";
import type { KeyWrapper } from "./key-wrapper.ts";
import { type SealingKey, sealingKey } from "./xaes.ts";

export type Keyring = {
  /** Makes one for a stream that has none. @throws KeyDestroyed */
  open(streamId: string): Promise<SealingKey>;
  /** `undefined`: the stream never had one, or it is destroyed. */
  find(streamId: string): Promise<SealingKey | undefined>;
  /**
   * For good: what it has sealed is noise from now on, and the stream never gets another one. May be called
   * again, and answers since when it is destroyed.
   */
  destroy(streamId: string): Promise<number>;
};

export class KeyDestroyed extends Error {
  override readonly name = "KeyDestroyed";

  constructor(streamId: string) {
    super(`the key of stream ${streamId} is destroyed`);
  }
}

export type KeyringOptions = { records: Records; wrapper: KeyWrapper; clock: Clock; random: Random };

const rememberedMs = 60_000;
const mostRemembered = 10_000;

export function openKeyring({ records, wrapper, clock, random }: KeyringOptions): Keyring {
  const known = new Map<string, { key: Promise<SealingKey | undefined>; until: number }>();

  /** What is not there, or failed, is asked for again the next time. */
  function remember(streamId: string, key: Promise<SealingKey | undefined>): Promise<SealingKey | undefined> {
    known.delete(streamId);
    if (mostRemembered <= known.size) known.delete(known.keys().next().value!);
    known.set(streamId, { key, until: clock() + rememberedMs });
    const forget = () => known.get(streamId)?.key === key && known.delete(streamId);
    key.then((found) => found === undefined && forget(), forget);
    return key;
  }

  function find(streamId: string): Promise<SealingKey | undefined> {
    const entry = known.get(streamId);
    const now = clock();
    // A clock that has stepped back makes nothing last longer.
    const isFresh = entry !== undefined && now < entry.until && entry.until <= now + rememberedMs;
    return isFresh ? entry.key : remember(streamId, read(streamId));
  }

  async function read(streamId: string): Promise<SealingKey | undefined> {
    const row = await findStreamKey(records.db, streamId);
    return row === undefined || row.destroyed_at !== null ? undefined : unwrap(row);
  }

  async function create(streamId: string): Promise<SealingKey> {
    const wrapped = await wrapper.wrap(random(32), aboutKey(streamId));
    const created = { wrapped, wrapped_by: wrapper.id, created_at: clock(), destroyed_at: null };
    // Another process may be first: what stands there afterwards is the key.
    const row = await records.transaction(async (db) => {
      await insertStreamKey(db, { stream_id: streamId, ...created });
      return (await findStreamKey(db, streamId))!;
    });
    if (row.destroyed_at !== null) throw new KeyDestroyed(streamId);
    return unwrap(row);
  }

  async function unwrap(row: StreamKeyRow): Promise<SealingKey> {
    if (row.wrapped_by !== wrapper.id) {
      throw new Error(`the key of stream ${row.stream_id} is wrapped by ${row.wrapped_by}, which is not at hand`);
    }
    return sealingKey(await wrapper.unwrap(row.wrapped, aboutKey(row.stream_id)));
  }

  return {
    async open(streamId) {
      const found = await find(streamId);
      if (found !== undefined) return found;
      const created = await create(streamId);
      void remember(streamId, Promise.resolve(created));
      return created;
    },
    find,
    async destroy(streamId) {
      const destroyedAt = await records.transaction((db) => destroyStreamKey(db, streamId, clock()));
      known.delete(streamId);
      return destroyedAt;
    },
  };
}

function aboutKey(streamId: string): string {
  return `millrace stream key\0${streamId}`;
}
