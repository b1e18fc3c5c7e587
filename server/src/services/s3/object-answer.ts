/**
 * What GetObject and HeadObject say of an object, and which of its bytes are meant: conditions first, then the range.
 */
import type { GetObjectOutput, GetObjectRequest } from "@aws-sdk/client-s3";
import type { ByteRange } from "../../storage/blobs/blob-store.ts";
import type { StoredObject } from "../../storage/records/objects.ts";
import { checksumMembers, typedChecksumMembers } from "./checksums.ts";
import { checkRead, matches } from "./conditions.ts";
import { quoted } from "./context.ts";
import { encryptionMembers } from "./encryption.ts";
import { invalidArgument, invalidPartNumber, invalidRange, invalidRequest } from "./errors.ts";
import { parseRange } from "./range.ts";

export type ObjectAnswer = {
  /** `undefined`: all. */
  range: ByteRange | undefined;
  headers: Omit<GetObjectOutput, "Body">;
};

type Asked = Pick<
  GetObjectRequest,
  | "IfMatch"
  | "IfNoneMatch"
  | "IfModifiedSince"
  | "IfUnmodifiedSince"
  | "Range"
  | "PartNumber"
  | "ChecksumMode"
  | "ResponseCacheControl"
  | "ResponseContentDisposition"
  | "ResponseContentEncoding"
  | "ResponseContentLanguage"
  | "ResponseContentType"
  | "ResponseExpires"
>;

/** @throws ServiceError 304, 412, 416 */
export function planAnswer(object: StoredObject, asked: Asked, ifRange?: string): ObjectAnswer {
  checkRead(object, asked);
  const part = partOf(object, asked);
  const range = part === undefined ? rangeOf(object, asked.Range, ifRange) : part.range;
  // A checksum goes with the bytes it was computed over.
  const checksums = part?.checksums ?? (range === undefined ? typedChecksumMembers(object.checksums) : {});
  const { headers, size } = object;
  const expires = asked.ResponseExpires ?? dateOf(headers.expires);
  const answer: ObjectAnswer["headers"] = {
    AcceptRanges: "bytes",
    LastModified: new Date(object.modifiedAt),
    ContentLength: range === undefined ? size : range.to - range.from,
    ContentRange: range && `bytes ${range.from}-${range.to - 1}/${size}`,
    ETag: quoted(object.etag),
    ContentType: asked.ResponseContentType ?? headers["content-type"],
    CacheControl: asked.ResponseCacheControl ?? headers["cache-control"],
    ContentDisposition: asked.ResponseContentDisposition ?? headers["content-disposition"],
    ContentEncoding: asked.ResponseContentEncoding ?? headers["content-encoding"],
    ContentLanguage: asked.ResponseContentLanguage ?? headers["content-language"],
    Expires: expires,
    WebsiteRedirectLocation: headers["x-amz-website-redirect-location"],
    Metadata: object.metadata as Record<string, string>,
    StorageClass: object.storageClass === "STANDARD" ? undefined : (object.storageClass as "GLACIER"),
    TagCount: object.tags.length || undefined,
    PartsCount: part?.partsCount,
  };
  if (asked.ChecksumMode === "ENABLED") Object.assign(answer, checksums);
  Object.assign(answer, encryptionMembers(object.encryption));
  return { range, headers: answer };
}

/** What cannot be read is not shown. */
function dateOf(header: string | undefined): Date | undefined {
  if (header === undefined) return undefined;
  const date = new Date(header);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

function rangeOf(object: StoredObject, header: string | undefined, ifRange: string | undefined): ByteRange | undefined {
  // The client has a piece of something else: it gets all of what is here now.
  if (header === undefined || (ifRange !== undefined && !isStill(object, ifRange))) return undefined;
  const range = parseRange(header, object.size);
  if (range === "unsatisfiable") throw invalidRange(header, object.size);
  return range === "whole" ? undefined : range;
}

function isStill({ etag, modifiedAt }: StoredObject, ifRange: string): boolean {
  return ifRange.includes('"') ? matches(ifRange, etag) : Date.parse(ifRange) === modifiedAt;
}

/** `partNumber`: a part as it was uploaded. An object that came in one piece is its own first part. */
function partOf(object: StoredObject, { PartNumber: number, Range }: Asked) {
  if (number === undefined) return undefined;
  if (Range !== undefined) throw invalidRequest("Cannot specify both Range header and partNumber query parameter");
  if (!Number.isInteger(number) || number < 1 || 10_000 < number)
    throw invalidArgument(
      "Part number must be an integer between 1 and 10000, inclusive",
      "partNumber",
      String(number),
    );
  if (object.bytes.kind !== "parts") {
    if (number !== 1) throw invalidPartNumber(number, 1);
    const range = object.size === 0 ? undefined : { from: 0, to: object.size };
    return { range, checksums: typedChecksumMembers(object.checksums), partsCount: undefined };
  }
  // Parts are counted as they lie in the object, whatever numbers they were uploaded under.
  const { parts } = object.bytes;
  const found = parts[number - 1];
  if (found === undefined) throw invalidPartNumber(number, parts.length);
  const from = parts.slice(0, number - 1).reduce((sum, { size }) => sum + size, 0);
  return {
    range: { from, to: from + found.size },
    checksums: { ...checksumMembers(found.checksums), ChecksumType: object.checksums.type },
    partsCount: parts.length,
  };
}
