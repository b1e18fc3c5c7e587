/**
 * What the server shows its clients, as the settings say; and whether it may do without.
 */
import type { Clock } from "../../base/clock.ts";
import type { Closeable } from "../../base/lifetime.ts";
import type { Log } from "../../base/log.ts";
import type { Random } from "../../base/random.ts";
import type { Certificates } from "../../edge/listener.ts";
import type { KeyWrapper } from "../../storage/keys/key-wrapper.ts";
import { openSecrets } from "../../storage/keys/secrets.ts";
import type { Records } from "../../storage/records/records.ts";
import { type Config, UsageError } from "../options.ts";

type Needs = { records: Records; wrapper: KeyWrapper; clock: Clock; random: Random; log: Log };

/** `undefined`: plain HTTP. @throws UsageError when the files are no pair */
export async function openCertificates(
  config: Pick<Config, "tls" | "tls-name" | "listen" | "public-url" | "s3-domain" | "data">,
  { records, wrapper, clock, random, log }: Needs,
): Promise<(Certificates & Closeable) | undefined> {
  if (config.tls === undefined) return undefined;
  if (config.tls !== "local") return (await import("./file-certificates.ts")).openFileCertificates(config.tls, log);
  const { namesOf, openLocalCertificates } = await import("./local-certificates.ts");
  const secrets = openSecrets({ records, wrapper, clock, random });
  return openLocalCertificates({ secrets, names: namesOf(config), dataFolder: config.data, clock, random, log });
}

/** @throws UsageError when others could reach it and nobody has said `--plain-http` */
export function refuseOpenHttp({
  tls,
  "plain-http": isAllowed,
  listen,
}: Pick<Config, "tls" | "plain-http" | "listen">) {
  if (tls !== undefined || isAllowed || isLoopback(listen)) return;
  throw new UsageError(
    `--listen ${listen} can be reached by others, and plain HTTP would show them everything: say --tls CERT,KEY with certificates of yours, --tls local to have one made, or --plain-http if the network or a proxy before this server is protection enough`,
  );
}

function isLoopback(listen: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[::1\]|\[::ffff:127\.[\d.]+\]):\d+$/i.test(listen);
}
