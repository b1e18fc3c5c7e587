/**
 * A worker that stops between any two steps: each query and each call to a bucket is, in a run of its own, where the
 * worker ends, just before it and just after. The next worker must bring the job to the same end.
 *
 * MILLRACE_CRASH_STRIDE says which steps are tried: 1 for all, default every third.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { BucketStore } from "../../src/storage/buckets/bucket-store.ts";
import type { JobDocument } from "../../src/storage/records/job-document.ts";
import type { Records } from "../../src/storage/records/records.ts";
import { makeClip, oneThreadedFfmpeg, withFolder } from "./millrace-process.ts";
import { mp3, rung, Workshop } from "./workshop.ts";

const stride = Number(process.env.MILLRACE_CRASH_STRIDE ?? 3);
const leaseMs = 60_000;

test("a job comes to the same end wherever its worker stops", async () => {
  await withFolder(async (folder) => {
    const ffmpegPath = await oneThreadedFfmpeg(folder);
    const workshop = await Workshop.open(folder);
    const work = async (id: string, fuse: Fuse) => {
      const records = burningRecords(workshop.records, fuse);
      const buckets = burningBuckets(workshop.buckets, fuse);
      const worker = workshop.startWorker({ records, buckets, leaseMs, ffmpegPath });
      while (!fuse.burnt && !["Complete", "Error"].includes((await workshop.row(id)).status)) await sleep(5);
      await worker.close();
    };
    try {
      await makeClip(join(folder, "clip.mp4"), 1, "128x96");
      await workshop.put("in", "clip.mp4", join(folder, "clip.mp4"));

      // How many steps there are, and what comes of them undisturbed.
      const counter = new Fuse(Number.POSITIVE_INFINITY);
      await workshop.submit("job-0", job("0/"));
      await work("job-0", counter);
      const expected = await outcome(workshop, "job-0", "0/");
      assert.equal(expected.status, "Complete");

      let resumed = 0;
      for (let step = 1; step <= counter.steps; step += stride) {
        const id = `job-${step}`;
        await workshop.submit(id, job(`${step}/`));
        const fuse = new Fuse(step);
        await work(id, fuse);
        workshop.skippedMs += leaseMs;
        await work(id, new Fuse(Number.POSITIVE_INFINITY));
        const found = await outcome(workshop, id, `${step}/`);
        assert.deepEqual(found, expected, `stopped at step ${step} of ${counter.steps}: ${fuse.last}`);
        if (fuse.burnt) resumed++;
      }
      console.log(
        `# of ${counter.steps} steps every ${stride}. was a worker's last; ${resumed} jobs were taken up again`,
      );
    } finally {
      await workshop.close();
    }
  });
});

/** With segments, a playlist, thumbnails and a second output. */
function job(OutputKeyPrefix: string): JobDocument {
  const Status = "Submitted";
  return {
    OutputKeyPrefix,
    inputs: [{ Key: "clip.mp4" }],
    outputs: [
      { Id: "1", Key: "a", PresetId: "1", preset: rung, SegmentDuration: "1", ThumbnailPattern: "t{count}", Status },
      { Id: "2", Key: "b", PresetId: "2", preset: mp3, Status },
    ],
    playlists: [{ Name: "index", Format: "HLSv3", OutputKeys: ["a"], Status }],
  };
}

async function outcome(workshop: Workshop, id: string, prefix: string) {
  const row = await workshop.row(id);
  const { OutputKeyPrefix, ...document } = JSON.parse(row.document) as JobDocument;
  const files: Record<string, string> = {};
  const temporary: string[] = [];
  for (const bucket of ["out", "thumbs"]) {
    temporary.push(...(await workshop.keys(bucket, ".millrace/")));
    for (const key of await workshop.keys(bucket, prefix)) {
      files[`${bucket}/${key.slice(prefix.length)}`] = await workshop.sha256(bucket, key);
    }
  }
  return { status: row.status, lease: [row.lease_owner, row.lease_until], document, files, temporary };
}

/** Counts steps, and from the given one on lets nothing happen any more. */
class Fuse {
  steps = 0;
  last = "";
  readonly #at: number;

  constructor(at: number) {
    this.#at = at;
  }

  get burnt(): boolean {
    return this.#at <= this.steps;
  }

  step(name: string): void {
    if (!this.burnt) {
      this.steps++;
      this.last = name;
    }
    if (this.burnt) throw new Error("stopped");
  }
}

function burningRecords(records: Records, fuse: Fuse): Records {
  const db = records.db.withPlugin({
    transformQuery({ node }) {
      fuse.step(`before a ${node.kind}`);
      return node;
    },
    async transformResult({ result }) {
      fuse.step("after a query");
      return result;
    },
  });
  return {
    engine: records.engine,
    db,
    async transaction(work) {
      fuse.step("before a claim");
      const result = await records.transaction(work);
      fuse.step("after a claim");
      return result;
    },
    notify: (topic, text) => records.notify(topic, text),
    listen: (topic, heard) => records.listen(topic, heard),
    close: async () => {},
  };
}

function burningBuckets(buckets: BucketStore, fuse: Fuse): BucketStore {
  const burning =
    <Args extends unknown[], T>(name: string, work: (...args: Args) => Promise<T>) =>
    async (...args: Args): Promise<T> => {
      fuse.step(`before ${name}`);
      const result = await work(...args);
      fuse.step(`after ${name}`);
      return result;
    };
  return {
    bucketExists: burning("bucketExists", buckets.bucketExists.bind(buckets)),
    head: burning("head", buckets.head.bind(buckets)),
    read: burning("read", buckets.read.bind(buckets)),
    write: burning("write", buckets.write.bind(buckets)),
    move: burning("move", buckets.move.bind(buckets)),
    delete: burning("delete", buckets.delete.bind(buckets)),
    async *list(bucket, prefix) {
      fuse.step("before list");
      for await (const key of buckets.list(bucket, prefix)) yield key;
    },
    close: async () => {},
  };
}
