/**
 * Customer master keys as KMS knows them, for whoever wraps data keys with them: streams, buckets, pipelines, and the
 * KMS API itself. Who may use a key is asked elsewhere; whether it can be used, here.
 */
import type { Home } from "../records/listing.ts";

export type KeyState = "Enabled" | "Disabled" | "PendingDeletion";

export type KmsKey = {
  /** UUID. */
  id: string;
  arn: string;
  account: string;
  region: string;
  state: KeyState;
  /** AWS: one of the services' own defaults, `alias/aws/…`. */
  manager: "AWS" | "CUSTOMER";
  /** The key policy. */
  policy: string;
  tags: Readonly<Record<string, string>>;
};

/** Bound to what is encrypted: decrypting asks for the same. Compared exactly, in any order. */
export type EncryptionContext = Readonly<Record<string, string>>;

/** The services that have a default key, `alias/aws/NAME`, made when it is first used. */
export type KeyOwner = "kinesisvideo" | "s3" | "elastictranscoder";

export type DataKey = { plaintext: Uint8Array; blob: Uint8Array; keyArn: string };

export interface KeyStore {
  /** By id, ARN, `alias/NAME` or an alias's ARN. `undefined`: there is none of that account and region. */
  find(home: Home, reference: string): Promise<KmsKey | undefined>;
  /** The service's own, made if it is not there yet. */
  defaultKey(home: Home, owner: KeyOwner): Promise<KmsKey>;
  /** A new key of `bytes` bytes, and the same wrapped. @throws KeyFailure */
  generateDataKey(home: Home, reference: string, context: EncryptionContext, bytes: number): Promise<DataKey>;
  /** @throws KeyFailure */
  encrypt(
    home: Home,
    reference: string,
    plaintext: Uint8Array,
    context: EncryptionContext,
  ): Promise<{ blob: Uint8Array; keyArn: string }>;
  /** The blob names its key. @throws KeyFailure */
  decrypt(blob: Uint8Array, context: EncryptionContext): Promise<{ plaintext: Uint8Array; keyArn: string }>;
  /**
   * Whether a key can be used now. For whoever holds what it has unwrapped: remembered for at most half a second, and
   * known at once to the process that changed it. @throws KeyFailure
   */
  check(keyArn: string): Promise<void>;
}

/** As the API names them, without `Exception`. */
export type KeyProblem =
  | "NotFound"
  | "Disabled"
  /** It is pending deletion. */
  | "KMSInvalidState"
  | "InvalidKeyUsage"
  /** Tampered, of another context, or nothing that we have made: which of them is not said. */
  | "InvalidCiphertext"
  | "KeyUnavailable";

export class KeyFailure extends Error {
  override readonly name = "KeyFailure";
  readonly problem: KeyProblem;
  readonly key: string;

  constructor(problem: KeyProblem, key: string, message: string) {
    super(message);
    this.problem = problem;
    this.key = key;
  }
}
