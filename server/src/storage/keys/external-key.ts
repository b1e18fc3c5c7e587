/**
 * A key of somebody else's KMS, which seals the master key: AWS's, or another Millrace's. It is asked once at each start;
 * what runs goes on without it.
 */
import type { KMSClient } from "@aws-sdk/client-kms";

export type ExternalKey = {
  arn: string;
  region: string;
  /** `undefined`: AWS itself. */
  endpoint?: string | undefined;
  /** `undefined`: the AWS SDK's own chain. */
  credentials?: { accessKeyId: string; secretAccessKey: string } | undefined;
};

/** 32 new bytes, and the same sealed. @throws with a sentence for people */
export async function generateByExternalKey(key: ExternalKey): Promise<{ plaintext: Uint8Array; sealed: Uint8Array }> {
  const { GenerateDataKeyCommand } = await import("@aws-sdk/client-kms");
  const command = new GenerateDataKeyCommand({ KeyId: key.arn, KeySpec: "AES_256", EncryptionContext: context });
  const { Plaintext, CiphertextBlob } = await asking(key, (client) => client.send(command));
  return { plaintext: keyBytes(key, Plaintext), sealed: CiphertextBlob! };
}

/** @throws with a sentence for people */
export async function openByExternalKey(key: ExternalKey, sealed: Uint8Array): Promise<Uint8Array> {
  const { DecryptCommand } = await import("@aws-sdk/client-kms");
  const command = new DecryptCommand({ KeyId: key.arn, CiphertextBlob: sealed, EncryptionContext: context });
  return keyBytes(key, (await asking(key, (client) => client.send(command))).Plaintext);
}

const context = { purpose: "millrace master key" };

async function asking<Answer>(key: ExternalKey, ask: (client: KMSClient) => Promise<Answer>): Promise<Answer> {
  const { KMSClient } = await import("@aws-sdk/client-kms");
  const { region, endpoint, credentials } = key;
  const client = new KMSClient({
    region,
    maxAttempts: 3,
    requestHandler: { connectionTimeout: 5_000, requestTimeout: 10_000, throwOnRequestTimeout: true },
    ...(endpoint !== undefined && { endpoint }),
    ...(credentials !== undefined && { credentials }),
  });
  try {
    return await ask(client);
  } catch (error) {
    const reason = error instanceof Error ? `${error.name}: ${error.message || "no answer"}` : String(error);
    const where = endpoint === undefined ? "" : ` at ${endpoint}`;
    throw new Error(`the external key ${key.arn}${where} does not open the master key: ${reason}`, { cause: error });
  } finally {
    client.destroy();
  }
}

function keyBytes({ arn }: ExternalKey, bytes: Uint8Array | undefined): Uint8Array {
  if (bytes?.length !== 32) throw new Error(`the external key ${arn} gave no key of 32 bytes`);
  return bytes;
}
