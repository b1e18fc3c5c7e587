/**
 * Session tokens: all that a session is, sealed, so that every process checks it without looking anything up.
 *
 * A token belongs to its key id and reads in one way only: the same bytes written in another base64 are refused.
 */
import { deflateRawSync, inflateRawSync } from "node:zlib";
import type { Random } from "../../base/random.ts";
import type { Secrets } from "../../storage/keys/secrets.ts";
import { openSealed, sealBytes } from "../../storage/keys/xaes.ts";
import { newKeyPair } from "./key-pairs.ts";
import type { Requester, Session } from "./session.ts";

export type SessionCredentials = { accessKeyId: string; secretAccessKey: string; sessionToken: string };

/** With the secret that signs for it. */
export type OpenedSession = Requester & { session: Session; secret: string };

export type SessionTokens = {
  issue(holder: Requester & { session: Session }): Promise<SessionCredentials>;
  /** Expired ones too. `undefined`: no token of ours, or another key's. */
  open(accessKeyId: string, token: string): Promise<OpenedSession | undefined>;
};

/** Beyond it nothing is looked at; clients send it in a header. */
const maxTokenChars = 12_000;
const maxContentBytes = 1 << 18;

export function openSessionTokens({ secrets, random }: { secrets: Secrets; random: Random }): SessionTokens {
  return {
    async issue(holder) {
      const { id, secret } = newKeyPair(random, "ASIA");
      const content = deflateRawSync(JSON.stringify({ ...holder, secret } satisfies OpenedSession));
      const sealed = sealBytes(await secrets.key("session tokens"), content, about(id), random);
      return { accessKeyId: id, secretAccessKey: secret, sessionToken: Buffer.from(sealed).toString("base64") };
    },

    async open(accessKeyId, token) {
      if (maxTokenChars < token.length) return undefined;
      const sealed = Buffer.from(token, "base64");
      if (sealed.toString("base64") !== token) return undefined;
      const content = await openSealed(await secrets.key("session tokens"), sealed, about(accessKeyId));
      if (content === undefined) return undefined;
      return JSON.parse(inflateRawSync(content, { maxOutputLength: maxContentBytes }).toString());
    },
  };
}

function about(accessKeyId: string): string {
  return `millrace session\0${accessKeyId}`;
}
