/** What becomes of running jobs when the database, the disk, the input or the worker's own time fails them. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { silentLog } from "../../src/base/log.ts";
import type { BucketStore } from "../../src/storage/buckets/bucket-store.ts";
import type { JobDocument } from "../../src/storage/records/job-document.ts";
import { readJobLog } from "../../src/storage/records/job-logs.ts";
import { makeClip, withFolder } from "./millrace-process.ts";
import { Pause, type Steps, steppedRecords } from "./steps.ts";
import { rung, Workshop } from "./workshop.ts";

test("a database that stood still for longer than a lease costs no running job its work", async () => {
  await withWorkshop(async (workshop) => {
    let isAway = false;
    const away: Steps = {
      pass() {
        if (isAway) throw new Error("the database is away");
      },
      async reach() {
        this.pass("");
      },
    };
    const records = steppedRecords(workshop.records, away);
    const said: string[] = [];
    const log = {
      ...silentLog,
      info: (_: object, message: string) => said.push(message),
      error: (_: object, message: string) => said.push(message),
    };
    const ffmpegPath = await ffmpegThat(workshop, "sleep 4");
    const options = { records, log, leaseMs: 1500, pollMs: 20, ffmpegPath };
    const worker = await workshop.startWorker(options);
    const other = await workshop.startWorker(options);
    await workshop.submit("job", document("short.mp4"));
    await until(async () => (await workshop.row("job")).progress !== null);
    isAway = true;
    await sleep(2000);
    isAway = false;
    const { status, attempt } = await workshop.ended("job");
    await worker.close();
    await other.close();
    assert.deepEqual({ status, attempt }, { status: "Complete", attempt: 1 });
    const count = (message: string) => said.filter((one) => one === message).length;
    // The one that is idle claims, the other one renews.
    for (const doing of ["claiming jobs", "renewing leases"]) {
      assert.equal(count(`${doing} failed; will go on trying`), 1, `said once: ${said.join(", ")}`);
      assert.equal(count(`${doing} works again`), 1);
    }
  });
});

test("a job that was claimed while its worker was told to stop is handed back", async () => {
  await withWorkshop(async (workshop) => {
    const pause = new Pause((_, name) => name === "before a claim");
    const worker = await workshop.startWorker({ records: steppedRecords(workshop.records, pause) });
    await workshop.submit("job", document("short.mp4"));
    await until(async () => pause.stands);
    const closed = worker.close();
    await sleep(50);
    pause.goOn();
    await closed;
    const { status, lease_owner, attempt } = await workshop.row("job");
    assert.deepEqual({ status, lease_owner, attempt }, { status: "Progressing", lease_owner: null, attempt: 0 });
  });
});

test("a worker that cannot write to its scratch folder does not start", async () => {
  await withWorkshop(async (workshop) => {
    const scratchFolder = join(workshop.folder, "short.mp4", "scratch");
    await assert.rejects(workshop.startWorker({ scratchFolder }), /ENOTDIR/);
  });
});

test("a full disk is no end: the job is tried again", async () => {
  await withWorkshop(async (workshop) => {
    const filled = join(workshop.folder, "filled");
    const ffmpegPath = await ffmpegThat(
      workshop,
      `[ -e ${filled} ] || { touch ${filled}; echo "av_interleaved_write_frame(): No space left on device" >&2; exit 228; }`,
    );
    const worker = await workshop.startWorker({ ffmpegPath });
    await workshop.submit("job", document("short.mp4"));
    const { status, attempt } = await workshop.ended("job");
    await worker.close();
    assert.deepEqual({ status, attempt }, { status: "Complete", attempt: 2 });
    assert.match(await readJobLog(workshop.records.db, "job"), /the disk of the scratch folder is full/);
  });
});

test("an input that is replaced while it is read is read again", async () => {
  await withWorkshop(async (workshop) => {
    const { buckets, folder } = workshop;
    let reads = 0;
    const replacing: BucketStore = {
      ...buckets,
      async read(object, range) {
        if (++reads === 2) await workshop.put("in", "short.mp4", join(folder, "other.mp4"));
        return buckets.read(object, range);
      },
    };
    const worker = await workshop.startWorker({ buckets: replacing });
    await workshop.submit("job", document("short.mp4"));
    const row = await workshop.ended("job");
    await worker.close();
    assert.deepEqual([row.status, row.attempt], ["Complete", 2], await readJobLog(workshop.records.db, "job"));
    const [output] = (JSON.parse(row.document) as JobDocument).outputs;
    assert.equal(output!.Duration, 3, "of the input that is there now");
  });
});

async function withWorkshop(work: (workshop: Workshop) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const workshop = await Workshop.open(folder);
    try {
      for (const [name, seconds] of [
        ["short.mp4", 1],
        ["other.mp4", 2],
      ] as const) {
        await makeClip(join(folder, name), seconds, "128x96");
        await workshop.put("in", name, join(folder, name));
      }
      await work(workshop);
    } finally {
      await workshop.close();
    }
  });
}

/** An `ffmpeg` that does something else before it encodes. */
async function ffmpegThat(workshop: Workshop, does: string): Promise<string> {
  const path = join(workshop.folder, "ffmpeg");
  const script = `#!/bin/sh\ncase "$*" in *libx264*) ${does} ;; esac\nexec ffmpeg "$@"\n`;
  await writeFile(path, script, { mode: 0o755 });
  return path;
}

function document(Key: string): JobDocument {
  const output = { Id: "1", Key: "out.ts", PresetId: "1", preset: rung, Status: "Submitted" as const };
  return { inputs: [{ Key }], outputs: [output], playlists: [] };
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 60_000; !(await condition()); await sleep(10)) {
    if (deadline < Date.now()) throw new Error("what was waited for has not come about in a minute");
  }
}
