/**
 * Stored fragments back to the producer's bytes.
 *
 * One range of its pack for a fragment, and one for neighbours that lie side by side. What does not open as it was sealed
 * is reported by name and costs nobody else anything.
 */
import type { BlobStore } from "../blobs/blob-store.ts";
import type { Keyring } from "../keys/keyring.ts";
import { openSealed } from "../keys/xaes.ts";
import { findMediaHeader } from "../records/media-headers.ts";
import { packKey } from "../records/packs.ts";
import type { Records } from "../records/records.ts";
import type { StoredFragment, Tag } from "./fragment.ts";
import { aboutFragment, aboutHeader } from "./seal-fragment.ts";

export type FragmentBytes = { body: Uint8Array; tags: readonly Tag[] };

export type ReadFragment = { stored: StoredFragment } & (FragmentBytes | { damaged: FragmentDamaged });

export type FragmentReader = {
  /** @throws FragmentDamaged, KeyMissing, KeyFailure */
  read(stored: StoredFragment): Promise<FragmentBytes>;
  /** In the order given; holds no more than some MiB, or one fragment. @throws KeyMissing, KeyFailure */
  readAll(stored: Iterable<StoredFragment>): AsyncGenerator<ReadFragment>;
  /**
   * Remembered for a while: the same array for the same header. Whether its key may be used is asked each time, so who
   * remembers what it has read asks for the header again before showing it.
   *
   * @throws FragmentDamaged, KeyMissing, KeyFailure
   */
  readHeader(stored: Pick<StoredFragment, "streamId" | "number" | "headerId">): Promise<Uint8Array>;
};

export type Damage = "its pack is missing" | "its bytes have changed" | "its header is damaged";

/** The stored bytes are not those that were written. */
export class FragmentDamaged extends Error {
  override readonly name = "FragmentDamaged";
  readonly streamId: string;
  readonly number: string;
  readonly damage: Damage;

  constructor({ streamId, number }: Pick<StoredFragment, "streamId" | "number">, damage: Damage) {
    super(`fragment ${number} of stream ${streamId} is damaged: ${damage}`);
    this.streamId = streamId;
    this.number = number;
    this.damage = damage;
  }
}

/** The stream has been deleted: what is stored of it will never be read again. */
export class KeyMissing extends Error {
  override readonly name = "KeyMissing";

  constructor(streamId: string) {
    super(`stream ${streamId} has no key any more`);
  }
}

/** Neighbours are read as one when no more than this lies between them, up to so many bytes. */
const gapBytes = 64 << 10;
const rangeBytes = 4 << 20;

const headersRemembered = 500;
/** Larger ones are read each time. */
const rememberedHeaderBytes = 64 << 10;

type Header = { bytes: Uint8Array; dataKey: number };

export function openFragmentReader({
  records,
  blobs,
  keys,
}: {
  records: Records;
  blobs: BlobStore;
  keys: Keyring;
}): FragmentReader {
  const headers = new Map<string, Promise<Header>>();

  async function keyOf(streamId: string, dataKey: number) {
    const key = await keys.find(streamId, dataKey);
    if (key === undefined) throw new KeyMissing(streamId);
    return key;
  }

  async function open(stored: StoredFragment, sealed: Uint8Array): Promise<FragmentBytes> {
    const { streamId, number, tagsBytes } = stored;
    const key = await keyOf(streamId, stored.dataKey);
    const opened = await openSealed(key, sealed, aboutFragment(streamId, number));
    if (opened === undefined) throw new FragmentDamaged(stored, "its bytes have changed");
    const tags = tagsBytes === 0 ? [] : JSON.parse(Buffer.from(opened.subarray(0, tagsBytes)).toString());
    return { body: opened.subarray(tagsBytes), tags };
  }

  async function readRange(stored: StoredFragment, from: number, to: number): Promise<Uint8Array> {
    const chunks = await blobs.get(packKey(stored.place.pack), { from, to });
    if (chunks === undefined) throw new FragmentDamaged(stored, "its pack is missing");
    const read = await Array.fromAsync(chunks);
    return read.length === 1 ? read[0]! : Buffer.concat(read);
  }

  async function read(stored: StoredFragment): Promise<FragmentBytes> {
    const { from, sizeBytes } = stored.place;
    return open(stored, await readRange(stored, from, from + sizeBytes));
  }

  async function header(streamId: string, id: string, number: string): Promise<Header> {
    const row = await findMediaHeader(records.db, streamId, id);
    if (row === undefined) throw new FragmentDamaged({ streamId, number }, "its header is damaged");
    const key = await keyOf(streamId, row.data_key);
    const bytes = await openSealed(key, row.sealed, aboutHeader(streamId, id));
    if (bytes === undefined) throw new FragmentDamaged({ streamId, number }, "its header is damaged");
    return { bytes, dataKey: row.data_key };
  }

  function remembered(name: string, read: () => Promise<Header>): Promise<Header> {
    const known = headers.get(name);
    if (known !== undefined) return known;
    const reading = read();
    if (headersRemembered <= headers.size) headers.delete(headers.keys().next().value!);
    headers.set(name, reading);
    const forget = () => headers.get(name) === reading && headers.delete(name);
    reading.then(({ bytes }) => rememberedHeaderBytes < bytes.length && forget(), forget);
    return reading;
  }

  return {
    read,

    async *readAll(stored) {
      for (const run of neighbours(stored)) {
        const from = run[0]!.place.from;
        const range = await readRange(run[0]!, from, endOf(run.at(-1)!)).catch(damage);
        for (const one of run) {
          if (range instanceof FragmentDamaged) {
            yield { stored: one, damaged: new FragmentDamaged(one, range.damage) };
            continue;
          }
          const bytes = await open(one, range.subarray(one.place.from - from, endOf(one) - from)).catch(damage);
          yield bytes instanceof FragmentDamaged ? { stored: one, damaged: bytes } : { stored: one, ...bytes };
        }
      }
    },

    async readHeader({ streamId, number, headerId }) {
      const read = () => header(streamId, headerId, number);
      const { bytes, dataKey } = await remembered(`${streamId}/${headerId}`, read);
      await keyOf(streamId, dataKey);
      return bytes;
    },
  };
}

function damage(error: unknown): FragmentDamaged {
  if (error instanceof FragmentDamaged) return error;
  throw error;
}

/** Those that follow each other in a pack, as one range each. */
function* neighbours(stored: Iterable<StoredFragment>): Generator<StoredFragment[]> {
  let run: StoredFragment[] = [];
  for (const next of stored) {
    const [first] = run;
    const gap = first === undefined ? 0 : next.place.from - endOf(run.at(-1)!);
    const joins =
      first?.place.pack === next.place.pack &&
      0 <= gap &&
      gap <= gapBytes &&
      endOf(next) - first.place.from <= rangeBytes;
    if (!joins && run.length > 0) {
      yield run;
      run = [];
    }
    run.push(next);
  }
  if (run.length > 0) yield run;
}

function endOf({ place }: StoredFragment): number {
  return place.from + place.sizeBytes;
}
