/**
 * What a pipeline's role may and may not: who may pass it, whom it trusts, and what its jobs can do in it.
 */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { CreatePresetRequest } from "@aws-sdk/client-elastic-transcoder";
import { account } from "../support/identities.ts";
import { defaultStatements, transcoderTrust } from "../support/transcoder-role.ts";
import { startJobServer } from "./job-server.ts";
import { makeClip } from "./millrace-process.ts";
import { mp3, rung } from "./workshop.ts";

const allow = (Action: string | string[], Resource: string | string[], more = {}) => ({
  Effect: "Allow",
  Action,
  Resource,
  ...more,
});
const roleArn = (name: string) => `arn:aws:iam::${account}:role/${name}`;
const buckets = { InputBucket: "job-in", OutputBucket: "job-out" };

test("a pipeline takes a role of its account that trusts the transcoder, from who may pass it", async (t) => {
  const server = await startJobServer(t);
  await server.role("good", transcoderTrust, [{ Statement: defaultStatements }]);
  await server.role("other", { Service: "lambda.amazonaws.com" }, [{ Statement: defaultStatements }]);
  const root = server.transcoder();
  const pipeline = { Name: "p", ...buckets, Role: roleArn("good") };
  const refused: [role: string, says: RegExp][] = [
    [roleArn("missing"), /^The specified role does not exist: role=.*:role\/missing\.$/],
    [
      roleArn("other"),
      /could not be assumed: .* must allow elastictranscoder\.amazonaws\.com the action sts:AssumeRole\.$/,
    ],
  ];
  const Id = (await root.createPipeline(pipeline)).Pipeline!.Id!;
  for (const [Role, message] of refused) {
    const refusal = { name: "ValidationException", message };
    await assert.rejects(root.createPipeline({ ...pipeline, Role }), refusal);
    await assert.rejects(root.updatePipeline({ Id, Role }), refusal);
  }

  const foreign = { ...pipeline, Role: "arn:aws:iam::999999999999:role/good" };
  await assert.rejects(root.createPipeline(foreign), { name: "AccessDeniedException", message: /iam:PassRole/ });

  const pass = (PassedTo: string) =>
    allow("iam:PassRole", roleArn("good"), { Condition: { StringEquals: { "iam:PassedToService": PassedTo } } });
  const all = allow("elastictranscoder:*", "*");
  const callers = [
    { name: "passes", policies: [{ Statement: [all, pass("elastictranscoder.amazonaws.com")] }], may: true },
    { name: "passes-to-others", policies: [{ Statement: [all, pass("lambda.amazonaws.com")] }], may: false },
    { name: "passes-none", policies: [{ Statement: [all] }], may: false },
  ];
  for (const { name, policies, may } of callers) {
    const client = server.transcoder((await server.user(name, policies)).keys);
    const calls = [
      () => client.createPipeline({ ...pipeline, Name: name }),
      () => client.updatePipeline({ Id, Role: pipeline.Role }),
    ];
    for (const call of calls) {
      if (may) await call();
      else {
        const message = new RegExp(
          `user/${name} is not authorized to perform: iam:PassRole on resource: ${pipeline.Role} `,
        );
        await assert.rejects(call(), { name: "AccessDeniedException", message });
      }
    }
    // What leaves the role as it is passes nothing on.
    await client.updatePipeline({ Id, Name: "renamed" });
  }
});

