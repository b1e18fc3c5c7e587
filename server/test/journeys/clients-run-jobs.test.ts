/**
 * The same story by three unmodified clients against one running server: a bucket, a file, a pipeline, a preset, a job that
 * really transcodes, and the result read back. Only endpoint and keys are set.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { waitUntilJobComplete } from "@aws-sdk/client-elastic-transcoder";
import {
  keys,
  type MillraceProcess,
  makeClip,
  s3Of,
  startMillrace,
  transcoderOf,
  withFolder,
} from "./millrace-process.ts";

const run = promisify(execFile);
const aws = "/usr/bin/aws";
const python = "/usr/bin/python3";
const hasBoto = await run(python, ["-c", "import boto3; boto3.client('elastictranscoder', 'us-east-1')"]).then(
  () => true,
  () => false,
);
const role = "arn:aws:iam::000000000000:role/Elastic_Transcoder_Default_Role";
const video = {
  Codec: "H.264",
  CodecOptions: { Profile: "main", Level: "3", MaxReferenceFrames: "3" },
  KeyframesMaxDist: "50",
  FixedGOP: "false",
  BitRate: "300",
  FrameRate: "25",
  MaxWidth: "256",
  MaxHeight: "144",
  SizingPolicy: "Fit",
  PaddingPolicy: "NoPad",
  DisplayAspectRatio: "auto",
};
const audio = { Codec: "AAC", SampleRate: "44100", BitRate: "96", Channels: "2", CodecOptions: { Profile: "AAC-LC" } };
const thumbnails = {
  Format: "png",
  Interval: "1",
  MaxWidth: "128",
  MaxHeight: "72",
  SizingPolicy: "Fit",
  PaddingPolicy: "NoPad",
};

let folder: string;
let server: MillraceProcess;
let done: () => void;
const story = Promise.withResolvers<void>();

before(async () => {
  const ready = Promise.withResolvers<void>();
  void withFolder(async (path) => {
    folder = path;
    server = await startMillrace([
      "serve",
      "--listen",
      "127.0.0.1:0",
      "--data",
      join(path, "data"),
      "--log-level",
      "warn",
    ]);
    await makeClip(join(path, "clip.mp4"), 2);
    ready.resolve();
    await new Promise<void>((resolve) => {
      done = resolve;
    });
    await server.kill("SIGTERM");
  }).then(story.resolve, (error) => {
    ready.reject(error);
    story.reject(error);
  });
  await ready.promise;
});

after(async () => {
  done();
  await story.promise;
});

async function isThePreset(path: string): Promise<void> {
  const fields = ["-show_entries", "stream=codec_name,width,height,r_frame_rate", "-of", "csv=p=0"];
  const { stdout } = await run("ffprobe", ["-v", "error", ...fields, path]);
  assert.deepEqual(stdout.trim().split("\n"), ["h264,256,144,25/1", "aac,0/0"]);
}

test("the JS SDK runs a job and reads its result", async () => {
  const s3 = s3Of(server.url);
  const transcoder = transcoderOf(server.url);
  await s3.createBucket({ Bucket: "js-media" });
  await s3.putObject({ Bucket: "js-media", Key: "clip.mp4", Body: await readFile(join(folder, "clip.mp4")) });
  const { Pipeline } = await transcoder.createPipeline({
    Name: "js",
    InputBucket: "js-media",
    OutputBucket: "js-media",
    Role: role,
  });
  const preset = { Name: "small", Container: "mp4", Video: video, Audio: audio, Thumbnails: thumbnails };
  const { Preset, Warning } = await transcoder.createPreset(preset);
  assert.equal(Warning, "");
  const { Job } = await transcoder.createJob({
    PipelineId: Pipeline!.Id,
    Input: { Key: "clip.mp4" },
    Outputs: [{ Key: "out.mp4", PresetId: Preset!.Id, ThumbnailPattern: "thumb-{count}" }],
  });
  const waiter = { client: transcoder, maxWaitTime: 120, minDelay: 1, maxDelay: 1 };
  assert.equal((await waitUntilJobComplete(waiter, { Id: Job!.Id })).state, "SUCCESS");
  const read = (await transcoder.readJob({ Id: Job!.Id })).Job!;
  assert.deepEqual(
    [
      read.Status,
      read.Output?.Width,
      read.Output?.Height,
      read.Output?.Duration,
      read.Input?.DetectedProperties?.Width,
    ],
    ["Complete", 256, 144, 3, 320],
  );
  const { Body } = await s3.getObject({ Bucket: "js-media", Key: "out.mp4" });
  await writeFile(join(folder, "js.mp4"), await Body!.transformToByteArray());
  await isThePreset(join(folder, "js.mp4"));
  const { Contents = [] } = await s3.listObjectsV2({ Bucket: "js-media", Prefix: "thumb" });
  assert.deepEqual(
    Contents.map(({ Key }) => Key),
    ["thumb-00001.png", "thumb-00002.png"],
  );
});

test("the AWS CLI runs a job, waits for it and reads its result", {
  skip: !existsSync(aws) && `no ${aws}`,
}, async () => {
  const cli = async (...args: string[]) => {
    const { stdout } = await run(aws, [...args, "--endpoint-url", server.url, "--output", "json"], {
      env: environment(),
    });
    return stdout.startsWith("{") ? JSON.parse(stdout) : stdout;
  };
  await cli("s3", "mb", "s3://cli");
  await cli("s3", "cp", join(folder, "clip.mp4"), "s3://cli/clip.mp4");
  const buckets = ["--input-bucket", "cli", "--output-bucket", "cli"];
  const { Pipeline } = await cli("elastictranscoder", "create-pipeline", "--name", "cli", "--role", role, ...buckets);
  const settings = ["--video", JSON.stringify(video), "--audio", JSON.stringify(audio)];
  const preset = ["--name", "small", "--container", "mp4", ...settings];
  const { Preset } = await cli("elastictranscoder", "create-preset", ...preset);
  const output = JSON.stringify([{ Key: "out.mp4", PresetId: Preset.Id }]);
  const job = ["--pipeline-id", Pipeline.Id, "--input", "Key=clip.mp4", "--outputs", output];
  const { Job } = await cli("elastictranscoder", "create-job", ...job);
  // The CLI's waiter sleeps 30 s between looks: it is let look once, when there is something to see.
  const transcoder = transcoderOf(server.url);
  await waitUntilJobComplete({ client: transcoder, maxWaitTime: 120, minDelay: 1, maxDelay: 1 }, { Id: Job.Id });
  await cli("elastictranscoder", "wait", "job-complete", "--id", Job.Id);
  const read = await cli("elastictranscoder", "read-job", "--id", Job.Id);
  assert.deepEqual([read.Job.Status, read.Job.Output.Width, read.Job.Output.Status], ["Complete", 256, "Complete"]);
  await cli("s3", "cp", "s3://cli/out.mp4", join(folder, "cli.mp4"));
  await isThePreset(join(folder, "cli.mp4"));
});

test("boto3 runs a job, waits for it and reads its result", {
  skip: !hasBoto && "no boto3 (apt-get install python3-boto3)",
}, async () => {
  const script = `
import boto3, json, sys

endpoint, clip, out, role, video, audio = sys.argv[1:]
s3 = boto3.client("s3", endpoint_url=endpoint)
ets = boto3.client("elastictranscoder", endpoint_url=endpoint)
s3.create_bucket(Bucket="boto")
s3.upload_file(clip, "boto", "clip.mp4")
pipeline = ets.create_pipeline(Name="boto", InputBucket="boto", OutputBucket="boto", Role=role, Notifications=dict(Progressing="", Completed="", Warning="", Error=""))["Pipeline"]
preset = ets.create_preset(Name="small", Container="mp4", Video=json.loads(video), Audio=json.loads(audio))["Preset"]
job = ets.create_job(PipelineId=pipeline["Id"], Input={"Key": "clip.mp4"}, Outputs=[{"Key": "out.mp4", "PresetId": preset["Id"]}])["Job"]
waiter = ets.get_waiter("job_complete")
waiter.wait(Id=job["Id"], WaiterConfig={"Delay": 1, "MaxAttempts": 120})
job = ets.read_job(Id=job["Id"])["Job"]
s3.download_file("boto", "out.mp4", out)
print(json.dumps([job["Status"], job["Output"]["Width"], job["Timing"]["FinishTimeMillis"] >= job["Timing"]["StartTimeMillis"]]))
`;
  const out = join(folder, "boto.mp4");
  const args = [server.url, join(folder, "clip.mp4"), out, role, JSON.stringify(video), JSON.stringify(audio)];
  const { stdout } = await run(python, ["-c", script, ...args], { env: environment() });
  assert.deepEqual(JSON.parse(stdout), ["Complete", 256, true]);
  await isThePreset(out);
});

function environment(): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH,
    HOME: folder,
    AWS_ACCESS_KEY_ID: keys.accessKeyId,
    AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
    AWS_DEFAULT_REGION: "us-east-1",
    AWS_EC2_METADATA_DISABLED: "true",
    AWS_PAGER: "",
  };
}
