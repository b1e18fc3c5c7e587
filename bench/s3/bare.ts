/**
 * What is left of a PUT of S3 without S3: `node:http`, MD5, SHA-256 and a file that is durable before it is answered.
 * `bare.ts FOLDER`. Sends its URL to its parent, and ends with it.
 */
import { createHash } from "node:crypto";
import { mkdir, open, rename } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

const folder = process.argv[2]!;
await mkdir(folder, { recursive: true });
const names = await open(folder, "r");
/** Files take each other's place: what is measured is not how full the disk becomes. */
const kept = 32;
let count = 0;

async function keep(request: IncomingMessage): Promise<string> {
  const hashes = [createHash("md5"), createHash("sha256")] as const;
  const chunks: Buffer[] = [];
  for await (const chunk of request) {
    for (const hash of hashes) hash.update(chunk);
    chunks.push(chunk);
  }
  const name = count++;
  const growing = join(folder, `growing-${name}`);
  const file = await open(growing, "w");
  await file.writev(chunks);
  await file.datasync();
  await file.close();
  await rename(growing, join(folder, String(name % kept)));
  await names.sync();
  const [md5] = hashes.map((hash) => hash.digest("hex"));
  return `"${md5}"`;
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const etag = await keep(request);
  response.writeHead(200, { etag, "content-length": 0 }).end();
}

const server = createServer((request, response) => void answer(request, response));
server.listen(0, "127.0.0.1", () => process.send!(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
process.on("disconnect", () => process.exit());
