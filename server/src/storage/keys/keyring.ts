/**
 * The data keys of streams: each serves for a while, is kept wrapped by the stream's KMS key, and is destroyed with the
 * stream.
 *
 * Unwrapped keys are remembered for a minute, so a process learns that late at most that another one has destroyed them;
 * rows of a destroyed stream are refused at once, for that is asked in the transaction that writes them. Whether their KMS
 * key may be used is asked each time.
 */
import type { Clock } from "../../base/clock.ts";
import { Remembered } from "../../base/remembered.ts";
import { inTurn } from "../records/in-turn.ts";
import type { Records } from "../records/records.ts";
import { scrub } from "../records/scrub.ts";
import {
  destroyStreamKeys,
  findDestroyedAt,
  findNewestStreamKey,
  findStreamKey,
  insertStreamKey,
} from "../records/stream-keys.ts";
import { buildStreamArn, findStreamById, type Stream } from "../records/streams.ts";
import type { StreamKeyRow } from "../records/tables.ts";
import { KeyFailure, type KeyStore, type KmsKey } from "./key-store.ts";
import type { KeyWrapper } from "./key-wrapper.ts";
import { type SealingKey, sealingKey } from "./xaes.ts";

/** A data key of a stream. */
export type StreamKey = SealingKey & { readonly number: number };

export type Keyring = {
  /**
   * What new media is sealed with, `sizeBytes` of it now. Made where the stream has none, or its last has served.
   *
   * @throws KeyDestroyed, KeyFailure
   */
  open(streamId: string, sizeBytes: number): Promise<StreamKey>;
  /** `undefined`: there is none of that number, or it is destroyed. @throws KeyFailure */
  find(streamId: string, number: number): Promise<StreamKey | undefined>;
  /** The last that was made; `undefined`: none was, or it is destroyed. @throws KeyFailure */
  newest(streamId: string): Promise<StreamKey | undefined>;
  /** By which a stream's new data keys are wrapped. Whether it can be used, {@link KeyStore.check} says. @throws KeyFailure */
  kmsKeyOf(stream: Stream): Promise<KmsKey>;
  /** @throws KeyFailure */
  check(kmsKeyArn: string): Promise<void>;
  /**
   * All of them, for good: what they have sealed is noise from now on, and the stream never gets another one. May be
   * called again, and answers since when they are destroyed.
   */
  destroy(streamId: string): Promise<number>;
};

export class KeyDestroyed extends Error {
  override readonly name = "KeyDestroyed";

  constructor(streamId: string) {
    super(`the keys of stream ${streamId} are destroyed`);
  }
}

export type KeyringOptions = {
  records: Records;
  kms: KeyStore;
  /** Of keys that were made before there was a KMS. */
  wrapper: KeyWrapper;
  clock: Clock;
  /** A data key seals new media for so long, and this process by it no more than so much. */
  period?: DataKeyPeriod;
};

export type DataKeyPeriod = { ms: number; bytes: number };

export const defaultPeriod: DataKeyPeriod = { ms: 3_600_000, bytes: 64 * 2 ** 30 };

type Known = {
  key: StreamKey;
  createdAt: number;
  /** `undefined`: wrapped by the master key itself. */
  kmsKeyArn: string | undefined;
};

const rememberedMs = 60_000;
const mostRemembered = 10_000;

