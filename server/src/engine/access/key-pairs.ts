/**
 * Access keys as they are made and as they lie in rows: the secret sealed, for it must be known again to check what it
 * has signed.
 */
import { iamId } from "../../base/ids.ts";
import type { Random } from "../../base/random.ts";
import type { Secrets } from "../../storage/keys/secrets.ts";
import { openSealed, sealBytes } from "../../storage/keys/xaes.ts";

export type KeyPair = { id: string; secret: string };

/** `AKIA`: until it is deleted. `ASIA`: of a session. */
export function newKeyPair(random: Random, prefix: "AKIA" | "ASIA" = "AKIA"): KeyPair {
  return { id: iamId(prefix, random, 16), secret: Buffer.from(random(30)).toString("base64") };
}

export type SecretSealer = {
  /** What the row of this key holds in place of its secret. */
  seal(accessKeyId: string, secret: string): Promise<string>;
  /** Rows of earlier versions are not sealed. @throws when the text was sealed for another key id, or by another installation */
  open(accessKeyId: string, sealed: string): Promise<string>;
};

export function openSecretSealer({ secrets, random }: { secrets: Secrets; random: Random }): SecretSealer {
  return {
    async seal(accessKeyId, secret) {
      const key = await secrets.key("access keys");
      return (
        sealedMark + Buffer.from(sealBytes(key, Buffer.from(secret), about(accessKeyId), random)).toString("base64")
      );
    },
    async open(accessKeyId, sealed) {
      if (!isSealed(sealed)) return sealed;
      const key = await secrets.key("access keys");
      const bytes = Buffer.from(sealed.slice(sealedMark.length), "base64");
      const secret = await openSealed(key, bytes, about(accessKeyId));
      if (secret === undefined) throw new Error(`the secret of the access key ${accessKeyId} is damaged`);
      return Buffer.from(secret).toString();
    },
  };
}

/** Of rows that are older than the sealing of secrets: it is not. */
export function isSealed(secret: string): boolean {
  return secret.startsWith(sealedMark);
}

/** No secret begins so: a colon is not among the characters of base64. */
const sealedMark = "sealed:";

function about(accessKeyId: string): string {
  return `millrace access key\0${accessKeyId}`;
}
