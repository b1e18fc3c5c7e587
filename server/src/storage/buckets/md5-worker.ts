/**
 * The thread behind md5-stream.ts.
 */
import { createHash, type Hash } from "node:crypto";
import { parentPort } from "node:worker_threads";

/** `sizeBytes`: the next bytes of a body, in that slab. Without: there are no more. */
export type Md5Task =
  | { body: number; slab: SharedArrayBuffer; sizeBytes: number }
  | { body: number; sizeBytes?: never };

/** A slab that was read, or what came out for a body. */
export type Md5Answer = { slab: SharedArrayBuffer } | { body: number; hex: string };

const hashes = new Map<number, Hash>();
const answer = (message: Md5Answer) => parentPort!.postMessage(message);

parentPort!.on("message", (task: Md5Task) => {
  const hash = hashes.get(task.body) ?? createHash("md5");
  if (task.sizeBytes === undefined) {
    hashes.delete(task.body);
    answer({ body: task.body, hex: hash.digest("hex") });
    return;
  }
  hashes.set(task.body, hash.update(new Uint8Array(task.slab, 0, task.sizeBytes)));
  answer({ slab: task.slab });
});
