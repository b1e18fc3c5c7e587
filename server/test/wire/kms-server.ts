/**
 * KMS as clients reach it: the real edge, policies and service over SQLite on a free port.
 */
import type { TestContext } from "node:test";
import { KMS, type KMSClientConfig } from "@aws-sdk/client-kms";
import { systemClock } from "../../src/base/clock.ts";
import { systemRandom } from "../../src/base/random.ts";
import { openKmsService } from "../../src/services/kms/service.ts";
import { type KmsStore, openKmsStore } from "../../src/storage/keys/kms-store.ts";
import { type IdentityServer, type Keys, region, startIdentities } from "../support/identities.ts";

export type KmsServer = IdentityServer & {
  keys: KmsStore;
  /** Lets so many milliseconds pass for KMS; the edge goes by the real time. */
  pass(ms: number): void;
  kms(credentials?: Keys, options?: KMSClientConfig): KMS;
};

export async function startKms(t: TestContext): Promise<KmsServer> {
  let passed = 0;
  const clock = () => systemClock() + passed;
  let keys!: KmsStore;
  const server = await startIdentities(t, {
    services: ({ records, wrapper }) => {
      keys = openKmsStore({ records, wrapper, clock, random: systemRandom });
      return [openKmsService({ records, keys })];
    },
  });
  const clients: KMS[] = [];
  t.after(() => {
    for (const client of clients) client.destroy();
  });
  return {
    ...server,
    keys,
    pass: (ms) => {
      passed += ms;
    },
    kms(credentials = server.root, options = {}) {
      const client = new KMS({ endpoint: server.url, region, credentials, maxAttempts: 1, ...options });
      clients.push(client);
      return client;
    },
  };
}
