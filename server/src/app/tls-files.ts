/**
 * The certificate and key of `--tls CERT,KEY`.
 */
import { readFile } from "node:fs/promises";
import { UsageError } from "./options.ts";

export async function readTlsFiles(pair: string): Promise<{ cert: string; key: string }> {
  const [cert, key] = await Promise.all(
    pair.split(",").map((path) =>
      readFile(path, "utf8").catch((error: Error) => {
        throw new UsageError(`--tls: cannot read ${path}: ${error.message}`);
      }),
    ),
  );
  return { cert: cert ?? "", key: key ?? "" };
}
