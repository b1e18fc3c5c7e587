/**
 * Blobs as objects of any S3. A PUT that has been answered is durable there; larger bodies go up in parts.
 */
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  PutObjectCommand,
  paginateListObjectsV2,
} from "@aws-sdk/client-s3";
import { answerOf, isNotFound, openS3Client, rangeHeader, type S3Access } from "../s3-client.ts";
import { uploadStream } from "../s3-upload.ts";
import { checkBlobKey } from "./blob-key.ts";
import type { BlobKey, BlobStore } from "./blob-store.ts";

export type S3BlobsOptions = S3Access & { bucket: string; prefix?: string };

/** With the 10,000 parts that S3 allows: objects of up to 80 GiB. */
const partBytes = 8 << 20;

/** @throws with a sentence for people when the bucket cannot be used */
export async function openS3Blobs({ bucket, prefix = "", ...access }: S3BlobsOptions): Promise<BlobStore> {
  const client = openS3Client(access);
  const below = prefix === "" ? "" : `${prefix}/`;
  const at = (key: BlobKey) => ({ Bucket: bucket, Key: below + checkBlobKey(key) });
  await client.send(new HeadBucketCommand({ Bucket: bucket })).catch((error: unknown) => {
    client.destroy();
    const { status, code } = answerOf(error);
    const why = status === 404 ? "there is no such bucket" : status === 403 ? "access is denied" : `${code}: ${error}`;
    throw new Error(`cannot keep blobs in s3://${bucket} at ${access.endpoint ?? "AWS"}: ${why}`, { cause: error });
  });

  async function size(key: BlobKey): Promise<number | undefined> {
    try {
      return (await client.send(new HeadObjectCommand(at(key)))).ContentLength;
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  return {
    async put(key, body, { signal } = {}) {
      const object = at(key);
      if (body instanceof Uint8Array) {
        await client.send(new PutObjectCommand({ ...object, Body: body }), { abortSignal: signal });
        return { sizeBytes: body.length };
      }
      return uploadStream(client, object, body, { partBytes, signal });
    },

    async get(key, range) {
      const object = at(key);
      if (range !== undefined && range.to <= range.from) return (await size(key)) === undefined ? undefined : none();
      try {
        const Range = range && rangeHeader(range);
        const { Body } = await client.send(new GetObjectCommand({ ...object, Range }));
        return Body as unknown as AsyncIterable<Uint8Array>;
      } catch (error) {
        if (isNotFound(error)) return undefined;
        // A range that begins past the end: clipped, it is empty.
        if (answerOf(error).status === 416) return none();
        throw error;
      }
    },

    size,

    async *list(start) {
      for await (const page of paginateListObjectsV2({ client }, { Bucket: bucket, Prefix: below + start })) {
        for (const { Key = "", Size = 0 } of page.Contents ?? []) {
          yield { key: Key.slice(below.length), sizeBytes: Size };
        }
      }
    },

    async delete(key) {
      await client.send(new DeleteObjectCommand(at(key)));
    },

    async close() {
      client.destroy();
    },
  };
}

async function* none(): AsyncGenerator<Uint8Array> {}
