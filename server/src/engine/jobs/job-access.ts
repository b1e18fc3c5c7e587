/**
 * Whether a job may read and write an object, as its pipeline's role, and how the refusal of an output is worded.
 */
import { objectArn } from "../../storage/buckets/arn.ts";
import type { ObjectRef } from "../../storage/buckets/bucket-store.ts";
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

  /** `exists`: whether an object is missing is told only to who may list its bucket. */
  async readRefusal(object: ObjectRef, exists: boolean): Promise<Failure | undefined> {
    const get = await this.#rights.onObject("s3:GetObject", object);
    if (!get.allowed) return notReadable(object, this.#rights.role, `s3:GetObject is not allowed ${get.reason}`);
    if (exists) return undefined;
    const list = await this.#rights.onBucket("s3:ListBucket", object.bucket);
    if (list.allowed) return undefined;
    return notReadable(object, this.#rights.role, `and s3:ListBucket is not allowed ${list.reason}`);
  }

  async writeRefusal(object: ObjectRef, { encryption }: Sealing): Promise<Failure | undefined> {
    const put = await this.#rights.onObject("s3:PutObject", object);
    if (!put.allowed) return notWritable(object, this.#rights.role, `s3:PutObject is not allowed ${put.reason}`);
    if (encryption?.mode !== "aws:kms" || !(await this.#rights.isOurs(object.bucket))) return undefined;
    const refusal = await this.#keys.storageRefusal({ "aws:s3:arn": objectArn(object.bucket, object.key) });
    return refusal === undefined ? undefined : notWritableUnderKey(object, this.#rights.role, refusal);
  }
}
