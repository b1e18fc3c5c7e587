/**
 * The least that any server must do with what a producer sends: takes the bytes by `node:http` and writes them to FILE,
 * with an fsync for each 8 MiB and at the end, before it answers. Sends the port to its parent.
 */
import { open } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

const path = process.argv[2]!;
const syncBytes = 8 << 20;

const server = createServer(async (request, response) => {
  const file = await open(path, "w");
  let waiting: Buffer[] = [];
  let waitingBytes = 0;
  const sync = async () => {
    if (0 < waitingBytes) await file.writev(waiting);
    await file.datasync();
    waiting = [];
    waitingBytes = 0;
  };
  for await (const chunk of request as AsyncIterable<Buffer>) {
    waiting.push(chunk);
    waitingBytes += chunk.length;
    if (syncBytes <= waitingBytes) await sync();
  }
  await sync();
  await file.close();
  response.writeHead(200, { "transfer-encoding": "chunked" });
  response.end("\n");
});
server.listen(0, "127.0.0.1", () => process.send!((server.address() as AddressInfo).port));
process.once("disconnect", () => process.exit());
