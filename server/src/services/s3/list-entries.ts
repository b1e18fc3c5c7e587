/**
 * What the three listings of objects have in common.
 */
import type { _Object, CommonPrefix } from "@aws-sdk/client-s3";
import type { Bucket } from "../../storage/records/buckets.ts";
import { type ListedObject, listObjects } from "../../storage/records/objects.ts";
import { listedChecksum } from "./checksums.ts";
import { type Call, quoted } from "./context.ts";
import { type From, listPage } from "./listing.ts";
import { ownerOf } from "./owner.ts";

export type EntryQuery = {
  prefix: string;
  delimiter: string;
  after: string | undefined;
  maxKeys: number;
  /** Of keys and prefixes. */
  encode(text: string): string;
  withOwner: boolean;
};

export type Entries = {
  contents: _Object[];
  prefixes: CommonPrefix[];
  truncated: boolean;
  /** Key or group, not encoded. */
  last: string | undefined;
};

type Marker = Pick<ListedObject, "key">;

export async function listEntries(ctx: Call, { name, account }: Bucket, query: EntryQuery): Promise<Entries> {
  const { prefix, delimiter, encode } = query;
  const owner = query.withOwner ? ownerOf(account) : undefined;
  const page = await listPage<ListedObject | Marker>({
    prefix,
    delimiter,
    after: query.after === undefined ? undefined : { key: query.after },
    maxEntries: query.maxKeys,
    fetch: (from: From<Marker>, limit) =>
      listObjects(ctx.records.db, name, {
        prefix,
        after: from && "after" in from ? from.after.key : undefined,
        from: from && "at" in from ? from.at : undefined,
        limit,
      }),
  });
  return {
    contents: (page.items as readonly ListedObject[]).map((object) => ({
      Key: encode(object.key),
      LastModified: new Date(object.modifiedAt),
      ETag: quoted(object.etag),
      ...withList(listedChecksum(object.checksums)),
      Size: object.size,
      StorageClass: object.storageClass as "STANDARD",
      Owner: owner,
    })),
    prefixes: page.groups.map((group) => ({ Prefix: encode(group) })),
    truncated: page.truncated,
    last: page.last && ("item" in page.last ? page.last.item.key : page.last.group),
  };
}

function withList(checksum: ReturnType<typeof listedChecksum>): Pick<_Object, "ChecksumAlgorithm" | "ChecksumType"> {
  return checksum as Pick<_Object, "ChecksumAlgorithm" | "ChecksumType">;
}
