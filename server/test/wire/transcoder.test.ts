/**
 * Elastic Transcoder through its SDK client: what each operation answers, and what is on the wire where clients leave
 * something out. Errors are in transcoder-errors.test.ts, other clients in transcoder-clients.test.ts.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { CreateJobRequest, CreatePipelineRequest } from "@aws-sdk/client-elastic-transcoder";
import { systemClock } from "../../src/base/clock.ts";
import { systemPresets } from "../../src/services/transcoder/system-presets.ts";
import { insertBucket } from "../../src/storage/records/buckets.ts";
import type { JobDocument, JobProgress } from "../../src/storage/records/job-document.ts";
import { insertJobLog } from "../../src/storage/records/job-logs.ts";
import { claimJob } from "../../src/storage/records/job-queue.ts";
import { account, region, startTranscoder } from "./transcoder-server.ts";

const role = `arn:aws:iam::${account}:role/Elastic_Transcoder_Default_Role`;
const pipeline = { Name: "p", InputBucket: "in", OutputBucket: "out", Role: role } satisfies CreatePipelineRequest;
const audio = { Name: "a", Container: "mp3", Audio: { Codec: "mp3", BitRate: "128" } };
const mp4 = "1351620000001-000010";
const hls = "1351620000001-200010";
const idForm = /^\d{13}-[a-z0-9]{6}$/;
const api = "/2012-09-25";

test("a pipeline made with OutputBucket reads back with both configs", async (t) => {
  const { client, call } = await startTranscoder(t);
  const { Pipeline: made, Warnings } = await client.createPipeline(pipeline);
  assert.match(made!.Id!, idForm);
  assert.deepEqual(Warnings, []);
  const { status, headers, body } = await call("GET", `${api}/pipelines/${made!.Id}`);
  assert.equal(status, 200);
  assert.equal(headers.get("content-type"), "application/json");
  assert.match(headers.get("x-amzn-requestid")!, /^[0-9a-f-]{36}$/);
  const output = { Bucket: "out", StorageClass: null, Permissions: [] };
  assert.deepEqual(body, {
    Pipeline: {
      Id: made!.Id,
      Arn: `arn:aws:elastictranscoder:${region}:${account}:pipeline/${made!.Id}`,
      Name: "p",
      Status: "Active",
      InputBucket: "in",
      OutputBucket: "out",
      Role: role,
      AwsKmsKeyArn: null,
      Notifications: { Progressing: "", Completed: "", Warning: "", Error: "" },
      ContentConfig: output,
      ThumbnailConfig: output,
    },
    Warnings: [],
  });
});

test("a pipeline made with configs has no OutputBucket, and says that its permissions are not applied", async (t) => {
  const { client } = await startTranscoder(t);
  const { Pipeline: made, Warnings } = await client.createPipeline({
    ...pipeline,
    OutputBucket: undefined,
    ContentConfig: {
      Bucket: "media",
      StorageClass: "ReducedRedundancy",
      Permissions: [{ GranteeType: "Group", Grantee: "AllUsers", Access: ["Read"] }],
    },
    ThumbnailConfig: { Bucket: "thumbs" },
  });
  assert.equal(made!.OutputBucket, undefined);
  assert.deepEqual(made!.ContentConfig, {
    Bucket: "media",
    StorageClass: "ReducedRedundancy",
    Permissions: [{ GranteeType: "Group", Grantee: "AllUsers", Access: ["Read"] }],
  });
  assert.deepEqual(made!.ThumbnailConfig, { Bucket: "thumbs", StorageClass: "Standard", Permissions: [] });
  assert.deepEqual(
    Warnings!.map(({ Code }) => Code),
    ["MillracePermissions"],
  );
});

test("an update leaves what it does not name, and clears what it names as empty", async (t) => {
  const { client, call } = await startTranscoder(t);
  const { Pipeline: made } = await client.createPipeline({ ...pipeline, AwsKmsKeyArn: "arn:aws:kms:x" });
  const Id = made!.Id!;
  const { Pipeline: renamed } = await client.updatePipeline({ Id, Name: "q", Notifications: { Error: "" } });
  assert.deepEqual(renamed, { ...made, Name: "q" });
  const { Pipeline: cleared } = await client.updatePipeline({ Id, AwsKmsKeyArn: "" });
  const { AwsKmsKeyArn: _, ...keyless } = { ...made, Name: "q" };
  assert.deepEqual(cleared, keyless);
  const nulls = await call("PUT", `${api}/pipelines/${Id}`, JSON.stringify({ Name: null, Role: null }));
  assert.equal(nulls.status, 200);
  assert.equal(nulls.body.Pipeline.Name, "q");
  const grants = [{ GranteeType: "Email", Grantee: "me@example.com", Access: ["FullControl"] }];
  await client.updatePipeline({ Id, ContentConfig: { Bucket: "elsewhere", Permissions: grants } });
  const { Pipeline: moved } = await client.updatePipeline({ Id, ContentConfig: { StorageClass: "Standard" } });
  assert.equal(moved!.OutputBucket, undefined);
  assert.deepEqual(moved!.ContentConfig, { Bucket: "elsewhere", StorageClass: "Standard", Permissions: grants });
  const { Pipeline: emptied } = await client.updatePipeline({ Id, ContentConfig: { Permissions: [] } });
  assert.deepEqual(emptied!.ContentConfig!.Permissions, []);
});

test("changes made side by side all come to stand", async (t) => {
  const { client } = await startTranscoder(t);
  const Id = (await client.createPipeline(pipeline)).Pipeline!.Id!;
  await Promise.all([
    client.updatePipeline({ Id, Name: "q" }),
    client.updatePipeline({ Id, InputBucket: "in2" }),
    client.updatePipeline({ Id, ContentConfig: { StorageClass: "Standard" } }),
    client.updatePipelineStatus({ Id, Status: "Paused" }),
  ]);
  const { Pipeline: after } = await client.readPipeline({ Id });
  assert.deepEqual(
    [after!.Name, after!.InputBucket, after!.ContentConfig!.StorageClass, after!.Status],
    ["q", "in2", "Standard", "Paused"],
  );
});

test("updates of status and notifications answer 202 with the whole pipeline, deletions 202 with Success", async (t) => {
  const { client, call } = await startTranscoder(t);
  const made = (await client.createPipeline(pipeline)).Pipeline!;
  const path = `${api}/pipelines/${made.Id}`;
  const paused = await call("POST", `${path}/status`, JSON.stringify({ Status: "Paused" }));
  assert.equal(paused.status, 202);
  assert.equal(paused.body.Pipeline.Status, "Paused");
  const topics = await call("POST", `${path}/notifications`, JSON.stringify({ Notifications: { Error: "" } }));
  assert.equal(topics.status, 202);
  assert.equal(topics.body.Pipeline.Arn, made.Arn);
  const preset = (await client.createPreset(audio)).Preset!;
  const job = (await client.createJob(jobOf(made.Id!))).Job!;
  for (const deleted of [`${api}/jobs/${job.Id}`, `${api}/presets/${preset.Id}`, path]) {
    assert.deepEqual(pick(await call("DELETE", deleted)), { status: 202, body: { Success: "true" } });
  }
});

test("pipelines and presets of one region are not there in another", async (t) => {
  const { client, clientOf } = await startTranscoder(t);
  const Id = (await client.createPipeline(pipeline)).Pipeline!.Id!;
  const preset = (await client.createPreset(audio)).Preset!.Id!;
  const job = (await client.createJob(jobOf(Id))).Job!.Id!;
  const elsewhere = clientOf({ region: "eu-west-1" });
  await assert.rejects(elsewhere.readPipeline({ Id }), { name: "ResourceNotFoundException" });
  await assert.rejects(elsewhere.updatePipeline({ Id, Name: "q" }), { name: "ResourceNotFoundException" });
  await assert.rejects(elsewhere.deletePipeline({ Id }), { name: "ResourceNotFoundException" });
  await assert.rejects(elsewhere.readPreset({ Id: preset }), { name: "ResourceNotFoundException" });
  await assert.rejects(elsewhere.readJob({ Id: job }), { name: "ResourceNotFoundException" });
  await assert.rejects(elsewhere.cancelJob({ Id: job }), { name: "ResourceNotFoundException" });
  assert.deepEqual((await elsewhere.listPipelines({})).Pipelines, []);
  assert.deepEqual((await elsewhere.listJobsByStatus({ Status: "Submitted" })).Jobs, []);
  const { Preset: system } = await elsewhere.readPreset({ Id: mp4 });
  assert.equal(system!.Arn, `arn:aws:elastictranscoder:eu-west-1:${account}:preset/${mp4}`);
});

test("TestRole tells of missing buckets and of topics", async (t) => {
  const { client, records } = await startTranscoder(t);
  const there = { account, region, createdAt: 0, settings: {} };
  await insertBucket(records.db, { ...there, name: "in" });
  await insertBucket(records.db, { ...there, name: "out" });
  const asked = { Role: role, InputBucket: "in", OutputBucket: "out", Topics: [] };
  const { $metadata: _, ...fine } = await client.testRole(asked);
  assert.deepEqual(fine, { Success: "true", Messages: [] });
  const topic = `arn:aws:sns:us-east-1:${account}:done`;
  const { $metadata: __, ...bad } = await client.testRole({ ...asked, OutputBucket: "missing", Topics: [topic] });
  assert.deepEqual(bad, {
    Success: "false",
    Messages: [
      `The role ${role} does not have access to the bucket: missing`,
      `The role ${role} does not have access to the topic: ${topic}`,
    ],
  });
});

test("a custom preset reads back as it was given, with a warning where it is off the standards", async (t) => {
  const { client } = await startTranscoder(t);
  const asked = {
    Name: "square",
    Description: "",
    Container: "mp4",
    Video: {
      Codec: "H.264",
      CodecOptions: { Profile: "baseline", Level: "1", MaxReferenceFrames: "1", MaxBitRate: "" },
      MaxWidth: "480",
      MaxHeight: "480",
      Watermarks: [{ Id: "Logo", MaxWidth: "10%", Opacity: "50.5", Target: "Frame" }],
    },
    Thumbnails: { Format: "jpg", Interval: "5" },
  };
  const { Preset: made, Warning } = await client.createPreset(asked);
  const { MaxBitRate: _, ...CodecOptions } = asked.Video.CodecOptions;
  assert.deepEqual(made, {
    ...asked,
    Video: { ...asked.Video, CodecOptions },
    Id: made!.Id,
    Arn: `arn:aws:elastictranscoder:${region}:${account}:preset/${made!.Id}`,
    Type: "Custom",
  });
  assert.match(Warning!, /^The size of 480x480 is above the 25344 pixels of H.264 level 1\./);
  assert.deepEqual((await client.readPreset({ Id: made!.Id! })).Preset, made);
  assert.equal((await client.createPreset(audio)).Warning, "");
});

test("system presets are listed first, under their ids, in the caller's ARNs", async (t) => {
  const { client } = await startTranscoder(t);
  const custom = (await client.createPreset(audio)).Preset!;
  const first = await client.listPresets({});
  const second = await client.listPresets({ PageToken: first.NextPageToken });
  const all = [...first.Presets!, ...second.Presets!];
  assert.equal(second.NextPageToken, undefined);
  assert.deepEqual(
    all.map(({ Id }) => Id),
    [...systemPresets.map(({ id }) => id), custom.Id],
  );
  assert.deepEqual(
    all.map(({ Type }) => Type),
    [...systemPresets.map(() => "System"), "Custom"],
  );
  const descending = await client.listPresets({ Ascending: "false" });
  assert.equal(descending.Presets![0]!.Id, custom.Id);
  assert.equal(descending.Presets![1]!.Id, systemPresets.at(-1)!.id);
  assert.equal(all[1]!.Arn, `arn:aws:elastictranscoder:${region}:${account}:preset/${all[1]!.Id}`);
});

test("a new job is on the wire with every member, null where there is no value", async (t) => {
  const { client, call } = await startTranscoder(t);
  const PipelineId = (await client.createPipeline(pipeline)).Pipeline!.Id!;
  const before = systemClock();
  const { status, body } = await call("POST", `${api}/jobs`, JSON.stringify(jobOf(PipelineId)));
  assert.equal(status, 201);
  const { Id, Timing } = body.Job;
  assert.match(Id, idForm);
  assert.ok(before <= Number(Id.slice(0, 13)) && Number(Id.slice(0, 13)) <= Timing.SubmitTimeMillis);
  const input = {
    Key: "in.mp4",
    FrameRate: null,
    Resolution: null,
    AspectRatio: null,
    Interlaced: null,
    Container: null,
    Encryption: null,
    TimeSpan: null,
    InputCaptions: null,
    DetectedProperties: null,
  };
  const output = {
    Id: "1",
    Key: "out.mp4",
    ThumbnailPattern: null,
    ThumbnailEncryption: null,
    Rotate: null,
    PresetId: mp4,
    SegmentDuration: null,
    Status: "Submitted",
    StatusDetail: null,
    Duration: null,
    Width: null,
    Height: null,
    FrameRate: null,
    FileSize: null,
    DurationMillis: null,
    Watermarks: [],
    AlbumArt: null,
    Composition: null,
    Captions: null,
    Encryption: null,
    AppliedColorSpaceConversion: null,
  };
  assert.deepEqual(body, {
    Job: {
      Id,
      Arn: `arn:aws:elastictranscoder:${region}:${account}:job/${Id}`,
      PipelineId,
      Input: input,
      Inputs: [input],
      Output: output,
      Outputs: [output],
      OutputKeyPrefix: null,
      Playlists: [],
      Status: "Submitted",
      UserMetadata: null,
      Timing: { SubmitTimeMillis: Timing.SubmitTimeMillis, StartTimeMillis: null, FinishTimeMillis: null },
      Millrace: null,
    },
  });
  assert.deepEqual((await call("GET", `${api}/jobs/${Id}`)).body, body);
});

test("a job keeps what it was asked for, and its presets as they were", async (t) => {
  const { client, records } = await startTranscoder(t);
  const PipelineId = (await client.createPipeline(pipeline)).Pipeline!.Id!;
  const custom = (await client.createPreset(audio)).Preset!.Id!;
  const asked: CreateJobRequest = {
    PipelineId,
    Inputs: [{ Key: "in.mov", Container: "auto", Interlaced: "true", TimeSpan: { StartTime: "0:05", Duration: "10" } }],
    Outputs: [
      { Key: "v/720", PresetId: hls, SegmentDuration: "6", Rotate: "auto", ThumbnailPattern: "v/{count}" },
      {
        Key: "v/mp4",
        PresetId: mp4,
        Watermarks: [
          { PresetWatermarkId: "TopLeft", InputKey: "logo.png" },
          { PresetWatermarkId: "BottomRight", InputKey: "text:© {jobId}" },
        ],
        Composition: [{ TimeSpan: { Duration: "3" } }],
      },
      { Key: "v/mp3", PresetId: custom },
    ],
    OutputKeyPrefix: "movies/",
    Playlists: [{ Name: "v/index", Format: "HLSv3", OutputKeys: ["v/720"] }],
    UserMetadata: { title: "A film", __proto__x: "1" },
  };
  const { Job: made } = await client.createJob(asked);
  await client.deletePreset({ Id: custom });
  assert.deepEqual(
    made!.Outputs!.map(({ Id }) => Id),
    ["1", "2", "3"],
  );
  assert.deepEqual(made!.Output, made!.Outputs![0]);
  assert.deepEqual(made!.Input, asked.Inputs![0]);
  assert.deepEqual(made!.Outputs![0]!.ThumbnailPattern, "v/{count}");
  assert.deepEqual(made!.Outputs![1]!.Watermarks, asked.Outputs![1]!.Watermarks);
  assert.deepEqual(made!.Outputs![1]!.Composition, [{ TimeSpan: { Duration: "3" } }]);
  assert.deepEqual(made!.Playlists, [{ Name: "v/index", Format: "HLSv3", OutputKeys: ["v/720"], Status: "Submitted" }]);
  assert.deepEqual(made!.UserMetadata, asked.UserMetadata);
  assert.equal(made!.OutputKeyPrefix, "movies/");
  const row = await records.db.selectFrom("jobs").select("document").executeTakeFirstOrThrow();
  const document: JobDocument = JSON.parse(row.document);
  assert.deepEqual(document.outputs[2]!.preset.Audio, audio.Audio);
  assert.equal(document.outputs[0]!.preset.Container, "ts");
});

test("a paused pipeline takes jobs", async (t) => {
  const { client } = await startTranscoder(t);
  const PipelineId = (await client.createPipeline(pipeline)).Pipeline!.Id!;
  await client.updatePipelineStatus({ Id: PipelineId, Status: "Paused" });
  assert.equal((await client.createJob(jobOf(PipelineId))).Job!.Status, "Submitted");
});

test("progress is in the job, and the log beside it", async (t) => {
  const { client, call, records } = await startTranscoder(t);
  const PipelineId = (await client.createPipeline(pipeline)).Pipeline!.Id!;
  const Id = (await client.createJob(jobOf(PipelineId))).Job!.Id!;
  assert.deepEqual((await call("GET", `${api}/jobs/${Id}/log`)).body, { Log: "" });
  const progress: JobProgress = {
    percent: 41.5,
    speed: 2,
    stage: "transcoding",
    outputs: [{ id: "1", percent: 41.5, etaSeconds: 3 }],
  };
  await records.db
    .updateTable("jobs")
    .set({ progress: JSON.stringify(progress) })
    .execute();
  await insertJobLog(records.db, { job_id: Id, attempt: 1, at: 1, text: "ffmpeg -i 'ä'\n" });
  assert.deepEqual((await call("GET", `${api}/jobs/${Id}`)).body.Job.Millrace, {
    Percent: 41.5,
    Speed: 2,
    EtaSeconds: null,
    Stage: "transcoding",
    Outputs: [{ Id: "1", Percent: 41.5, Speed: null, EtaSeconds: 3 }],
  });
  assert.deepEqual((await call("GET", `${api}/jobs/${Id}/log`)).body, { Log: "ffmpeg -i 'ä'\n" });
  assert.equal((await call("GET", `${api}/jobs/1111111111111-abcde1/log`)).status, 404);
  assert.equal((await client.readJob({ Id })).Job!.Status, "Submitted");
});

test("cancelling ends the outputs too, and force ends a job that runs", async (t) => {
  const { client, call, records } = await startTranscoder(t);
  const PipelineId = (await client.createPipeline(pipeline)).Pipeline!.Id!;
  const waiting = (await client.createJob(jobOf(PipelineId))).Job!.Id!;
  await client.cancelJob({ Id: waiting });
  const { Job: canceled } = await client.readJob({ Id: waiting });
  assert.deepEqual([canceled!.Status, canceled!.Output!.Status], ["Canceled", "Canceled"]);
  assert.ok(canceled!.Timing!.SubmitTimeMillis! <= canceled!.Timing!.FinishTimeMillis!);

  const running = (await client.createJob(jobOf(PipelineId))).Job!.Id!;
  const told: string[] = [];
  t.after(records.listen("jobs", (text) => told.push(text)));
  const claim = { owner: "w", now: systemClock(), leaseMs: 60_000, perPipeline: 1 };
  assert.equal((await claimJob(records, claim))!.lease.jobId, running);
  assert.equal((await call("DELETE", `${api}/jobs/${running}`)).status, 409);
  assert.equal((await call("DELETE", `${api}/jobs/${running}?force=true`)).status, 202);
  assert.deepEqual((await client.readJob({ Id: running })).Job!.Status, "Canceled");
  assert.deepEqual(told, [running]);
  assert.equal((await call("DELETE", `${api}/jobs/${running}?force=true`)).status, 409);
});

test("of a claim and a cancellation at once, one wins", async (t) => {
  const { client, records } = await startTranscoder(t);
  const PipelineId = (await client.createPipeline(pipeline)).Pipeline!.Id!;
  for (let round = 0; round < 20; round += 1) {
    const Id = (await client.createJob(jobOf(PipelineId))).Job!.Id!;
    const claim = { owner: "w", now: systemClock(), leaseMs: 600_000, perPipeline: 100 };
    const [claimed, canceled] = await Promise.all([
      claimJob(records, claim),
      client.cancelJob({ Id }).then(
        () => true,
        (error) => {
          assert.equal(error.name, "ResourceInUseException");
          return false;
        },
      ),
    ]);
    assert.equal(claimed !== undefined, !canceled);
    assert.equal((await client.readJob({ Id })).Job!.Status, canceled ? "Canceled" : "Progressing");
  }
});

test("jobs of more than six months ago are read but not listed", async (t) => {
  const { client, records } = await startTranscoder(t);
  const PipelineId = (await client.createPipeline(pipeline)).Pipeline!.Id!;
  const border = new Date();
  border.setUTCMonth(border.getUTCMonth() - 6);
  const aged = async (at: number) => {
    const made = (await client.createJob(jobOf(PipelineId))).Job!.Id!;
    const id = String(at) + made.slice(13);
    await records.db.updateTable("jobs").set({ id, submitted_at: at }).where("id", "=", made).execute();
    return id;
  };
  const old = await aged(border.getTime() - 86_400_000);
  const young = await aged(border.getTime() + 86_400_000);
  for (const page of [
    await client.listJobsByPipeline({ PipelineId }),
    await client.listJobsByStatus({ Status: "Submitted" }),
  ]) {
    assert.deepEqual(
      page.Jobs!.map(({ Id }) => Id),
      [young],
    );
  }
  assert.equal((await client.readJob({ Id: old })).Job!.Status, "Submitted");
});

for (const Ascending of [undefined, "true", "false"]) {
  test(`pages neither skip nor repeat while jobs come and pipelines go (Ascending ${Ascending})`, async (t) => {
    const { client } = await startTranscoder(t, { limits: { pipelines: 200 } });
    const PipelineId = (await client.createPipeline(pipeline)).Pipeline!.Id!;
    const existing: string[] = [];
    const addJobs = async (count: number) => {
      const added: string[] = [];
      for (let index = 0; index < count; index += 1) added.push((await client.createJob(jobOf(PipelineId))).Job!.Id!);
      return added;
    };
    existing.push(...(await addJobs(120)));
    const pages: string[][] = [];
    for (let PageToken: string | undefined; pages.length === 0 || PageToken !== undefined; ) {
      const page = await client.listJobsByPipeline({ PipelineId, Ascending, PageToken });
      pages.push(page.Jobs!.map(({ Id }) => Id!));
      PageToken = page.NextPageToken;
      if (pages.length < 3) await addJobs(3);
    }
    const listed = pages.flat();
    const sorted = [...listed].sort();
    assert.deepEqual(listed, Ascending === "false" ? sorted.reverse() : sorted);
    assert.equal(new Set(listed).size, listed.length);
    assert.deepEqual(
      existing.filter((id) => !listed.includes(id)),
      [],
    );
    assert.deepEqual(
      pages.map(({ length }) => length),
      Ascending === "false" ? [50, 50, 20] : [50, 50, 26],
    );
    assert.deepEqual([...existing].sort(), existing);
  });
}

test("a page goes on behind an item that is gone, and the last page has a null token", async (t) => {
  const { client, call } = await startTranscoder(t, { limits: { pipelines: 200 } });
  const ids: string[] = [];
  for (let index = 0; index < 51; index += 1) ids.push((await client.createPipeline(pipeline)).Pipeline!.Id!);
  const first = await client.listPipelines({});
  assert.equal(first.NextPageToken, ids[49]);
  await client.deletePipeline({ Id: ids[49]! });
  const { body } = await call("GET", `${api}/pipelines/?PageToken=${first.NextPageToken}`);
  assert.deepEqual([body.Pipelines.map(({ Id }: { Id: string }) => Id), body.NextPageToken], [[ids[50]], null]);
});

function jobOf(PipelineId: string): CreateJobRequest {
  return { PipelineId, Input: { Key: "in.mp4" }, Output: { Key: "out.mp4", PresetId: mp4 } };
}

function pick({ status, body }: { status: number; body: unknown }) {
  return { status, body };
}