export function openKeyring({ records, kms, wrapper, clock, period = defaultPeriod }: KeyringOptions): Keyring {
  const memory = { clock, forMs: rememberedMs, most: mostRemembered };
  const newestKeys = new Remembered<Known>(memory);
  const keys = new Remembered<Known>(memory);
  const making = new Map<string, Promise<Known>>();
  /** What this process has sealed by the newest key of a stream. */
  const sealed = new Map<string, { number: number; bytes: number }>();

  /** @throws NoKey, so that it is not remembered; KeyFailure */
  async function unwrap(row: StreamKeyRow | undefined): Promise<Known> {
    if (row === undefined) throw new NoKey();
    const { stream_id: streamId, number, wrapped, wrapped_by, created_at: createdAt } = row;
    if (!wrapped_by.startsWith("arn:")) {
      if (wrapped_by !== wrapper.id) {
        throw new Error(`a key of stream ${streamId} is wrapped by ${wrapped_by}, which is not at hand`);
      }
      const bytes = await wrapper.unwrap(wrapped, aboutOldKey(streamId));
      return { key: { ...sealingKey(bytes), number }, createdAt, kmsKeyArn: undefined };
    }
    const stream = await findStreamById(records.db, streamId);
    // It is being deleted.
    if (stream === undefined) throw new NoKey();
    const { plaintext, keyArn } = await kms.decrypt(wrapped, contextOf(stream, number));
    return { key: { ...sealingKey(plaintext), number }, createdAt, kmsKeyArn: keyArn };
  }

  function findNewest(streamId: string): Promise<Known | undefined> {
    const known = newestKeys.get(streamId, async () => unwrap(await findNewestStreamKey(records.db, streamId)));
    return known.catch(absent);
  }

  function hasServed(streamId: string, { key, createdAt }: Known): boolean {
    const used = sealed.get(streamId);
    const isFull = used?.number === key.number && period.bytes <= used.bytes;
    // By a clock that was set back, or ahead for a moment, nothing serves for years.
    return isFull || period.ms <= Math.abs(clock() - createdAt);
  }

  /** The one that follows `last`, whoever makes it. */
  function next(streamId: string, last: number): Promise<Known> {
    const known = making.get(streamId);
    if (known !== undefined) return known;
    const made = make(streamId, last + 1).finally(() => making.delete(streamId));
    making.set(streamId, made);
    return made;
  }

  async function make(streamId: string, number: number): Promise<Known> {
    const stream = await findStreamById(records.db, streamId);
    if (stream === undefined) throw new KeyDestroyed(streamId);
    const { arn } = await kmsKeyOf(stream);
    const { blob, keyArn } = await kms.generateDataKey(stream, arn, contextOf(stream, number), 32);
    // Another process may be first: what stands there afterwards is the key.
    const row = await inTurn(records, turnOf(streamId), async (db) => {
      if ((await findDestroyedAt(db, streamId)) !== undefined) throw new KeyDestroyed(streamId);
      const newest = await findNewestStreamKey(db, streamId);
      if (newest !== undefined && number <= newest.number) return newest;
      const own = { stream_id: streamId, number, wrapped: blob, wrapped_by: keyArn, created_at: clock() };
      await insertStreamKey(db, { ...own, destroyed_at: null });
      return { ...own, destroyed_at: null };
    });
    newestKeys.forget(streamId);
    const known = await newestKeys.get(streamId, () => unwrap(row)).catch(absent);
    if (known === undefined) throw new KeyDestroyed(streamId);
    return known;
  }

  async function kmsKeyOf({ account, region, kmsKeyId }: Stream): Promise<KmsKey> {
    if (kmsKeyId === undefined) return kms.defaultKey({ account, region }, "kinesisvideo");
    const key = await kms.find({ account, region }, kmsKeyId);
    if (key === undefined) throw new KeyFailure("NotFound", kmsKeyId, `The key ${kmsKeyId} does not exist.`);
    return key;
  }

  async function checked(known: Known | undefined): Promise<StreamKey | undefined> {
    if (known?.kmsKeyArn !== undefined) await kms.check(known.kmsKeyArn);
    return known?.key;
  }

  function count(streamId: string, number: number, bytes: number): void {
    const used = sealed.get(streamId);
    if (used?.number === number) {
      used.bytes += bytes;
      return;
    }
    sealed.delete(streamId);
    if (mostRemembered <= sealed.size) sealed.delete(sealed.keys().next().value!);
    sealed.set(streamId, { number, bytes });
  }

  return {
    async open(streamId, sizeBytes) {
      let known = await findNewest(streamId);
      if (known === undefined || hasServed(streamId, known)) known = await next(streamId, known?.key.number ?? -1);
      count(streamId, known.key.number, sizeBytes);
      return (await checked(known))!;
    },

    async find(streamId, number) {
      const known = keys.get(nameOf(streamId, number), async () =>
        unwrap(await findStreamKey(records.db, streamId, number)),
      );
      return checked(await known.catch(absent));
    },

    newest: async (streamId) => checked(await findNewest(streamId)),
    kmsKeyOf,
    check: (kmsKeyArn) => kms.check(kmsKeyArn),

    async destroy(streamId) {
      const at = await inTurn(records, turnOf(streamId), (db) => destroyStreamKeys(db, streamId, clock()));
      newestKeys.forget(streamId);
      keys.forgetAll(nameOf(streamId, ""));
      sealed.delete(streamId);
      await scrub(records);
      return at;
    },
  };
}

class NoKey extends Error {}

function absent(error: unknown): undefined {
  if (!(error instanceof NoKey)) throw error;
}

function nameOf(streamId: string, number: number | ""): string {
  return `${streamId}/${number}`;
}

function turnOf(streamId: string): string {
  return `stream-keys:${streamId}`;
}

/** As KMS binds and logs it, and as policies may ask for it. */
function contextOf(stream: Stream, number: number): Record<string, string> {
  return { ...keyContextOf(stream), "millrace:data-key": String(number) };
}

function aboutOldKey(streamId: string): string {
  return `millrace stream key\0${streamId}`;
}

/** The encryption context in which a stream's KMS key is used, as policies and grants know it. */
export function keyContextOf(stream: Stream): Record<string, string> {
  return { "aws:kinesisvideo:stream-arn": buildStreamArn(stream) };
}
