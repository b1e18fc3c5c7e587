/** What a folder owes beyond the contract that every blob store keeps (test/contract). */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { systemRandom } from "../../base/random.ts";
import type { BlobStore } from "./blob-store.ts";
import { openFsBlobs } from "./fs-store.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "millrace-fs-"));
});
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
  await rm(folder, { recursive: true });
});

const stores: BlobStore[] = [];
async function openStore(path: string): Promise<BlobStore> {
  const store = await openFsBlobs({ folder: path, random: systemRandom });
  stores.push(store);
  return store;
}

test("a disk that fills up in the middle fails the write and leaves nothing behind", () => {
  const program = `
    import { openFsBlobs } from ${JSON.stringify(import.meta.resolve("./fs-store.ts"))};
    import { systemRandom } from ${JSON.stringify(import.meta.resolve("../../base/random.ts"))};
    const store = await openFsBlobs({ folder: ${JSON.stringify(folder)}, random: systemRandom });
    const outcome = await store.put("a/blob", new Uint8Array(900_000)).catch((error) => error.code);
    const left = await Array.fromAsync(store.list(""));
    console.log(JSON.stringify({ outcome, left }));`;
  // In blocks of 512 bytes. The kernel takes what fits and reports only that, as it does on a full disk.
  const script = 'ulimit -f 1000 && exec "$@"';
  const run = spawnSync("sh", ["-c", script, "sh", process.execPath, "--input-type=module", "--eval", program], {
    encoding: "utf8",
  });
  assert.deepEqual(JSON.parse(run.stdout || run.stderr), { outcome: "EFBIG", left: [] });
});

test("keeps others out of its folders and files", async () => {
  const store = await openStore(join(folder, "blobs"));
  await store.put("a/b/c", Buffer.from("secret"));
  const paths = (await readdir(folder, { recursive: true })).sort();
  assert.deepEqual(paths, ["blobs", "blobs/a", "blobs/a/b", "blobs/a/b/c~", "blobs/~growing"]);
  for (const path of paths) {
    const found = await stat(join(folder, path));
    assert.equal(found.mode & 0o777, found.isDirectory() ? 0o700 : 0o600, path);
  }
});

test("keeps every byte of files of any size, whether or not they end with a block of the disk", async () => {
  const store = await openStore(folder);
  const block = 4096;
  for (const around of [0, block, 128 << 10, 1 << 20, (1 << 20) + (1 << 16), 3 << 20]) {
    for (const size of [around - 1, around, around + 1].filter((bytes) => 0 <= bytes)) {
      const bytes = randomBytes(size);
      assert.deepEqual(await store.put("sized", bytes), { sizeBytes: size });
      assert.equal((await stat(join(folder, "sized~"))).size, size);
      const read = Buffer.concat(await Array.fromAsync((await store.get("sized"))!));
      assert.ok(bytes.equals(read), `${size} bytes`);
    }
  }
});

test("clears away what a dead process left half written, and only that", async () => {
  const growing = join(folder, "~growing");
  await (await openFsBlobs({ folder, random: systemRandom })).close();
  const { pid: dead } = spawnSync(process.execPath, ["--version"]);
  await writeFile(join(growing, `${dead}-abc`), "half");
  await writeFile(join(growing, `${process.ppid}-abc`), "another process is at it");
  const store = await openStore(folder);
  assert.deepEqual(await readdir(growing), [`${process.ppid}-abc`]);
  assert.deepEqual(await Array.fromAsync(store.list("")), []);
});

test("a reader keeps what it has opened when the blob is deleted", async () => {
  const store = await openStore(folder);
  await store.put("a", new Uint8Array(3 << 20).fill(1));
  const body = (await store.get("a"))!;
  await store.delete("a");
  assert.equal(await store.get("a"), undefined);
  assert.equal(Buffer.concat(await Array.fromAsync(body)).length, 3 << 20);
});
