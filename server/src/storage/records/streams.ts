/**
 * Streams: their row, and what the API's operations, ingest and playback ask of it.
 *
 * A stream that is being deleted is found by nobody: its row waits with the status DELETING until its keys and media
 * are gone (stream-upkeep.ts).
 */
import type { Kysely, Updateable } from "kysely";
import { beyondPrefix } from "./key-order.ts";
import type { Home } from "./listing.ts";
import type { StreamRow, Tables } from "./tables.ts";

export type NotificationDocument = { Status: "ENABLED" | "DISABLED"; DestinationConfig: { Uri: string } };

export type ImageDocument = {
  Status: "ENABLED" | "DISABLED";
  ImageSelectorType: "SERVER_TIMESTAMP" | "PRODUCER_TIMESTAMP";
  DestinationConfig: { Uri: string; DestinationRegion: string };
  /** Milliseconds. */
  SamplingInterval: number;
  Format: "JPEG" | "PNG";
  FormatConfig?: { JPEGQuality?: string };
  WidthPixels?: number;
  HeightPixels?: number;
};

export type Stream = {
  /** Ours, of this incarnation of the name. */
  id: string;
  account: string;
  region: string;
  name: string;
  /** Milliseconds since the epoch, as its ARN ends. */
  createdAt: number;
  version: string;
  deviceName: string | undefined;
  mediaType: string | undefined;
  kmsKeyId: string | undefined;
  retentionHours: number;
  storageTier: StreamRow["storage_tier"];
  notifications: NotificationDocument | undefined;
  images: ImageDocument | undefined;
  tags: Readonly<Record<string, string>>;
};

/** A stream that is made again under the same name has another one. */
export function buildStreamArn({
  region,
  account,
  name,
  createdAt,
}: Pick<Stream, "region" | "account" | "name" | "createdAt">): string {
  return `arn:aws:kinesisvideo:${region}:${account}:stream/${name}/${createdAt}`;
}

/** `createdAt` picks one incarnation of the name, as an ARN does. */
export type StreamKey = { name: string; createdAt?: number };

/**
 * "limit": the home already holds as many as it may. For a transaction in turn with others of its home. The stream is
 * younger than any of its name that is still being deleted, whatever `createdAt` says.
 */
export async function insertStream(
  db: Kysely<Tables>,
  stream: Stream,
  limit: number,
): Promise<Stream | "exists" | "limit"> {
  const namesakes = await db
    .selectFrom("streams")
    .select(["created_at", "status"])
    .where("account", "=", stream.account)
    .where("region", "=", stream.region)
    .where("name", "=", stream.name)
    .execute();
  if (namesakes.some(({ status }) => status === "ACTIVE")) return "exists";
  const { count } = await db
    .selectFrom("streams")
    .select((eb) => eb.fn.countAll().as("count"))
    .where("account", "=", stream.account)
    .where("region", "=", stream.region)
    .where("status", "<>", "DELETING")
    .executeTakeFirstOrThrow();
  if (limit <= Number(count)) return "limit";
  const createdAt = Math.max(stream.createdAt, ...namesakes.map(({ created_at }) => created_at + 1));
  const { id, account, region, name } = stream;
  await db
    .insertInto("streams")
    .values({ id, account, region, name, created_at: createdAt, status: "ACTIVE", ...columnsOf(stream) })
    .execute();
  return { ...stream, createdAt };
}

export async function findStream(db: Kysely<Tables>, home: Home, key: StreamKey): Promise<Stream | undefined> {
  const row = await db
    .selectFrom("streams")
    .selectAll()
    .where("account", "=", home.account)
    .where("region", "=", home.region)
    .where("name", "=", key.name)
    .where("status", "<>", "DELETING")
    .$if(key.createdAt !== undefined, (query) => query.where("created_at", "=", key.createdAt!))
    .executeTakeFirst();
  return row && streamOf(row);
}

/** `undefined`: it is gone, or being deleted. */
export async function findStreamById(db: Kysely<Tables>, id: string): Promise<Stream | undefined> {
  const row = await db
    .selectFrom("streams")
    .selectAll()
    .where("id", "=", id)
    .where("status", "<>", "DELETING")
    .executeTakeFirst();
  return row && streamOf(row);
}

export type StreamPage = {
  prefix?: string | undefined;
  /** The name that the page before ended with. It need not exist any more. */
  after?: string | undefined;
  limit: number;
};

/** By name, in byte order. */
export async function listStreams(
  db: Kysely<Tables>,
  home: Home,
  { prefix, after, limit }: StreamPage,
): Promise<Stream[]> {
  const beyond = prefix === undefined ? undefined : beyondPrefix(prefix);
  const rows = await db
    .selectFrom("streams")
    .selectAll()
    .where("account", "=", home.account)
    .where("region", "=", home.region)
    .where("status", "<>", "DELETING")
    .$if(prefix !== undefined, (query) => query.where("name", ">=", prefix!))
    .$if(beyond !== undefined, (query) => query.where("name", "<", beyond!))
    .$if(after !== undefined, (query) => query.where("name", ">", after!))
    .orderBy("name")
    .limit(limit)
    .execute();
  return rows.map(streamOf);
}

export type StreamChange = Partial<Omit<Stream, "id" | "account" | "region" | "name" | "createdAt" | "kmsKeyId">>;

/** For a transaction in turn with other changes of the stream. `undefined`: there is no such stream. */
export async function changeStream(
  db: Kysely<Tables>,
  home: Home,
  key: StreamKey,
  change: (stream: Stream) => StreamChange,
): Promise<{ before: Stream; after: Stream } | undefined> {
  const before = await findStream(db, home, key);
  if (before === undefined) return undefined;
  const after = { ...before, ...change(before) };
  await db.updateTable("streams").set(columnsOf(after)).where("id", "=", before.id).execute();
  return { before, after };
}

/** From here on nobody finds it, and its name is free. In turn, and `undefined`, as {@link changeStream}. */
export async function beginDeletion(
  db: Kysely<Tables>,
  home: Home,
  key: StreamKey,
  check: (stream: Stream) => void,
): Promise<Stream | undefined> {
  const stream = await findStream(db, home, key);
  if (stream === undefined) return undefined;
  check(stream);
  await db.updateTable("streams").set({ status: "DELETING" }).where("id", "=", stream.id).execute();
  return stream;
}

function columnsOf(stream: Stream) {
  return {
    version: stream.version,
    device_name: stream.deviceName ?? null,
    media_type: stream.mediaType ?? null,
    kms_key_id: stream.kmsKeyId ?? null,
    retention_hours: stream.retentionHours,
    storage_tier: stream.storageTier,
    notifications: stream.notifications === undefined ? null : JSON.stringify(stream.notifications),
    images: stream.images === undefined ? null : JSON.stringify(stream.images),
    tags: JSON.stringify(stream.tags),
  } satisfies Updateable<StreamRow>;
}

function streamOf(row: StreamRow): Stream {
  return {
    id: row.id,
    account: row.account,
    region: row.region,
    name: row.name,
    createdAt: row.created_at,
    version: row.version,
    deviceName: row.device_name ?? undefined,
    mediaType: row.media_type ?? undefined,
    kmsKeyId: row.kms_key_id ?? undefined,
    retentionHours: row.retention_hours,
    storageTier: row.storage_tier,
    notifications: row.notifications === null ? undefined : JSON.parse(row.notifications),
    images: row.images === null ? undefined : JSON.parse(row.images),
    tags: JSON.parse(row.tags),
  };
}
