/**
 * Where the edge finds the secret behind an access key id.
 */
import type { Caller } from "../services/operation.ts";

export type Credential = Caller & { secret: string };

export interface Credentials {
  /** `undefined`: unknown or revoked. */
  find(accessKeyId: string): Promise<Credential | undefined>;
}
