/**
 * `--tls CERT,KEY`: a pair of PEM files, read again when they change.
 */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import type { Closeable } from "../../base/lifetime.ts";
import type { Log } from "../../base/log.ts";
import { repeat } from "../../base/repeat.ts";
import type { Certificates, CertifiedKey } from "../../edge/listener.ts";
import { UsageError } from "../options.ts";

/** Often enough for whoever waits for it, and rare enough to cost nothing. */
const lookedAtEveryMs = 1000;

/**
 * A changed pair is taken when both files have stood still for a moment, so that nobody meets one half of it. One that
 * does not hold together is logged, and the last stays.
 *
 * @param pair `CERT,KEY`; the first file holds the chain, the server's own certificate first
 * @throws UsageError when the files are no pair at the start
 */
export async function openFileCertificates(
  pair: string,
  log: Log,
  everyMs = lookedAtEveryMs,
): Promise<Certificates & Closeable> {
  const paths = pair.split(",") as [cert: string, key: string];
  let taken = await stateOf(paths);
  let seen = taken;
  let current = await readPair(paths);
  const watchers: ((now: CertifiedKey) => void)[] = [];
  const watching = repeat(
    everyMs,
    async () => {
      const state = await stateOf(paths);
      const isStill = state === seen;
      seen = state;
      if (!isStill || state === taken) return;
      taken = state;
      current = await readPair(paths);
      for (const changed of watchers) changed(current);
      log.info({ files: paths }, "the server's certificate is read again");
    },
    (error) => log.warn({ err: error, files: paths }, "the changed certificate is not used: the last one stays"),
  );
  return {
    get current() {
      return current;
    },
    watch: (changed) => void watchers.push(changed),
    close: () => watching.close(),
  };
}

/** Links are followed: those who renew certificates like to change what a link points to. */
async function stateOf(paths: readonly string[]): Promise<string> {
  const states = paths.map((path) =>
    stat(path).then(
      ({ dev, ino, size, mtimeMs }) => `${dev} ${ino} ${size} ${mtimeMs}`,
      () => "missing",
    ),
  );
  return (await Promise.all(states)).join();
}

async function readPair(paths: readonly [cert: string, key: string]): Promise<CertifiedKey> {
  const [cert, key] = await Promise.all(
    paths.map((path) =>
      readFile(path, "utf8").catch((error: Error) => {
        throw new UsageError(`--tls: cannot read ${path}: ${error.message}`);
      }),
    ),
  );
  try {
    createSecureContext({ cert: cert!, key: key! });
    if (!new X509Certificate(cert!).checkPrivateKey(createPrivateKey(key!))) throw new Error("they do not match");
  } catch (error) {
    const reason = error instanceof Error ? error.message : error;
    throw new UsageError(`--tls: ${paths[0]} and ${paths[1]} are no certificate and its key in PEM: ${reason}`);
  }
  return { cert: cert!, key: key! };
}
