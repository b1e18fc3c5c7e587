/** What the transcoder keeps, held to the same behaviour on both engines. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { systemClock } from "../../src/base/clock.ts";
import { silentLog } from "../../src/base/log.ts";
import { systemRandom } from "../../src/base/random.ts";
import type { RequestContext } from "../../src/services/operation.ts";
import { ServiceError } from "../../src/services/service-error.ts";
import { openTranscoderService, operations } from "../../src/services/transcoder/service.ts";
import { openFsBlobs } from "../../src/storage/blobs/fs-store.ts";
import { openBuiltInBuckets } from "../../src/storage/buckets/built-in-buckets.ts";
import { listJobs } from "../../src/storage/records/jobs.ts";
import type { Records } from "../../src/storage/records/records.ts";
import { openSqliteRecords } from "../../src/storage/records/sqlite.ts";
import { openTestKeys } from "../support/keys.ts";
import { openTemporaryPostgres, postgresMissing } from "../support/postgres.ts";
import { addTranscoderRole, openTestRights } from "../support/transcoder-role.ts";

const engines: Record<string, (folder: string) => Promise<{ records: Records; close(): Promise<void> }>> = {
  async sqlite(folder) {
    const records = await openSqliteRecords({ path: join(folder, "millrace.db") });
    return { records, close: () => records.close() };
  },
  postgres: () => openTemporaryPostgres(),
};

const caller: RequestContext = {
  caller: undefined,
  accountId: "123456789012",
  region: "us-east-1",
  requestId: "",
  clock: systemClock,
  random: systemRandom,
  header: () => undefined,
  trailers: () => ({}),
  query: () => undefined,
  origin: "",
  signal: new AbortController().signal,
  demand: async () => {},
  mayDo: async () => true,
};
const pipeline = { Name: "p", InputBucket: "in", OutputBucket: "out", Role: "arn:aws:iam::123456789012:role/r" };
const audio = { Name: "a", Container: "mp3", Audio: { Codec: "mp3" } };

for (const [engine, open] of Object.entries(engines)) {
  describe(`the transcoder on ${engine}`, { skip: engine === "postgres" && postgresMissing }, () => {
    let folder: string;
    let opened: Awaited<ReturnType<typeof open>>;
    let ctx: Parameters<typeof operations.CreateJob.run>[1];

    before(async () => {
      folder = await mkdtemp(join(tmpdir(), "millrace-transcoder-records-"));
      opened = await open(folder);
      const { records } = opened;
      const common = { records, clock: systemClock, random: systemRandom, log: silentLog };
      const blobs = await openFsBlobs({ folder: join(folder, "blobs"), random: systemRandom });
      const buckets = openBuiltInBuckets({ ...common, blobs, keys: openTestKeys(common) });
      const rights = openTestRights(records, common.clock);
      await addTranscoderRole(records, { account: "123456789012", name: "r" });
      const service = openTranscoderService({
        rights,
        ...common,
        buckets,
        limits: { pipelines: 10, presets: 10, backlog: 30 },
      });
      ctx = { ...service.context, ...caller };
    });
    after(async () => {
      await opened.close();
      await rm(folder, { recursive: true });
    });

    const newPipeline = async () => (await operations.CreatePipeline.run(pipeline, ctx)).Pipeline!.Id!;
    const newJob = (PipelineId: string) =>
      operations.CreateJob.run(
        { PipelineId, Input: { Key: "a" }, Output: { Key: "b", PresetId: "1351620000001-300040" } },
        ctx,
      );
    /** How often it went well; every other time it was refused by `code`. */
    const successes = async (count: number, code: string, work: () => Promise<unknown>) => {
      const results = await Promise.allSettled(Array.from({ length: count }, work));
      for (const result of results) {
        if (result.status === "fulfilled") continue;
        assert.ok(result.reason instanceof ServiceError, String(result.reason));
        assert.equal(result.reason.code, code);
      }
      return results.filter(({ status }) => status === "fulfilled").length;
    };

    test("limits hold for requests that come at once", async () => {
      assert.equal(await successes(25, "LimitExceededException", newPipeline), 10);
      assert.equal(await successes(25, "LimitExceededException", () => operations.CreatePreset.run(audio, ctx)), 10);
      const { Pipelines } = await operations.ListPipelines.run({}, ctx);
      assert.equal(await successes(60, "LimitExceededException", () => newJob(Pipelines![0]!.Id!)), 30);
      await opened.records.db.deleteFrom("jobs").execute();
      for (const { Id } of Pipelines!) await operations.DeletePipeline.run({ Id: Id! }, ctx);
      await opened.records.db.deleteFrom("presets").execute();
    });

    test("no job is taken for a pipeline that is deleted at the same time", async () => {
      for (let round = 0; round < 15; round += 1) {
        const Id = await newPipeline();
        const [job, deleted] = await Promise.all([
          successes(1, "ResourceNotFoundException", () => newJob(Id)),
          successes(1, "ResourceInUseException", () => operations.DeletePipeline.run({ Id }, ctx)),
        ]);
        assert.equal(job + deleted, 1);
        await opened.records.db.deleteFrom("jobs").execute();
        await opened.records.db.deleteFrom("pipelines").execute();
      }
    });

    test("updates of one pipeline at once all come to stand", async () => {
      const Id = await newPipeline();
      await Promise.all([
        operations.UpdatePipeline.run({ Id, Name: "q" }, ctx),
        operations.UpdatePipeline.run({ Id, InputBucket: "in2" }, ctx),
        operations.UpdatePipeline.run({ Id, AwsKmsKeyArn: "arn:x" }, ctx),
        operations.UpdatePipelineStatus.run({ Id, Status: "Paused" }, ctx),
      ]);
      const { Pipeline: after } = await operations.ReadPipeline.run({ Id }, ctx);
      assert.deepEqual(
        [after!.Name, after!.InputBucket, after!.AwsKmsKeyArn, after!.Status],
        ["q", "in2", "arn:x", "Paused"],
      );
      await operations.DeletePipeline.run({ Id }, ctx);
    });

    test("lists are in the order of ids, both ways, from any place, and reach back as far as asked", async () => {
      const pipelineId = await newPipeline();
      const ids: string[] = [];
      for (let index = 0; index < 9; index += 1) ids.push((await newJob(pipelineId)).Job!.Id!);
      const home = { account: caller.accountId, region: caller.region };
      const listed = async (ascending: boolean, after?: string, since = 0) => {
        const page = { ascending, after, limit: 4 };
        const jobs = await listJobs(opened.records.db, home, { pipelineId }, since, page);
        const same = await listJobs(opened.records.db, home, { status: "Submitted" }, since, page);
        assert.deepEqual(jobs, same);
        return jobs.map(({ id }) => id);
      };
      assert.deepEqual(await listed(true), ids.slice(0, 4));
      assert.deepEqual(await listed(true, ids[6]), ids.slice(7));
      assert.deepEqual(await listed(false), ids.slice(5).reverse());
      assert.deepEqual(await listed(false, ids[2]), [ids[1], ids[0]]);
      assert.deepEqual(await listed(true, undefined, Number(ids[7]!.slice(0, 13))), ids.slice(7));
      assert.deepEqual(await listed(true, undefined, Number(ids[8]!.slice(0, 13)) + 1), []);
      const [first] = await listJobs(opened.records.db, home, { pipelineId }, 0, { ascending: true, limit: 1 });
      assert.equal(typeof first!.submitted_at, "number");
    });
  });
}
