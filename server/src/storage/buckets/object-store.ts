/**
 * Objects in rows and blobs: what the S3 service and the jobs share.
 *
 * Small objects lie in their row, so that one durable write keeps them. Larger ones lie in a blob, objects uploaded in
 * parts in the parts' blobs. A blob is entered in `loose_blobs` before it is there and taken out by the
 * transaction that makes a row hold it; the transaction that frees a blob enters it again, for the sweeper. So a crash
 * at any instant leaves whole objects, and at most bytes that the sweeper finds.
 */
import type { Kysely } from "kysely";
import type { Clock } from "../../base/clock.ts";
import { randomText, sortableId } from "../../base/ids.ts";
import type { Random } from "../../base/random.ts";
import type { BlobStore, ByteRange } from "../blobs/blob-store.ts";
import { deleteBucket, findBucket } from "../records/buckets.ts";
import { addLooseBlobs, holdBlob, setSweepTime } from "../records/loose-blobs.ts";
import {
  blobsOf,
  deleteObjectRow,
  findObject,
  findReplaced,
  type ObjectDescription,
  putObjectRow,
  type Replaced,
  type StoredObject,
} from "../records/objects.ts";
import type { Records } from "../records/records.ts";
import type { Tables } from "../records/tables.ts";
import {
  deleteUpload,
  findUpload,
  insertUpload,
  listParts,
  putPart,
  type Upload,
  type UploadedPart,
  uploadsOfBucket,
} from "../records/uploads.ts";
import { groupCommits, refuse } from "./group-commit.ts";
import { type Intake, type Received, receive } from "./intake.ts";
import type { ObjectKeys } from "./object-keys.ts";
import { openInline, readBytes } from "./read-bytes.ts";

export { BodyTooLarge, type Received } from "./intake.ts";

/** The bucket or the upload went away between the first look and the commit. */
export class Vanished extends Error {
  override readonly name = "Vanished";
  readonly what: "bucket" | "upload" | "bytes";
  constructor(what: "bucket" | "upload" | "bytes") {
    super(`the ${what} went away meanwhile`);
    this.what = what;
  }
}

export type NewObject = ObjectDescription & { bucket: string; key: string };

/** Looks at what the key names now and throws when the write must not be; the throw comes out unchanged. */
export type Check = (existing: Omit<Replaced, "blobs"> | undefined) => void;

export type ReceiveOptions = Pick<Intake, "checksums" | "maxBytes" | "signal" | "sealing"> & {
  /** The part's upload and number: then the bytes lie in a blob however few they are. */
  part?: { uploadId: string; number: number };
};

export type ReadOptions = {
  range?: ByteRange;
  /** Of an object that is sealed under a key which its reader brings. */
  customerKey?: Uint8Array;
};

export interface ObjectStore {
  /** Takes the bytes in without any row holding them yet. Whoever does not commit them calls `discard`. */
  receive(body: AsyncIterable<Uint8Array>, options?: ReceiveOptions): Promise<Received>;
  discard(received: Received): Promise<void>;
  /** In the place of what the key named before. `type` of the checksums: of the whole object. @throws Vanished */
  put(object: NewObject, received: Received, check?: Check): Promise<StoredObject>;
  /** New words for the same bytes. `undefined`: no such object. */
  describe(
    bucket: string,
    key: string,
    change: (object: StoredObject) => ObjectDescription,
    check?: Check,
  ): Promise<StoredObject | undefined>;
  /** An error later on throws out of the iteration. @throws KeyFailure, DamagedBytes */
  read(object: StoredObject, options?: ReadOptions): Promise<AsyncIterable<Uint8Array>>;
  /** To be sent on: in one piece what lies in the row, else in chunks that are lent, as BlobStore has it. */
  send(object: StoredObject, options?: ReadOptions): Promise<AsyncIterable<Uint8Array> | Uint8Array>;
  /** In the place of what `toKey` named before. `missing`: no object at `fromKey`. */
  move(bucket: string, fromKey: string, toKey: string): Promise<"moved" | "missing">;
  /** Deleting what is not there is no error. */
  delete(bucket: string, key: string, check?: Check): Promise<void>;
  /** Makes the id, which tells the order of creation. @throws Vanished */
  begin(upload: Omit<Upload, "id" | "createdAt">): Promise<Upload>;
  /** In the place of an earlier part of that number. @throws Vanished */
  putPart(upload: Upload, number: number, received: Received): Promise<UploadedPart>;
  /** `choose` sees the parts as they stand and says what becomes of them; parts it leaves out are freed. @throws Vanished */
  complete(
    upload: Upload,
    choose: (parts: readonly UploadedPart[]) => Pick<StoredObject, "etag" | "size" | "checksums" | "bytes">,
    check?: Check,
  ): Promise<StoredObject>;
  /** `false`: there was none. */
  abort(bucket: string, key: string, uploadId: string): Promise<boolean>;
  /** With its unfinished uploads, if it holds no object. */
  deleteBucket(bucket: string): Promise<"deleted" | "occupied" | "missing">;
}

