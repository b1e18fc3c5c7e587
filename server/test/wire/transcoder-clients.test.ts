/**
 * Elastic Transcoder through the AWS CLI and boto3, as distributions ship them: only the endpoint and the keys are set.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { account, keys, region, startTranscoder, type TranscoderServer } from "./transcoder-server.ts";

const run = promisify(execFile);
const role = `arn:aws:iam::${account}:role/Elastic_Transcoder_Default_Role`;
const aws = "/usr/bin/aws";
const python = "/usr/bin/python3";
const hasBoto = await run(python, ["-c", "import boto3; boto3.client('elastictranscoder', 'us-east-1')"]).then(
  () => true,
  () => false,
);

function environment({ folder }: TranscoderServer): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH,
    HOME: folder,
    AWS_ACCESS_KEY_ID: keys.accessKeyId,
    AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
    AWS_DEFAULT_REGION: region,
    AWS_EC2_METADATA_DISABLED: "true",
    AWS_PAGER: "",
  };
}

test("the AWS CLI makes a pipeline, a preset and jobs, and waits for one", {
  skip: !existsSync(aws) && `no ${aws}`,
}, async (t) => {
  const server = await startTranscoder(t);
  const cli = async (...args: string[]) => {
    const command = ["elastictranscoder", ...args, "--endpoint-url", server.url, "--output", "json"];
    const { stdout } = await run(aws, command, { env: environment(server) });
    return stdout === "" ? {} : JSON.parse(stdout);
  };
  const buckets = ["--input-bucket", "in", "--output-bucket", "out"];
  const { Pipeline, Warnings } = await cli("create-pipeline", "--name", "p", "--role", role, ...buckets);
  assert.deepEqual([Pipeline.Status, Pipeline.ContentConfig.Bucket, Warnings], ["Active", "out", []]);
  const notifications = '{"Progressing":"","Completed":"","Warning":"","Error":""}';
  const updated = await cli("update-pipeline-notifications", "--id", Pipeline.Id, "--notifications", notifications);
  assert.equal(updated.Pipeline.Id, Pipeline.Id);

  const audio = '{"Codec":"mp3","SampleRate":"44100","BitRate":"128","Channels":"2","CodecOptions":{}}';
  const { Preset, Warning } = await cli("create-preset", "--name", "a", "--container", "mp3", "--audio", audio);
  assert.deepEqual([Preset.Type, Preset.Audio.BitRate, Warning], ["Custom", "128", ""]);
  // The CLI fetches page after page by itself.
  assert.equal((await cli("list-presets")).Presets.length, 63);

  const output = JSON.stringify({ Key: "b.mp3", PresetId: Preset.Id });
  const newJob = ["create-job", "--pipeline-id", Pipeline.Id, "--input", "Key=a.wav", "--outputs", `[${output}]`];
  const { Job } = await cli(...newJob, "--user-metadata", '{"title":"A b"}');
  assert.deepEqual([Job.Status, Job.Output.Key, Job.UserMetadata], ["Submitted", "b.mp3", { title: "A b" }]);
  assert.equal((await cli("list-jobs-by-pipeline", "--pipeline-id", Pipeline.Id)).Jobs[0].Id, Job.Id);
  await cli("cancel-job", "--id", Job.Id);
  assert.equal((await cli("list-jobs-by-status", "--status", "Canceled")).Jobs[0].Id, Job.Id);
  await assert.rejects(cli("cancel-job", "--id", Job.Id), /ResourceInUseException.*The job was already in use/);
  await assert.rejects(cli("read-job", "--id", "xyz"), /ValidationException.*Value 'xyz' at 'id'/);

  const second = (await cli(...newJob)).Job.Id;
  await server.records.db.updateTable("jobs").set({ status: "Complete" }).where("id", "=", second).execute();
  await cli("wait", "job-complete", "--id", second);
  const roleTest = await cli("test-role", "--role", role, ...buckets, "--topics", "[]");
  assert.equal(roleTest.Success, "false");
  await cli("update-pipeline-status", "--id", Pipeline.Id, "--status", "Paused");
  await cli("delete-preset", "--id", Preset.Id);
  await cli("delete-pipeline", "--id", Pipeline.Id);
  assert.deepEqual((await cli("list-pipelines")).Pipelines, []);
});

const script = `
import json, sys, boto3
from botocore.exceptions import ClientError
ets = boto3.client("elastictranscoder", endpoint_url=sys.argv[1])
role = sys.argv[2]
pipeline = ets.create_pipeline(Name="p", InputBucket="in", Role=role,
    ContentConfig={"Bucket": "media", "StorageClass": "Standard"}, ThumbnailConfig={"Bucket": "thumbs"})["Pipeline"]
assert "OutputBucket" not in pipeline and pipeline["ContentConfig"]["Permissions"] == [], pipeline
assert ets.read_pipeline(Id=pipeline["Id"])["Pipeline"] == pipeline
preset = ets.create_preset(Name="v", Container="webm", Video={"Codec": "vp9", "CodecOptions": {"Profile": "0"},
    "MaxWidth": "640", "MaxHeight": "360"})["Preset"]
job = ets.create_job(PipelineId=pipeline["Id"], Inputs=[{"Key": "a"}],
    Outputs=[{"Key": "b.webm", "PresetId": preset["Id"], "ThumbnailPattern": ""}])["Job"]
assert "Rotate" not in job["Output"] and job["Output"]["Watermarks"] == [] and job["Playlists"] == [], job
assert job["Timing"]["SubmitTimeMillis"] > 0, job
assert ets.read_job(Id=job["Id"])["Job"] == job
presets = [p["Id"] for page in ets.get_paginator("list_presets").paginate() for p in page["Presets"]]
assert len(presets) == len(set(presets)) == 63 and presets[-1] == preset["Id"], presets
ets.cancel_job(Id=job["Id"])
assert ets.read_job(Id=job["Id"])["Job"]["Status"] == "Canceled"
try:
    ets.get_waiter("job_complete").wait(Id=job["Id"])
    raise AssertionError("waited for a cancelled job")
except Exception as error:
    assert "terminal failure state" in str(error), error
try:
    ets.create_job(PipelineId=pipeline["Id"], Input={"Key": "a"}, Output={"Key": "b", "PresetId": "1111111111111-abcde1"})
    raise AssertionError("took a preset that does not exist")
except ClientError as error:
    print(json.dumps([error.response["Error"], error.response["ResponseMetadata"]["HTTPStatusCode"]]))
`;

test("boto3 makes a pipeline, a preset and a job", {
  skip: !hasBoto && "no boto3 with elastictranscoder",
}, async (t) => {
  const server = await startTranscoder(t);
  const file = join(server.folder, "client.py");
  await writeFile(file, script);
  const { stdout } = await run(python, [file, server.url, role], { env: environment(server) });
  const message = `The specified preset was not found: account=${account}, presetId=1111111111111-abcde1.`;
  assert.deepEqual(JSON.parse(stdout), [{ Message: message, Code: "ResourceNotFoundException" }, 404]);
});