test("a job can do what its role can, and says what it could not", async (t) => {
  const server = await startJobServer(t);
  const folder = await mkdtemp(join(tmpdir(), "millrace-roles-"));
  t.after(() => rm(folder, { recursive: true }));
  await makeClip(join(folder, "clip.mp4"), 1);
  const clip = await readFile(join(folder, "clip.mp4"));
  const s3 = server.s3();
  await server.put("clip.mp4", clip);
  await server.put("open/clip.mp4", clip);
  const { KeyMetadata } = await server.kms.createKey({});
  await s3.putObject({
    ...{ Bucket: "job-in", Key: "sealed.mp4", Body: clip },
    ...{ ServerSideEncryption: "aws:kms", SSEKMSKeyId: KeyMetadata!.Arn },
  });
  const transcoder = server.transcoder();
  const preset = async (asked: object) => (await transcoder.createPreset(asked as CreatePresetRequest)).Preset!.Id!;
  const [video, audio] = [await preset(rung), await preset(mp3)];

  const read = allow("s3:GetObject", "arn:aws:s3:::job-in/*");
  const write = allow("s3:PutObject", "arn:aws:s3:::job-out/*");
  const list = allow("s3:ListBucket", "arn:aws:s3:::job-in");
  const place = (bucket: string, key: string, role: string) =>
    new RegExp(`bucket=${bucket}, key=${key}, role=${roleArn(role)}, `);
  const cases: {
    name: string;
    statements: object[];
    input?: string;
    output?: object;
    code?: string;
    says?: RegExp[];
  }[] = [
    { name: "enough", statements: [read, write] },
    {
      name: "reads-nothing",
      statements: [write],
      code: "3003",
      says: [
        place("job-in", "clip.mp4", "reads-nothing"),
        /s3:GetObject is not allowed because no identity-based policy/,
      ],
    },
    {
      name: "reads-some",
      statements: [allow("s3:GetObject", "arn:aws:s3:::job-in/open/*"), write],
      input: "open/clip.mp4",
    },
    {
      name: "may-not-know",
      statements: [read, write],
      input: "missing.mp4",
      code: "3003",
      says: [/s3:ListBucket is not allowed/],
    },
    { name: "may-know", statements: [read, write, list], input: "missing.mp4", code: "3001" },
    {
      name: "writes-nothing",
      statements: [read],
      code: "3004",
      says: [place("job-out", "writes-nothing/a.mp3", "writes-nothing"), /s3:PutObject is not allowed/],
    },
    {
      name: "writes-only-the-first",
      statements: [read, allow("s3:PutObject", "arn:aws:s3:::job-out/*/a00000.ts")],
      output: { Key: "a", PresetId: video, SegmentDuration: "1" },
      code: "3004",
      says: [place("job-out", "writes-only-the-first/a.m3u8", "writes-only-the-first")],
    },
    {
      name: "denied",
      statements: [read, write, { ...write, Effect: "Deny" }],
      code: "3004",
      says: [/with an explicit deny in an identity-based policy/],
    },
    {
      name: "may-not-decrypt",
      statements: [read, write],
      input: "sealed.mp4",
      code: "3003",
      says: [/not allowed kms:Decrypt on arn:aws:kms/],
    },
    { name: "may-decrypt", statements: [read, write, allow("kms:Decrypt", KeyMetadata!.Arn!)], input: "sealed.mp4" },
    {
      name: "misses-a-watermark",
      statements: [allow("s3:GetObject", "arn:aws:s3:::job-in/*.mp4"), write],
      output: { Key: "a.ts", PresetId: video, Watermarks: [{ PresetWatermarkId: "corner", InputKey: "logo.png" }] },
      code: "3003",
      says: [place("job-in", "logo.png", "misses-a-watermark")],
    },
  ];
  for (const { name, statements, input = "clip.mp4", output = {}, code, says = [] } of cases) {
    await t.test(name, async () => {
      const PipelineId = await server.pipeline(name, statements);
      const job = await server.run({
        ...{ PipelineId, Input: { Key: input }, OutputKeyPrefix: `${name}/` },
        Output: { Key: "a.mp3", PresetId: audio, ...output },
      });
      assert.equal(job.Output!.StatusDetail?.slice(0, 4), code);
      for (const words of says) assert.match(job.Output!.StatusDetail!, words);
      const { KeyCount } = await s3.listObjectsV2({ Bucket: "job-out", Prefix: `${name}/` });
      assert.equal(KeyCount, code === undefined ? 1 : 0);
      await transcoder.deletePipeline({ Id: PipelineId });
    });
  }

  await t.test("bucket policies have their say, for and against", async () => {
    const policy = (...Statement: object[]) => JSON.stringify({ Version: "2012-10-17", Statement });
    const Principal = { AWS: roleArn("by-bucket") };
    const PipelineId = await server.pipeline("by-bucket", [write]);
    const job = { PipelineId, Input: { Key: "clip.mp4" }, Output: { Key: "a.mp3", PresetId: audio } };
    const grant = { Effect: "Allow", Principal, Action: "s3:GetObject", Resource: "arn:aws:s3:::job-in/*" };
    await s3.putBucketPolicy({ Bucket: "job-in", Policy: policy(grant) });
    assert.equal((await server.run({ ...job, OutputKeyPrefix: "granted/" })).Status, "Complete");
    await s3.putBucketPolicy({ Bucket: "job-in", Policy: policy({ ...grant, Effect: "Deny", Principal: "*" }) });
    const { Output } = await server.run({ ...job, OutputKeyPrefix: "denied/" });
    assert.match(Output!.StatusDetail!, /^3003 .* with an explicit deny in a resource-based policy/);
    await s3.deleteBucketPolicy({ Bucket: "job-in" });
    await transcoder.deletePipeline({ Id: PipelineId });
  });

  await t.test("a role that is gone when the job runs ends it with 2000", async () => {
    const PipelineId = await server.pipeline("gone", [read, write]);
    await transcoder.updatePipelineStatus({ Id: PipelineId, Status: "Paused" });
    const job = { PipelineId, Input: { Key: "clip.mp4" }, Output: { Key: "gone.mp3", PresetId: audio } };
    const { Job } = await transcoder.createJob(job);
    await server.records.db.deleteFrom("roles").where("name", "=", "gone").execute();
    server.access.forget();
    await transcoder.updatePipelineStatus({ Id: PipelineId, Status: "Active" });
    const { Output } = await server.ended(Job!.Id!);
    assert.match(Output!.StatusDetail!, /^2000 .*role=.*:role\/gone, there is no such role\.$/);
  });
});

