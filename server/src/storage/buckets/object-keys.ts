/**
 * The data keys that objects are sealed under.
 *
 * SSE-S3 (`AES256`), and SSE-KMS with a bucket key: one data key for a bucket and an hour, so that hardly any write waits
 * for one to be wrapped. SSE-KMS without: one for each object or upload. SSE-C: one for each object, wrapped by the key
 * that the client brings and takes away again. What is sealed under a data key gets a key of its own from it: of a blob
 * by the blob's name (frames.ts), of bytes in a row by a nonce of 192 bits (xaes.ts).
 *
 * A wrapped key lies with what was sealed under it, together with the context that it is bound to: the ARN of the bucket
 * or the object, as S3 does it.
 */
import type { Clock } from "../../base/clock.ts";
import type { Random } from "../../base/random.ts";
import { Recent } from "../../base/recent.ts";
import { type EncryptionContext, KeyFailure, type KeyStore } from "../keys/key-store.ts";
import { openSealed, type SealingKey, sealBytes, sealingKey } from "../keys/xaes.ts";
import type { Bucket } from "../records/buckets.ts";
import type { Home } from "../records/listing.ts";
import type { Encryption } from "../records/objects.ts";
import { bucketArn, objectArn } from "./arn.ts";
import type { WriteEncryption } from "./bucket-store.ts";

/** How an object is to be sealed. `customer`: under a key of 32 bytes, whose MD5 clients show in base64. */
export type EncryptionRule = WriteEncryption | { mode: "customer"; key: Uint8Array; keyMd5: string };

/** An open data key, and what a row must keep to open it again. */
export type Sealing = { encryption: Encryption; key: SealingKey };

export interface ObjectKeys {
  /** @throws KeyFailure */
  create(bucket: Bucket, key: string, rule: EncryptionRule): Promise<Sealing>;
  /** `customerKey`: the one that came with the request. @throws KeyFailure */
  open(encryption: Encryption, customerKey?: Uint8Array): Promise<Sealing>;
  /** Binds the same data key to an object's new name. @throws KeyFailure */
  rename(encryption: Encryption, bucket: string, key: string): Promise<Encryption>;
}

export type ObjectKeysOptions = { keys: KeyStore; clock: Clock; random: Random };

const dataKeyBytes = 32;
const bucketKeyMs = 60 * 60_000;
/** Unwrapped ones are kept in memory; whether a KMS key may still be used is asked each time. */
const mostOpenKeys = 4096;
const aboutDataKey = "millrace data key of an object";

export function createObjectKeys({ keys, clock, random }: ObjectKeysOptions): ObjectKeys {
  const current = new Recent<Sealing>(mostOpenKeys);
  const opened = new Recent<SealingKey>(mostOpenKeys);

  async function generate(home: Home, keyId: string | undefined, context: EncryptionContext) {
    const reference = keyId ?? (await keys.defaultKey(home, "s3")).id;
    const made = await keys.generateDataKey(homeOf(reference, home), reference, context, dataKeyBytes);
    const wrapped = base64(made.blob);
    const key = sealingKey(made.plaintext);
    await opened.get(wrapped, 1, async () => key);
    return { key, wrapped, keyArn: made.keyArn };
  }

  /** The bucket's key of this hour. */
  async function ofBucket({ name, account, region }: Bucket, rule: WriteEncryption): Promise<Sealing> {
    const { keyId, context: more } = rule.mode === "aws:kms" ? rule : {};
    const context = { ...more, "aws:s3:arn": bucketArn(name) };
    const hour = Math.floor(clock() / bucketKeyMs);
    const which = JSON.stringify([account, region, name, hour, rule.mode, keyId, more]);
    return current.get(which, 1, async () => {
      const { key, wrapped, keyArn } = await generate({ account, region }, keyId, context);
      const kms = rule.mode === "aws:kms" ? { keyArn, bucketKey: true } : {};
      return { key, encryption: { mode: rule.mode, wrapped, context, ...kms } };
    });
  }

  return {
    async create(bucket, key, rule) {
      if (rule.mode === "AES256") return ofBucket(bucket, rule);
      if (rule.mode === "customer") {
        const dataKey = random(dataKeyBytes);
        const wrapped = base64(sealBytes(sealingKey(rule.key), dataKey, aboutDataKey, random));
        return { key: sealingKey(dataKey), encryption: { mode: "customer", wrapped, keyMd5: rule.keyMd5 } };
      }
      if (rule.bucketKey) {
        const sealing = await ofBucket(bucket, rule);
        await keys.check(sealing.encryption.keyArn!);
        return sealing;
      }
      const context = { ...rule.context, "aws:s3:arn": objectArn(bucket.name, key) };
      const {
        key: dataKey,
        wrapped,
        keyArn,
      } = await generate({ account: bucket.account, region: bucket.region }, rule.keyId, context);
      return { key: dataKey, encryption: { mode: "aws:kms", wrapped, keyArn, context } };
    },

    async open(encryption, customerKey) {
      const { mode, wrapped, context = {}, keyArn } = encryption;
      if (mode === "customer") return { encryption, key: await unwrapByCustomer(wrapped, customerKey) };
      if (keyArn !== undefined) await keys.check(keyArn);
      const key = await opened.get(wrapped, 1, async () =>
        sealingKey((await keys.decrypt(Buffer.from(wrapped, "base64"), context)).plaintext),
      );
      return { encryption, key };
    },

    async rename(encryption, bucket, key) {
      const { mode, wrapped, context, keyArn, bucketKey } = encryption;
      if (mode !== "aws:kms" || bucketKey || keyArn === undefined) return encryption;
      const { plaintext } = await keys.decrypt(Buffer.from(wrapped, "base64"), context ?? {});
      const renamed = { ...context, "aws:s3:arn": objectArn(bucket, key) };
      const { blob } = await keys.encrypt(homeOf(keyArn), keyArn, plaintext, renamed);
      return { ...encryption, wrapped: base64(blob), context: renamed };
    },
  };
}

/** Where a key lies that is named by its ARN, which may be another account's. */
export function homeOf(reference: string, otherwise: Home = { account: "", region: "" }): Home {
  const match = /^arn:[^:]+:kms:([^:]+):([^:]+):/.exec(reference);
  return match === null ? otherwise : { region: match[1]!, account: match[2]! };
}

async function unwrapByCustomer(wrapped: string, customerKey: Uint8Array | undefined): Promise<SealingKey> {
  const dataKey =
    customerKey && (await openSealed(sealingKey(customerKey), Buffer.from(wrapped, "base64"), aboutDataKey));
  if (dataKey === undefined) throw new KeyFailure("InvalidCiphertext", "customer", "this is not the customer's key");
  return sealingKey(dataKey);
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64");
}
