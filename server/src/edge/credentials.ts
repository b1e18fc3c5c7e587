/**
 * Where the edge finds the secret behind an access key id.
 */
import type { Caller } from "../services/operation.ts";

export type Credential = Caller & { secret: string };

export interface Credentials {
  /**
   * `undefined`: unknown, inactive or revoked, or a temporary key (`ASIA…`) without the token that belongs to it. Sessions
   * that have expired are found: that they have is told after the signature has been checked.
   */
  find(accessKeyId: string, token?: string): Promise<Credential | undefined>;
  /** Told of every signature that was right. Returns at once. */
  used?(caller: Caller, what: { service: string; region: string }): void;
}