test("TestRole names what is missing", async (t) => {
  const server = await startJobServer(t);
  const transcoder = server.transcoder();
  const list = (bucket: string) => allow("s3:ListBucket", `arn:aws:s3:::${bucket}`);
  await server.role("both", transcoderTrust, [{ Statement: [list("job-in"), list("job-out")] }]);
  await server.role("one", transcoderTrust, [{ Statement: [list("job-in"), list("elsewhere")] }]);
  await server.role("other", { Service: "lambda.amazonaws.com" }, [{ Statement: defaultStatements }]);
  const out = (name: string, ...buckets: string[]) =>
    buckets.map((bucket) => `The role ${roleArn(name)} does not have access to the bucket: ${bucket}`);
  const cases: [name: string, output: string, messages: string[]][] = [
    ["both", "job-out", []],
    ["one", "job-out", out("one", "job-out")],
    ["one", "elsewhere", out("one", "elsewhere")],
    [
      "other",
      "job-out",
      [
        `The role ${roleArn("other")} cannot be assumed: its trust policy does not allow elastictranscoder.amazonaws.com`,
        ...out("other", "job-in", "job-out"),
      ],
    ],
    ["missing", "job-out", [`The role ${roleArn("missing")} does not exist`, ...out("missing", "job-in", "job-out")]],
  ];
  for (const [name, OutputBucket, Messages] of cases) {
    const asked = { Role: roleArn(name), InputBucket: "job-in", OutputBucket, Topics: [] };
    const { Success, Messages: said } = await transcoder.testRole(asked);
    assert.deepEqual({ Success, said }, { Success: Messages.length === 0 ? "true" : "false", said: Messages });
  }
});
