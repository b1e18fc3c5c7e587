/**
 * Whether a job may read and write an object, as its pipeline's role, and how the refusal of an output is worded.
 */
import { bucketArn, objectArn } from "../../storage/buckets/arn.ts";
import type { ObjectHead, ObjectRef } from "../../storage/buckets/bucket-store.ts";
import type { Failure } from "../ffmpeg/transcode.types.ts";
import { notReadable, notWritable, notWritableUnderKey } from "./failures.ts";
import type { JobKeys } from "./job-keys.ts";
import type { Sealing } from "./protect-outputs.ts";
import type { RoleRights } from "./role-rights.ts";

export class JobAccess {
  readonly #rights: RoleRights;
  readonly #keys: JobKeys;

  constructor(rights: RoleRights, keys: JobKeys) {
    this.#rights = rights;
    this.#keys = keys;
  }

  /** `head`: `undefined` of an object that is missing, which is told only to who may list its bucket. */
  async readRefusal(object: ObjectRef, head: ObjectHead | undefined): Promise<Failure | undefined> {
    const { role } = this.#rights;
    const get = await this.#rights.onObject("s3:GetObject", object);
    if (!get.allowed) return notReadable(object, role, `s3:GetObject is not allowed ${get.reason}`);
    if (head === undefined) {
      const list = await this.#rights.onBucket("s3:ListBucket", object.bucket);
      return list.allowed ? undefined : notReadable(object, role, `s3:ListBucket is not allowed ${list.reason}`);
    }
    if (head.kms === undefined) return undefined;
    const refusal = await this.#keys.storageRefusal("kms:Decrypt", head.kms.keyArn, head.kms.context);
    return refusal === undefined ? undefined : notReadable(object, role, refusal);
  }

  async writeRefusal(object: ObjectRef, { encryption }: Sealing): Promise<Failure | undefined> {
    const { role } = this.#rights;
    const put = await this.#rights.onObject("s3:PutObject", object, {
      ...(encryption && { "s3:x-amz-server-side-encryption": encryption.mode }),
      ...(encryption?.mode === "aws:kms" &&
        encryption.keyId !== undefined && { "s3:x-amz-server-side-encryption-aws-kms-key-id": encryption.keyId }),
    });
    if (!put.allowed) return notWritable(object, role, `s3:PutObject is not allowed ${put.reason}`);
    const rule = await this.#rights.ruleOf(object.bucket);
    const used = encryption ?? rule?.encryption;
    // Of another server's bucket, its keys are the business of that server.
    if (rule === undefined || used?.mode !== "aws:kms") return undefined;
    const arn = used.bucketKey ? bucketArn(object.bucket) : objectArn(object.bucket, object.key);
    const refusal = await this.#keys.storageRefusal("kms:GenerateDataKey", used.keyId, { "aws:s3:arn": arn });
    return refusal === undefined ? undefined : notWritableUnderKey(object, role, refusal);
  }
}
