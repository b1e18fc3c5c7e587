/**
 * All that a worker needs, in this process and in a folder: rows in SQLite, the built-in buckets, a pipeline.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { silentLog } from "../../src/base/log.ts";
import { systemRandom } from "../../src/base/random.ts";
import { startWorker, type Worker, type WorkerOptions } from "../../src/engine/jobs/worker.ts";
import { openFsBlobs } from "../../src/storage/blobs/fs-store.ts";
import type { BucketStore } from "../../src/storage/buckets/bucket-store.ts";
import { openBuiltInBuckets } from "../../src/storage/buckets/built-in-buckets.ts";
import type { KmsStore } from "../../src/storage/keys/kms-store.ts";
import { insertBucket } from "../../src/storage/records/buckets.ts";
import type { JobDocument, PresetDocument } from "../../src/storage/records/job-document.ts";
import { insertJob } from "../../src/storage/records/jobs.ts";
import { insertPipeline, type PipelineDocument } from "../../src/storage/records/pipelines.ts";
import type { Records } from "../../src/storage/records/records.ts";
import { openSqliteRecords } from "../../src/storage/records/sqlite.ts";
import type { JobRow } from "../../src/storage/records/tables.ts";
import { openTestKeys } from "../support/keys.ts";
import { addTranscoderRole, openTestRights } from "../support/transcoder-role.ts";

export const home = { account: "000000000000", region: "us-east-1" };

export class Workshop {
  readonly folder: string;
  readonly records: Records;
  readonly buckets: BucketStore;
  readonly kms: KmsStore;
  /** How much later it is for the workers than it is. */
  skippedMs = 0;
  readonly clock = () => Date.now() + this.skippedMs;
  readonly #close: () => Promise<void>;

  /** With the buckets `in`, `out` and `thumbs`, and a pipeline over them whose role may all that jobs need. */
  static async open(folder: string): Promise<Workshop> {
    const records = await openSqliteRecords({ path: join(folder, "millrace.db") });
    const blobs = await openFsBlobs({ folder: join(folder, "blobs"), random: systemRandom });
    const keys = openTestKeys({ records, clock: Date.now });
    const buckets = openBuiltInBuckets({ records, blobs, keys, clock: Date.now, random: systemRandom });
    for (const name of ["in", "out", "thumbs"]) {
      await insertBucket(records.db, { name, ...home, createdAt: Date.now(), settings: {} });
    }
    await addTranscoderRole(records, { account: home.account, name: "transcoder" });
    const workshop = new Workshop(folder, records, { buckets, keys }, async () => {
      await buckets.close();
      await blobs.close();
      await records.close();
    });
    await workshop.addPipeline("pipeline", { in: "in", out: "out", thumbs: "thumbs" });
    return workshop;
  }

  private constructor(
    folder: string,
    records: Records,
    { buckets, keys }: { buckets: BucketStore; keys: KmsStore },
    close: () => Promise<void>,
  ) {
    this.folder = folder;
    this.records = records;
    this.buckets = buckets;
    this.kms = keys;
    this.#close = close;
  }

  async addPipeline(
    id: string,
    names: { in: string; out: string; thumbs: string },
    more: Partial<PipelineDocument> = {},
  ): Promise<void> {
    const config = (Bucket: string) => ({ Bucket, StorageClass: "Standard", Permissions: [] });
    const document = {
      Name: id,
      InputBucket: names.in,
      OutputBucket: null,
      Role: "arn:aws:iam::000000000000:role/transcoder",
      AwsKmsKeyArn: null,
      Notifications: { Progressing: "", Completed: "", Warning: "", Error: "" },
      ContentConfig: config(names.out),
      ThumbnailConfig: config(names.thumbs),
      ...more,
    };
    await insertPipeline(this.records.db, home, { id, status: "Active", document }, 99);
  }

  async put(bucket: string, key: string, path: string): Promise<void> {
    await this.buckets.write({ bucket, key }, createReadStream(path), { contentType: "application/octet-stream" });
  }

  async submit(id: string, document: JobDocument, pipelineId = "pipeline"): Promise<void> {
    await insertJob(this.records.db, home, { id, pipelineId, submittedAt: this.clock(), document }, 1e6);
  }

  startWorker(options: Partial<WorkerOptions> = {}): Promise<Worker> {
    return startWorker({
      records: this.records,
      buckets: this.buckets,
      rights: openTestRights(this.records, this.clock),
      keys: this.kms,
      clock: this.clock,
      random: systemRandom,
      log: silentLog,
      workerId: "worker",
      concurrency: 1,
      drainMs: 0,
      pollMs: 50,
      scratchFolder: join(this.folder, "scratch"),
      ...options,
    });
  }

  async row(id: string): Promise<JobRow> {
    return this.records.db.selectFrom("jobs").selectAll().where("id", "=", id).executeTakeFirstOrThrow();
  }

  async ended(id: string): Promise<JobRow & { document: string }> {
    for (const deadline = Date.now() + 60_000; Date.now() < deadline; await sleep(10)) {
      const row = await this.row(id);
      if (row.status !== "Submitted" && row.status !== "Progressing") return row;
    }
    throw new Error(`job ${id} has not ended in a minute`);
  }

  async keys(bucket: string, prefix = ""): Promise<string[]> {
    const keys: string[] = [];
    for await (const key of this.buckets.list(bucket, prefix)) keys.push(key);
    return keys;
  }

  async sha256(bucket: string, key: string): Promise<string> {
    const hash = createHash("sha256");
    for await (const chunk of (await this.buckets.read({ bucket, key }))!) hash.update(chunk);
    return hash.digest("hex");
  }

  close(): Promise<void> {
    return this.#close();
  }
}

const Audio = { Codec: "AAC", SampleRate: "44100", BitRate: "64", Channels: "1" };

/** Small and quick to encode. */
export const rung: PresetDocument = {
  Name: "rung",
  Container: "ts",
  Audio,
  Video: {
    Codec: "H.264",
    CodecOptions: { Profile: "baseline", Level: "3", MaxReferenceFrames: "1" },
    KeyframesMaxDist: "25",
    FixedGOP: "true",
    BitRate: "100",
    FrameRate: "25",
    MaxWidth: "128",
    MaxHeight: "96",
    SizingPolicy: "Fit",
    PaddingPolicy: "NoPad",
    DisplayAspectRatio: "auto",
    Watermarks: [
      {
        Id: "corner",
        MaxWidth: "50%",
        MaxHeight: "50%",
        SizingPolicy: "ShrinkToFit",
        HorizontalAlign: "Left",
        HorizontalOffset: "0px",
        VerticalAlign: "Top",
        VerticalOffset: "0px",
        Opacity: "100",
        Target: "Content",
      },
    ],
  },
  Thumbnails: {
    Format: "png",
    Interval: "60",
    MaxWidth: "64",
    MaxHeight: "48",
    SizingPolicy: "Fit",
    PaddingPolicy: "NoPad",
  },
};

export const mp3: PresetDocument = { Name: "mp3", Container: "mp3", Audio: { ...Audio, Codec: "mp3" } };
