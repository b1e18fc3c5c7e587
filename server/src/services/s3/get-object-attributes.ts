import type { GetObjectAttributesOutput, GetObjectAttributesRequest, ObjectAttributes } from "@aws-sdk/client-s3";
import type { StoredObject } from "../../storage/records/objects.ts";
import type { Operation, With } from "../operation.ts";
import { onStoredObject } from "./access.ts";
import { checksumMembers, typedChecksumMembers } from "./checksums.ts";
import { needObject, type S3Context } from "./context.ts";
import { checkReader } from "./encryption.ts";
import { invalidArgument } from "./errors.ts";
import { pageSize } from "./listing.ts";

type AttributesInput = With<GetObjectAttributesRequest, "Bucket" | "Key" | "ObjectAttributes">;

/** What is asked for, and no more. The ETag stands without quotes here. */
export const getObjectAttributes: Operation<AttributesInput, GetObjectAttributesOutput, S3Context> = {
  authorize: onStoredObject("s3:GetObject", "s3:GetObjectAttributes"),

  async run(input, ctx) {
    const asked = new Set<string>(input.ObjectAttributes);
    if (asked.size === 0 || [...asked].some((name) => !attributes.has(name)))
      throw invalidArgument("Invalid attribute name specified.", "x-amz-object-attributes", [...asked].join(","));
    const object = await needObject(ctx, input);
    checkReader(object, input);
    const checksum = typedChecksumMembers(object.checksums);
    return {
      LastModified: new Date(object.modifiedAt),
      ETag: asked.has("ETag") ? object.etag : undefined,
      Checksum: asked.has("Checksum") && Object.keys(checksum).length > 0 ? checksum : undefined,
      ObjectParts: asked.has("ObjectParts") ? partsOf(object, input) : undefined,
      StorageClass: asked.has("StorageClass") ? (object.storageClass as "STANDARD") : undefined,
      ObjectSize: asked.has("ObjectSize") ? object.size : undefined,
    };
  },
};

const attributes = new Set<string>([
  "ETag",
  "Checksum",
  "ObjectParts",
  "StorageClass",
  "ObjectSize",
] satisfies ObjectAttributes[]);

/** Only of objects that came in parts; the parts one by one only where they have checksums. */
function partsOf({ bytes }: StoredObject, { MaxParts, PartNumberMarker }: AttributesInput) {
  if (bytes.kind !== "parts") return undefined;
  const { parts } = bytes;
  if (Object.keys(parts[0]!.checksums).length === 0) return { TotalPartsCount: parts.length };
  const maxParts = pageSize("x-amz-max-parts", MaxParts);
  const after = Number(PartNumberMarker ?? 0) || 0;
  const rest = parts.map((part, index) => ({ ...part, number: index + 1 })).filter(({ number }) => after < number);
  const page = rest.slice(0, maxParts);
  return {
    TotalPartsCount: parts.length,
    PartNumberMarker: String(after),
    NextPartNumberMarker: String(page.at(-1)?.number ?? 0),
    MaxParts: maxParts,
    IsTruncated: page.length < rest.length,
    Parts: page.map(({ number, size, checksums }) => ({
      PartNumber: number,
      Size: size,
      ...checksumMembers(checksums),
    })),
  };
}
