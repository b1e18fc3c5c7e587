/**
 * For commands: trusting the authority of a server on the same machine.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { authorityFile } from "./authority-file.ts";

/**
 * From now on every client in this process (fetch, https, the SDKs) trusts the authority of the server of this data
 * folder, beside those that it trusts anyway. Its file; `undefined`: the server has made none.
 */
export async function trustAuthority(dataFolder: string): Promise<string | undefined> {
  const path = join(dataFolder, authorityFile);
  const authority = await readFile(path, "utf8").catch(() => undefined);
  if (authority === undefined) return undefined;
  const trusted = getCACertificates("default");
  if (!trusted.includes(authority)) setDefaultCACertificates([...trusted, authority]);
  return path;
}
