import assert from "node:assert/strict";
import { mkdtemp, readdir, readlink, rm, unlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { OpenFiles } from "./open-files.ts";

async function withFile(work: (path: string, isOpen: () => Promise<boolean>) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "millrace-open-"));
  const path = join(folder, "a");
  await writeFile(path, "one");
  const isOpen = async () => {
    const links = (await readdir("/proc/self/fd")).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => ""));
    return (await Promise.all(links)).some((link) => link.startsWith(path));
  };
  await work(path, isOpen);
  await rm(folder, { recursive: true });
}

async function untilClosed(isOpen: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 30_000; await isOpen(); await sleep(20)) {
    if (deadline < Date.now()) assert.fail("the file is still open");
  }
}

const onLinux = { skip: process.platform === "linux" ? false : "counts open files by /proc" };

test("keeps one handle for all that read a file, and closes it when nobody has for a while", onLinux, async () => {
  await withFile(async (path, isOpen) => {
    const files = new OpenFiles();
    const [one, two] = await Promise.all([files.acquire(path), files.acquire(path)]);
    assert.equal(one.file, two.file);
    assert.equal(one.size, 3);
    one.release();
    one.release();
    await sleep(2500); // Longer than an unused file stays open: this one is used.
    assert.equal((await two.file.read(Buffer.alloc(3), 0, 3, 0)).bytesRead, 3);
    two.release();
    assert.equal(await isOpen(), true);
    await untilClosed(isOpen);
  });
});

test("a forgotten file is read to its end by who has it, and opened anew by others", onLinux, async () => {
  await withFile(async (path, isOpen) => {
    const files = new OpenFiles();
    const before = await files.acquire(path);
    await unlink(path);
    files.forget(path);
    await assert.rejects(files.acquire(path), { code: "ENOENT" });
    await writeFile(path, "other");
    const after = await files.acquire(path);
    assert.deepEqual([before.size, after.size], [3, 5]);
    after.release();
    files.close();
    assert.equal((await before.file.readFile("utf8")).toString(), "one");
    before.release();
    await untilClosed(isOpen);
  });
});
