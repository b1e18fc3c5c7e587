/**
 * `millrace demo`, as its reader runs it: it must be right by its own checks, and `--keep` must leave a page that plays.
 */
import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import test from "node:test";
import { main, startDemo } from "./demo-process.ts";
import { makeClip, withFolder } from "./millrace-process.ts";

test("the demo transcodes a file, finds all of it right, and --keep plays it on a page until Ctrl-C", async () => {
  await withFolder(async (folder) => {
    const clip = join(folder, "ein clip, 100 %.mp4");
    await makeClip(clip, 7);
    const demo = startDemo([clip, "--keep"]);
    const page = await demo.page();
    const html = await (await fetch(page)).text();
    const links = [...html.matchAll(/(?:href|src)="(\/[^"]+)"/g)].map(([, link]) => new URL(link!, page));
    assert.ok(links.length > 10, html);
    for (const link of links) assert.equal((await fetch(link)).status, 200, `${link}`);
    const part = await fetch(new URL("/demo/film.mp4", page), { headers: { range: "bytes=4-7" } });
    assert.deepEqual([part.status, await part.text()], [206, "ftyp"]);
    demo.child.kill("SIGINT");
    assert.equal(await demo.ended, 0, demo.said());
    assert.match(demo.said(), /^All right\.$/m);
    const outputs = /^files +(\S+)/m.exec(demo.said())![1]!;
    await rm(dirname(outputs), { recursive: true });
  });
});

test("the demo says what is wrong with a file that is none", async () => {
  const missing = startDemo(["/nowhere/at/all.mp4"]);
  assert.equal(await missing.ended, 2);
  assert.match(missing.said(), /cannot read \/nowhere\/at\/all\.mp4/);
  const text = startDemo([main]);
  assert.equal(await text.ended, 1);
  assert.match(text.said(), /4000 .*could not interpret the media file/);
  assert.doesNotMatch(text.said(), /All right/);
  const folder = /^Millrace demo +(\S+)/m.exec(text.said())![1]!;
  await rm(folder, { recursive: true });
});
