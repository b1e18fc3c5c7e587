/**
 * A job's AES keys: unwrapped by KMS where the request brought them, made by KMS where it did not, in both cases as far
 * as the pipeline's role may.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { Random } from "../../base/random.ts";
import { KeyFailure, type KeyStore, type KmsKey } from "../../storage/keys/key-store.ts";
import type { CipherKeyDocument } from "../../storage/records/job-document.ts";
import type { Home } from "../../storage/records/listing.ts";
import type { Failure } from "../ffmpeg/transcode.types.ts";
import { keyDamaged, keyNotDecrypted, keyNotGenerated, keyOfWrongLength } from "./failures.ts";
import { keyContext, type RoleRights } from "./role-rights.ts";

export type JobKeysOptions = {
  keys: KeyStore;
  rights: RoleRights;
  home: Home;
  random: Random;
  /** The pipeline's, in any form that KMS knows. */
  keyId: string | undefined;
  /** The job may be tried again: so what may pass is thrown. */
  canRepeat: boolean;
};

export type AesKey = { key: Uint8Array; iv: Uint8Array };

const via = { via: "elastictranscoder", context: keyContext } as const;
const generatedBytes = 16;

export class JobKeys {
  readonly #options: JobKeysOptions;

  constructor(options: JobKeysOptions) {
    this.#options = options;
  }

  /**
   * `what`: for people. `lengths`: in bytes, those that the key may have.
   *
   * @throws KeyFailure when the key's master key is out of reach, and the job can be repeated
   */
  async unwrap(
    what: string,
    document: CipherKeyDocument,
    lengths = [16, 24, 32],
  ): Promise<AesKey | { failure: Failure }> {
    const { keys, rights, home } = this.#options;
    const blob = Buffer.from(document.Key ?? "", "base64");
    const opened = await this.#asking(
      () => keys.decrypt(blob, keyContext),
      (reason) => keyNotDecrypted(what, reason),
    );
    if ("failure" in opened) return opened;
    const { plaintext: key, keyArn } = opened;
    const master = await keys.find(homeOf(keyArn) ?? home, keyArn);
    const refusal = await refusalOf(rights, "kms:Decrypt", master, keyArn);
    if (refusal !== undefined) return { failure: keyNotDecrypted(what, refusal) };
    if (!isDigestOf(document.KeyMd5, [blob, key])) return { failure: keyDamaged(what) };
    if (!lengths.includes(key.length)) return { failure: keyOfWrongLength(what, key.length, lengths) };
    return { key, iv: Buffer.from(document.InitializationVector ?? "", "base64") };
  }

  /**
   * `isStored`: the key lies somewhere in the open as well, so the transcoder's own KMS key, which nobody else may use,
   * will do.
   *
   * @throws KeyFailure as {@link unwrap} does
   */
  async generate(what: string, { isStored = false } = {}): Promise<Required<CipherKeyDocument> | { failure: Failure }> {
    const { keys, rights, home, random, keyId } = this.#options;
    const failed = (reason: string) => keyNotGenerated(what, reason);
    const made = await this.#asking(async () => {
      if (!keyId && !isStored) return { failure: failed("the pipeline has no AwsKmsKeyArn") };
      const master = keyId ? await keys.find(home, keyId) : await keys.defaultKey(home, "elastictranscoder");
      const refusal = await refusalOf(rights, "kms:GenerateDataKey", master, keyId ?? "");
      if (refusal !== undefined) return { failure: failed(refusal) };
      return keys.generateDataKey(home, master!.arn, keyContext, generatedBytes);
    }, failed);
    if ("failure" in made) return made;
    return {
      Key: Buffer.from(made.blob).toString("base64"),
      KeyMd5: md5(made.blob).toString("base64"),
      InitializationVector: Buffer.from(random(16)).toString("base64"),
    };
  }

  /** Why S3 may not use a key on the role's behalf. `reference`: `undefined` for S3's own. */
  async storageRefusal(
    action: "kms:Decrypt" | "kms:GenerateDataKey",
    reference: string | undefined,
    context: Readonly<Record<string, string>>,
  ): Promise<string | undefined> {
    const { keys, rights, home } = this.#options;
    const master =
      reference === undefined
        ? await keys.defaultKey(home, "s3")
        : await keys.find(homeOf(reference) ?? home, reference);
    return refusalOf(rights, action, master, reference ?? "", { via: "s3", context });
  }

  async #asking<T>(work: () => Promise<T>, failed: (reason: string) => Failure): Promise<T | { failure: Failure }> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof KeyFailure)) throw error;
      if (error.problem === "KeyUnavailable" && this.#options.canRepeat) throw error;
      return { failure: failed(error.message) };
    }
  }
}

async function refusalOf(
  rights: RoleRights,
  action: "kms:Decrypt" | "kms:GenerateDataKey",
  master: KmsKey | undefined,
  reference: string,
  how: { via: "elastictranscoder" | "s3"; context: Readonly<Record<string, string>> } = via,
): Promise<string | undefined> {
  if (master === undefined) return `there is no key ${reference}`;
  const { allowed, reason } = await rights.onKey(action, master, how);
  return allowed ? undefined : `role ${rights.role} is not allowed ${action} on ${master.arn} ${reason}`;
}

/** Documents say the digest is of the key; the examples take it of what KMS made of it. Absent: nothing to compare. */
function isDigestOf(digest: string | undefined, candidates: readonly Uint8Array[]): boolean {
  if (digest === undefined) return true;
  const given = Buffer.from(digest, "base64");
  return candidates.some((bytes) => given.length === 16 && timingSafeEqual(given, md5(bytes)));
}

function md5(bytes: Uint8Array): Buffer {
  return createHash("md5").update(bytes).digest();
}

/** `arn:aws:kms:REGION:ACCOUNT:key/ID` */
function homeOf(keyArn: string): Home | undefined {
  const [, , , region, account] = keyArn.split(":");
  return region && account ? { account, region } : undefined;
}
