/**
 * `--tls local`: an authority of the server's own, and a certificate from it for every name under which the server is
 * reached.
 *
 * The authority's key is kept sealed with the rows, so that all processes over one database have the same; keys of
 * certificates are in memory only, and new at each start.
 */
import { writeFile } from "node:fs/promises";
import { hostname, networkInterfaces } from "node:os";
import { join } from "node:path";
import type { Clock } from "../../base/clock.ts";
import type { Closeable } from "../../base/lifetime.ts";
import type { Log } from "../../base/log.ts";
import type { Random } from "../../base/random.ts";
import { repeat } from "../../base/repeat.ts";
import type { Certificates, CertifiedKey } from "../../edge/listener.ts";
import type { Secrets } from "../../storage/keys/secrets.ts";
import type { Config } from "../options.ts";
import { authorityFile } from "./authority-file.ts";
import { endOf, issueLeaf, makeAuthority } from "./certificates.ts";

export type LocalCertificatesOptions = {
  secrets: Secrets;
  /** Host names and addresses. */
  names: readonly string[];
  /** Where {@link authorityFile} is written. */
  dataFolder: string;
  clock: Clock;
  random: Random;
  log: Log;
};

const renewedBeforeMs = 30 * 24 * 3600_000;
const lookedAtEveryMs = 3600_000;

export async function openLocalCertificates(options: LocalCertificatesOptions): Promise<Certificates & Closeable> {
  const { secrets, names, dataFolder, clock, random, log } = options;
  const kept = await secrets.bytes("local ca", async () =>
    Buffer.from(JSON.stringify(await makeAuthority(clock(), random))),
  );
  const authority: CertifiedKey = JSON.parse(Buffer.from(kept).toString());
  await writeFile(join(dataFolder, authorityFile), authority.cert, { mode: 0o644 });
  let current = await issueLeaf(authority, names, clock(), random);
  const watchers: ((now: CertifiedKey) => void)[] = [];
  const renewal = repeat(
    lookedAtEveryMs,
    async () => {
      if (clock() < endOf(current.cert) - renewedBeforeMs) return;
      current = await issueLeaf(authority, names, clock(), random);
      for (const changed of watchers) changed(current);
      log.info({ until: new Date(endOf(current.cert)) }, "the server's certificate is renewed");
    },
    (error) => log.error({ err: error }, "the server's certificate could not be renewed"),
  );
  return {
    get current() {
      return current;
    },
    watch: (changed) => void watchers.push(changed),
    close: () => renewal.close(),
  };
}

type Named = Pick<Config, "listen" | "public-url" | "s3-domain" | "tls-name">;

/** Every name under which clients may address a server with these settings. */
export function namesOf(config: Named): readonly string[] {
  const host = config.listen.slice(0, config.listen.lastIndexOf(":")).replace(/^\[|\]$/g, "");
  const isEverywhere = host === "0.0.0.0" || host === "::";
  const publicHost = config["public-url"] === undefined ? [] : [new URL(config["public-url"]).hostname];
  const domains = config["s3-domain"].split(",").filter(Boolean);
  const names = [
    ...["localhost", "127.0.0.1", "::1", hostname()],
    ...(isEverywhere ? addressesOfThisMachine() : [host]),
    ...publicHost.map((name) => name.replace(/^\[|\]$/g, "")),
    ...domains.flatMap((domain) => [domain, `*.${domain}`]),
    ...config["tls-name"],
  ];
  return [...new Set(names.map((name) => name.toLowerCase()).filter((name) => /^[\w*.:-]+$/.test(name)))];
}

function addressesOfThisMachine(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return all.filter(({ internal, address }) => !internal && !address.startsWith("fe80:")).map(({ address }) => address);
}
