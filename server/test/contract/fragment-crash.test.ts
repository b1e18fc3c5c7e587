/** Every fragment that was said to be durable outlives the process that said it, and reads back. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { sweepBlobs } from "../../src/engine/retention/blob-sweeper.ts";
import { openFragmentReader } from "../../src/storage/fragments/fragment-reader.ts";
import { findFragments, listFragmentsAfter } from "../../src/storage/records/fragments.ts";
import { packKey } from "../../src/storage/records/packs.ts";
import { bodyOf, openFragmentStores } from "./fragment-writer.ts";

const kills = 10;

test("fragments outlive ten kills, and what the kills left behind is swept", async () => {
  const folder = await mkdtemp(join(tmpdir(), "millrace-crash-"));
  const said: string[] = [];
  for (let round = 0; round < kills; round++) said.push(...(await writeUntilKilled(folder, round)));
  assert.ok(kills < said.length, "fragments were stored");

  const stores = await openFragmentStores(folder);
  const { records, blobs } = stores;
  const reader = openFragmentReader(stores);
  const last = new Map<string, string>();
  for (const line of said) {
    const [streamId, number] = line.split(" ") as [string, string];
    assert.ok((last.get(streamId) ?? "") < number, "numbers rise through all lives");
    last.set(streamId, number);
    const [stored] = await findFragments(records.db, streamId, [number]);
    assert.ok(stored, `${line} is there`);
    assert.equal(Buffer.from(await reader.readHeader(stored)).toString(), `header of ${streamId}`);
  }
  for (const streamId of last.keys()) {
    const all = await listFragmentsAfter(records.db, streamId, undefined, 1_000_000);
    for await (const { stored, ...bytes } of reader.readAll(all)) {
      assert.ok("body" in bytes && Buffer.from(bodyOf(stored.number)).equals(bytes.body), `${stored.number} is whole`);
    }
  }

  const later = Date.now() + 2 * 3_600_000;
  await sweepBlobs({ ...stores, clock: () => later });
  const packs = await records.db.selectFrom("packs").select("id").orderBy("id").execute();
  const left = (await Array.fromAsync(blobs.list("packs/"))).map(({ key }) => key);
  assert.deepEqual(
    left,
    packs.map(({ id }) => packKey(id)),
  );
  await blobs.close();
  await records.close();
  await rm(folder, { recursive: true });
});

/** What the process said before it died, complete lines only. */
async function writeUntilKilled(folder: string, round: number): Promise<string[]> {
  const program = fileURLToPath(import.meta.resolve("./fragment-writer.ts"));
  const child = spawn(process.execPath, [...process.execArgv, program, folder], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  const ended = once(child.stdout, "end");
  await Promise.race([once(child.stdout, "data"), exited]);
  // A different moment of its work in each round.
  await sleep(5 + ((round * 37) % 100));
  child.kill("SIGKILL");
  const [, signal] = await exited;
  await ended;
  assert.equal(signal, "SIGKILL", "it wrote until it was killed");
  return text.split("\n").slice(0, -1);
}
