/**
 * Objects of the input bucket as FFmpeg is to see them: plain, whatever they were encrypted with.
 *
 * CBC and CTR are decrypted while they are read, at any place. GCM vouches for a file only as a whole, so such a file is
 * decrypted into the scratch folder before anybody looks at it.
 */
import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import type { BucketStore, ObjectHead, ObjectRef } from "../../storage/buckets/bucket-store.ts";
import type { EncryptionDocument } from "../../storage/records/job-document.ts";
import { fileBytes, type ServedBytes } from "../ffmpeg/range-server.ts";
import type { Failure } from "../ffmpeg/transcode.types.ts";
import { decrypt, type FileCipher, NotDecryptable, openEncrypted } from "./ciphers.ts";
import { failureOf, notDecryptable } from "./failures.ts";
import { InputBytes } from "./input-bytes.ts";
import type { JobKeys } from "./job-keys.ts";
import { mayPass, retrying } from "./retrying.ts";

export type OpenOptions = {
  buckets: BucketStore;
  keys: JobKeys;
  signal: AbortSignal;
  /** {@link failureOf} */
  canRepeat: boolean;
  /** "input 'KEY'", for people. */
  what: string;
  encryption: EncryptionDocument | undefined;
  /** Where its plain bytes may be written. */
  path: string;
};

export type OpenedObject = {
  plain: ServedBytes;
  /** What it is read from, which knows what the bucket did wrong. */
  source: InputBytes;
};

type Found = ObjectRef & Pick<ObjectHead, "sizeBytes">;

/** To be read by ranges. */
export async function openObject(object: Found, options: OpenOptions): Promise<OpenedObject | { failure: Failure }> {
  const source = new InputBytes(options.buckets, object);
  const cipher = await cipherOf(options);
  if (cipher === undefined) return { plain: source, source };
  if ("failure" in cipher) return cipher;
  return explained(object, options, async () => {
    const { mode } = cipher;
    if (mode !== "aes-gcm") return { plain: await openEncrypted({ ...cipher, mode }, source), source };
    await write(decrypt(cipher, source), options);
    return { plain: await fileBytes(options.path), source };
  });
}

/** The whole of it, at `path`. */
export async function fetchObject(
  object: Found,
  options: OpenOptions,
): Promise<{ path: string } | { failure: Failure }> {
  const cipher = await cipherOf(options);
  if (cipher !== undefined && "failure" in cipher) return cipher;
  return explained(object, options, () =>
    retrying(
      async () => {
        const source = new InputBytes(options.buckets, object);
        const all = { from: 0, to: object.sizeBytes };
        await write(cipher === undefined ? await source.read(all) : decrypt(cipher, source), options);
        return { path: options.path };
      },
      mayPass,
      options.signal,
    ),
  );
}

/** `undefined`: the object is plain, or its bucket decrypts it. */
async function cipherOf({
  encryption,
  keys,
  what,
}: OpenOptions): Promise<FileCipher | { failure: Failure } | undefined> {
  if (encryption === undefined || encryption.Mode === "s3" || encryption.Mode === "s3-aws-kms") return undefined;
  const key = await keys.unwrap(what, encryption);
  return "failure" in key ? key : { mode: encryption.Mode, ...key };
}

async function write(body: AsyncIterable<Uint8Array>, { path, signal }: OpenOptions): Promise<void> {
  await pipeline(body, createWriteStream(path, { mode: 0o600 }), { signal });
}

async function explained<T>(
  object: ObjectRef,
  { what, canRepeat }: OpenOptions,
  work: () => Promise<T>,
): Promise<T | { failure: Failure }> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof NotDecryptable) return { failure: notDecryptable(what, error.message) };
    return { failure: failureOf(error, object, "read", canRepeat) };
  }
}
