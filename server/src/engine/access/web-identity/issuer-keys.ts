/**
 * The public keys of OpenID Connect issuers, from where their discovery document says that they are.
 *
 * Anybody may make this server ask, for nobody signs: so each issuer is asked at most once in half a minute, whatever it
 * answers, and only issuers that are configured.
 *
 * @see OpenID Connect Discovery 1.0, section 4
 */
import type { Clock } from "../../../base/clock.ts";

/** @see RFC 7517 */
export type Jwk = Readonly<Record<string, unknown>>;

/** The body of a document of at most `maxBytes`, from an address that may be asked. @throws when there is none */
export type FetchDocument = (url: string, maxBytes: number) => Promise<Uint8Array>;

export type IssuerKeys = {
  /**
   * Keys that may have signed: those with this id, or all where the token names none.
   *
   * @throws when the issuer does not answer, or not with keys
   */
  keysFor(issuer: string, keyId: string | undefined): Promise<readonly Jwk[]>;
};

type Known = { askedAt: number; keys: Promise<readonly Jwk[]> };

const keptMs = 10 * 60_000;
const calmMs = 30_000;
const maxDocumentBytes = 256 * 1024;
const maxKeys = 100;

export function openIssuerKeys({ fetchDocument, clock }: { fetchDocument: FetchDocument; clock: Clock }): IssuerKeys {
  const known = new Map<string, Known>();

  function ask(issuer: string): Known {
    const keys = readKeys(issuer, fetchDocument);
    keys.catch(() => {});
    const asked = { askedAt: clock(), keys };
    known.set(issuer, asked);
    return asked;
  }

  return {
    async keysFor(issuer, keyId) {
      let entry = known.get(issuer);
      if (entry === undefined || keptMs < clock() - entry.askedAt) entry = ask(issuer);
      const mayAskAgain = calmMs < clock() - entry.askedAt;
      let keys = await entry.keys.catch((error) => {
        if (!mayAskAgain) throw error;
        return undefined;
      });
      // Issuers change their keys: one that is new is looked for.
      if (mayAskAgain && (keys === undefined || chosen(keys, keyId).length === 0)) keys = await ask(issuer).keys;
      return chosen(keys ?? [], keyId);
    },
  };
}

function chosen(keys: readonly Jwk[], keyId: string | undefined): readonly Jwk[] {
  return keyId === undefined ? keys : keys.filter(({ kid }) => kid === keyId);
}

async function readKeys(issuer: string, fetchDocument: FetchDocument): Promise<readonly Jwk[]> {
  const discovery = await readJson(`${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`, fetchDocument);
  const { jwks_uri: address, issuer: named } = discovery;
  if (named !== issuer) throw new Error(`the discovery document of ${issuer} names another issuer`);
  if (typeof address !== "string" || !address.startsWith("https://")) {
    throw new Error(`the discovery document of ${issuer} names no jwks_uri of https`);
  }
  const { keys } = await readJson(address, fetchDocument);
  if (!Array.isArray(keys)) throw new Error(`${address} holds no keys`);
  return keys.filter((key): key is Jwk => typeof key === "object" && key !== null).slice(0, maxKeys);
}

async function readJson(url: string, fetchDocument: FetchDocument): Promise<Record<string, unknown>> {
  const value: unknown = JSON.parse(Buffer.from(await fetchDocument(url, maxDocumentBytes)).toString("utf8"));
  if (typeof value !== "object" || value === null) throw new Error(`${url} holds no JSON object`);
  return value as Record<string, unknown>;
}
