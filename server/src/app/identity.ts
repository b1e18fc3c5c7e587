/**
 * Who has keys and what they may do: the parts of engine/access over one store of rows, as the edge and the services
 * need them.
 */
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { Random } from "../base/random.ts";
import type { SafeFetch } from "../base/safe-fetch.ts";
import type { Credentials } from "../edge/credentials.ts";
import type { Access } from "../engine/access/access.ts";
import { type KeyPair, openSecretSealer, type SecretSealer } from "../engine/access/key-pairs.ts";
import { openKeyUsage } from "../engine/access/key-usage.ts";
import { openKnownKeys } from "../engine/access/known-keys.ts";
import { sealOldSecrets } from "../engine/access/seal-old-secrets.ts";
import { openSessionTokens } from "../engine/access/session-tokens.ts";
import { type FetchDocument, openIssuerKeys } from "../engine/access/web-identity/issuer-keys.ts";
import { openWebIdentities } from "../engine/access/web-identity/web-identities.ts";
import type { Service } from "../services/operation.ts";
import { openStsService } from "../services/sts/service.ts";
import type { KeyWrapper } from "../storage/keys/key-wrapper.ts";
import { openSecrets } from "../storage/keys/secrets.ts";
import type { Records } from "../storage/records/records.ts";
import type { Config } from "./options.ts";
import { ensureRootKey } from "./root-key.ts";

export type Identity = {
  rootKey: KeyPair;
  credentials: Credentials;
  sealer: SecretSealer;
  // biome-ignore lint/suspicious/noExplicitAny: as the edge takes services.
  sts: Service<any>;
  /** When what was still to be noted of the use of keys is written. */
  close(): Promise<void>;
};

export type IdentityOptions = {
  records: Records;
  wrapper: KeyWrapper;
  access: Access;
  /** For the keys of the issuers of web identities. */
  fetch: SafeFetch;
  clock: Clock;
  random: Random;
  log: Log;
};

export async function openIdentity(
  config: Pick<Config, "rootKey" | "account" | "data">,
  { records, wrapper, access, fetch, clock, random, log }: IdentityOptions,
): Promise<Identity> {
  const secrets = openSecrets({ records, wrapper, clock, random });
  const sealer = openSecretSealer({ secrets, random });
  const old = await sealOldSecrets(records, sealer);
  if (0 < old) log.info({ keys: old }, "secrets of access keys that lay open are sealed");
  const rootKey = await ensureRootKey(config, { records, sealer, clock, random });
  const tokens = openSessionTokens({ secrets, random });
  const keys = openKnownKeys({ records, sealer, tokens, rootKey, accountId: config.account });
  const usage = openKeyUsage({ records, clock, log });
  const issuers = openIssuerKeys({ fetchDocument: documentsBy(fetch), clock });
  const webIdentities = openWebIdentities({ records, issuers, clock });
  return {
    rootKey,
    credentials: { find: keys.find, used: usage.note },
    sealer,
    sts: openStsService({ records, access, tokens, webIdentities }),
    close: usage.close,
  };
}

function documentsBy(fetch: SafeFetch): FetchDocument {
  return async (url, maxBytes) => {
    const { status, body } = await fetch(url, { maxBytes, timeoutMs: 5000, headers: { accept: "application/json" } });
    if (status !== 200) throw new Error(`${url} answers ${status}`);
    return body;
  };
}
