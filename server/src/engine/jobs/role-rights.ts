/**
 * What a pipeline's role may do: its own policies, and those of the buckets and keys that a job touches.
 */
import type { ConditionContext, Decision } from "../../policy/policy.types.ts";
import { bucketArn, objectArn } from "../../storage/buckets/arn.ts";
import type { ObjectRef } from "../../storage/buckets/bucket-store.ts";
import type { KmsKey } from "../../storage/keys/key-store.ts";
import type { BucketEncryption } from "../../storage/records/buckets.ts";
import type { Home } from "../../storage/records/listing.ts";
import type { RoleAccess } from "../access/role-access.ts";

/** As trust policies name the transcoder, and the encryption context of its keys. */
export const transcoderPrincipal = "elastictranscoder.amazonaws.com";

/** Bound to every key of a job that KMS encrypts. */
export const keyContext = { service: transcoderPrincipal };

/** `account`: whose it is. `encryption`: of new objects. */
export type BucketRule = { account: string; policy?: string; encryption?: BucketEncryption };

/** As a role of `forAccount` is told. `undefined`: the bucket is not among ours, and the role's policies alone decide. */
export type FindBucketRule = (bucket: string, forAccount: string) => Promise<BucketRule | undefined>;

export type RoleRightsOptions = { access: RoleAccess; bucketRuleOf: FindBucketRule };

export class RoleRights {
  readonly role: string;
  readonly #home: Home;
  readonly #options: RoleRightsOptions;

  /** `home`: of the pipeline. */
  constructor(role: string, home: Home, options: RoleRightsOptions) {
    this.role = role;
    this.#home = home;
    this.#options = options;
  }

  /** Why a job cannot run in the role. */
  trouble(): Promise<"no such role" | "not trusted" | undefined> {
    return this.#options.access.canBeAssumedBy(this.role, transcoderPrincipal);
  }

  ruleOf(bucket: string): Promise<BucketRule | undefined> {
    return this.#options.bucketRuleOf(bucket, this.#home.account);
  }

  onBucket(action: "s3:ListBucket", bucket: string): Promise<Decision> {
    return this.#inBucket(action, bucket, bucketArn(bucket));
  }

  /** `keys`: condition keys of S3 beside those of the bucket. */
  onObject(
    action: "s3:GetObject" | "s3:PutObject",
    { bucket, key }: ObjectRef,
    keys: ConditionContext = {},
  ): Promise<Decision> {
    return this.#inBucket(action, bucket, objectArn(bucket, key), keys);
  }

  /** `via`: the service that uses the key for the role. */
  async onKey(
    action: "kms:Decrypt" | "kms:GenerateDataKey",
    key: Pick<KmsKey, "arn" | "account" | "policy">,
    { via, context }: { via: "elastictranscoder" | "s3"; context: Readonly<Record<string, string>> },
  ): Promise<Decision> {
    const named = Object.entries(context).map(([name, value]) => [
      `kms:encryptioncontext:${name.toLowerCase()}`,
      value,
    ]);
    return this.#options.access.decideAs(this.role, {
      action,
      resource: key.arn,
      accountId: key.account,
      context: {
        "kms:calleraccount": this.#home.account,
        "kms:viaservice": `${via}.${this.#home.region}.amazonaws.com`,
        "kms:encryptioncontextkeys": Object.keys(context),
        ...Object.fromEntries(named),
      },
      resourcePolicy: { source: `key policy of ${key.arn}`, document: key.policy, mustAllow: true },
    });
  }

  async #inBucket(action: string, bucket: string, resource: string, keys: ConditionContext = {}): Promise<Decision> {
    const rule = await this.ruleOf(bucket);
    return this.#options.access.decideAs(this.role, {
      action,
      resource,
      ...(rule && { accountId: rule.account }),
      context: { ...keys, ...(rule && { "s3:resourceaccount": rule.account }) },
      ...(rule?.policy !== undefined && {
        resourcePolicy: { source: `bucket policy of ${bucket}`, document: rule.policy },
      }),
    });
  }
}