export type ObjectStoreOptions = {
  records: Records;
  blobs: BlobStore;
  objectKeys: ObjectKeys;
  clock: Clock;
  random: Random;
};

/** Measured on the folder store: up to here the row is the faster place for both PUT and GET. */
const inlineBytes = 64 * 1024;
const minute = 60_000;
/** How long one body may take to arrive. */
const writeGrace = 24 * 60 * minute;
/** Who reads an object while it is overwritten has this long to finish. */
const readGrace = 15 * minute;

export function createObjectStore({ records, blobs, objectKeys, clock, random }: ObjectStoreOptions): ObjectStore {
  const commit = groupCommits(records);
  // Last-Modified has whole seconds, and clients compare it with what listings say.
  const now = () => Math.floor(clock() / 1000) * 1000;

  const release = (db: Kysely<Tables>, freed: readonly string[]) => addLooseBlobs(db, freed, clock() + readGrace);

  /** The first thing that a write changes, after all that may refuse it. */
  async function hold(db: Kysely<Tables>, { bytes }: Pick<Received, "bytes">) {
    if (bytes.kind === "blob" && !(await holdBlob(db, bytes.blob))) refuse(new Vanished("bytes"));
  }

  /** `received`: what no row holds yet. */
  async function replace(
    db: Kysely<Tables>,
    object: StoredObject,
    check?: Check,
    received?: Received,
  ): Promise<StoredObject> {
    const found = await findReplaced(db, object.bucket, object.key);
    if (found === undefined) refuse(new Vanished("bucket"));
    const existing = found.object;
    checkOrRefuse(check, existing);
    if (received !== undefined) await hold(db, received);
    // A clock that was set back must not make a new object older than the one it replaces.
    const stored = { ...object, modifiedAt: Math.max(object.modifiedAt, existing?.modifiedAt ?? 0) };
    await putObjectRow(db, stored);
    if (existing !== undefined) await release(db, existing.blobs);
    return stored;
  }

  const enterBlob = (blob: string) => commit((db) => addLooseBlobs(db, [blob], clock() + writeGrace));

  /** A character of chance spreads the blobs over folders: few, because making one durable costs several writes. */
  const blobName = (name: string) => `objects/${randomText(random, 1)}/${name}`;

  async function discard({ bytes }: Pick<Received, "bytes">) {
    if (bytes.kind === "blob") await setSweepTime(records.db, bytes.blob, clock());
  }

  async function abort(db: Kysely<Tables>, uploadId: string): Promise<boolean> {
    const parts = await listParts(db, uploadId);
    await release(
      db,
      parts.map(({ blob }) => blob),
    );
    return deleteUpload(db, uploadId);
  }

  async function keyOf({ encryption }: StoredObject, customerKey: Uint8Array | undefined) {
    return encryption && (await objectKeys.open(encryption, customerKey)).key;
  }

  return {
    receive: (body, { part, checksums, maxBytes, signal, sealing } = {}) =>
      receive(body, blobs, {
        checksums,
        maxBytes,
        signal,
        sealing,
        random,
        inlineBytes: part === undefined ? inlineBytes : -1,
        nameBlob: () =>
          blobName(part === undefined ? sortableId(clock, random) : partName(part.uploadId, part.number, random)),
        enterBlob,
        discardBlob: (blob) => discard({ bytes: { kind: "blob", blob } }),
      }),

    discard,

    put: (object, received, check) =>
      commit((db) => {
        const { size, etag, bytes, encryption } = received;
        const checksums = { type: "FULL_OBJECT", values: received.checksums } as const;
        const stored = { ...object, size, etag, bytes, encryption, checksums, modifiedAt: now() };
        return replace(db, stored, check, received);
      }),

    describe: (bucket, key, change, check) =>
      commit(async (db) => {
        const existing = await findObject(db, bucket, key);
        checkOrRefuse(check, existing);
        if (existing === undefined) return undefined;
        const described = { ...existing, ...change(existing), modifiedAt: Math.max(now(), existing.modifiedAt) };
        await putObjectRow(db, described);
        return described;
      }),

    read: async (object, { range, customerKey } = {}) =>
      readBytes(blobs, object, range, { key: await keyOf(object, customerKey) }),

    async send(object, { range, customerKey } = {}) {
      const key = await keyOf(object, customerKey);
      if (object.bytes.kind !== "inline") return readBytes(blobs, object, range, { lend: true, key });
      const bytes = openInline(object.bytes.bytes, key);
      return range === undefined ? bytes : bytes.subarray(range.from, range.to);
    },

    async move(bucket, fromKey, toKey) {
      const seen = (await findObject(records.db, bucket, fromKey))?.encryption;
      // Keys are stores of their own: what they do cannot be part of the transaction.
      const renamed = seen && (await objectKeys.rename(seen, bucket, toKey));
      return commit(async (db) => {
        const object = await findObject(db, bucket, fromKey);
        if (object === undefined) return "missing";
        if (fromKey === toKey) return "moved";
        if (object.encryption?.wrapped !== seen?.wrapped) refuse(new Vanished("bytes"));
        await replace(db, { ...object, encryption: renamed, key: toKey, modifiedAt: now() });
        await deleteObjectRow(db, bucket, fromKey);
        return "moved";
      });
    },

    delete: (bucket, key, check) =>
      commit(async (db) => {
        const existing = (await findReplaced(db, bucket, key))?.object;
        checkOrRefuse(check, existing);
        if (existing === undefined) return;
        await deleteObjectRow(db, bucket, key);
        await release(db, existing.blobs);
      }),

    begin: (description) =>
      commit(async (db) => {
        if ((await findBucket(db, description.bucket)) === undefined) refuse(new Vanished("bucket"));
        const upload = { ...description, id: sortableId(clock, random), createdAt: clock() };
        await insertUpload(db, upload);
        return upload;
      }),

    putPart: (upload, number, received) =>
      commit(async (db) => {
        if ((await findUpload(db, upload.bucket, upload.key, upload.id)) === undefined) refuse(new Vanished("upload"));
        await hold(db, received);
        const { bytes, size, etag, checksums } = received;
        if (bytes.kind !== "blob") throw new TypeError("a part lies in a blob");
        const part = { number, blob: bytes.blob, size, etag, checksums, modifiedAt: now() };
        const earlier = await putPart(db, upload.id, part);
        if (earlier !== undefined) await release(db, [earlier]);
        return part;
      }),

    complete: (upload, choose, check) =>
      commit(async (db) => {
        if ((await findUpload(db, upload.bucket, upload.key, upload.id)) === undefined) refuse(new Vanished("upload"));
        const parts = await listParts(db, upload.id);
        const chosen = orRefuse(() => choose(parts));
        const { bucket, key, storageClass, headers, metadata, tags, encryption } = upload;
        const described = { bucket, key, storageClass, headers, metadata, tags, encryption };
        const object = { ...described, ...chosen, modifiedAt: now() };
        const stored = await replace(db, object, check);
        await deleteUpload(db, upload.id);
        const held = new Set(blobsOf(stored.bytes));
        await release(
          db,
          parts.map(({ blob }) => blob).filter((blob) => !held.has(blob)),
        );
        return stored;
      }),

    abort: (bucket, key, uploadId) =>
      commit(async (db) => {
        if ((await findUpload(db, bucket, key, uploadId)) === undefined) return false;
        return abort(db, uploadId);
      }),

    deleteBucket: (bucket) =>
      commit(async (db) => {
        const outcome = await deleteBucket(db, bucket);
        if (outcome === "deleted") for (const id of await uploadsOfBucket(db, bucket)) await abort(db, id);
        return outcome;
      }),
  };
}

/** The name tells the upload, so that a repeated completion knows its own object. */
function partName(uploadId: string, number: number, random: Random): string {
  return `${uploadId}-${number}-${randomText(random, 15)}`;
}

/** Whether the object came out of that upload. */
export function cameFrom({ bytes }: StoredObject, uploadId: string): boolean {
  return bytes.kind === "parts" && bytes.parts[0]!.blob.split("/").at(-1)!.startsWith(`${uploadId}-`);
}

function checkOrRefuse(check: Check | undefined, existing: Parameters<Check>[0]): void {
  if (check !== undefined) orRefuse(() => check(existing));
}

function orRefuse<T>(decide: () => T): T {
  try {
    return decide();
  } catch (error) {
    return refuse(error);
  }
}
