/** Stored media through the AWS CLI and boto3, as distributions ship them: only the endpoint and the keys are set. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { play } from "../support/players.ts";
import { pictures, record, store } from "../support/stored-media.ts";
import { type MediaServer, startMedia } from "./stored-media-server.ts";
import { keys, region } from "./streams-server.ts";

const run = promisify(execFile);
const aws = "/usr/bin/aws";
const python = "/usr/bin/python3";
const hasBoto = await run(python, [
  "-c",
  "import boto3; boto3.client('kinesis-video-archived-media', 'us-east-1').get_images",
]).then(
  () => true,
  () => false,
);

const start = Date.parse("2026-01-02T03:04:05Z");
const recording = record(...pictures(4));

function environment({ folder }: MediaServer): NodeJS.ProcessEnv {
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

test("the AWS CLI lists fragments, and gets their media, a clip and a URL that plays", {
  skip: !existsSync(aws) && `no ${aws}`,
}, async (t) => {
  const server = await startMedia(t);
  const stored = await store(server.engine, server.streamId, recording, { producerStart: start });
  const cli = async (...args: string[]) => {
    const command = ["kinesis-video-archived-media", ...args, "--endpoint-url", server.url, "--output", "json"];
    const { stdout } = await run(aws, [...command, "--stream-name", "cam"], { env: environment(server) });
    return JSON.parse(stdout);
  };
  const range = "{StartTimestamp=2026-01-02T03:04:05Z,EndTimestamp=2026-01-02T03:04:07Z}";
  const selector = `FragmentSelectorType=PRODUCER_TIMESTAMP,TimestampRange=${range}`;
  // Page after page by itself.
  const { Fragments } = await cli("list-fragments", "--fragment-selector", selector, "--page-size", "1");
  const numbers = stored.slice(0, 3).map(({ number }) => number);
  assert.deepEqual(
    Fragments.map(({ FragmentNumber }: { FragmentNumber: string }) => FragmentNumber),
    numbers,
  );
  const media = join(server.folder, "media.mkv");
  const got = await cli("get-media-for-fragment-list", media, "--fragments", numbers[0]!);
  assert.equal(got.ContentType, "video/webm");
  assert.equal((await play(media))[0]!.pts.length, 25);
  const clip = join(server.folder, "clip.mp4");
  await cli("get-clip", "--clip-fragment-selector", selector, clip);
  assert.equal((await play(clip))[0]!.pts.length, 75);
  const onDemand = ["--playback-mode", "ON_DEMAND", "--hls-fragment-selector", selector];
  const { HLSStreamingSessionURL } = await cli("get-hls-streaming-session-url", ...onDemand);
  assert.equal((await play(HLSStreamingSessionURL))[0]!.pts.length, 75);
  await assert.rejects(cli("get-hls-streaming-session-url", "--playback-mode", "LIVE"), /ResourceNotFoundException/);
});

const script = `
import sys, boto3
from datetime import datetime, timezone, timedelta
from urllib.request import urlopen
client = boto3.client("kinesis-video-archived-media", endpoint_url=sys.argv[1])
start = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
span = {"StartTimestamp": start, "EndTimestamp": start + timedelta(seconds=4)}
selector = {"FragmentSelectorType": "PRODUCER_TIMESTAMP", "TimestampRange": span}
pages = client.get_paginator("list_fragments").paginate(StreamName="cam", FragmentSelector=selector, PaginationConfig={"PageSize": 3})
fragments = [fragment for page in pages for fragment in page["Fragments"]]
assert [f["ProducerTimestamp"] for f in fragments] == [start + timedelta(seconds=i) for i in range(4)], fragments
images = client.get_images(StreamName="cam", ImageSelectorType="PRODUCER_TIMESTAMP", Format="JPEG", SamplingInterval=3000, **span)["Images"]
assert [i["TimeStamp"] for i in images] == [start, start + timedelta(seconds=3)], images
assert all(i["ImageContent"].startswith("/9j/") for i in images)
clip = client.get_clip(StreamName="cam", ClipFragmentSelector=selector)
assert clip["ContentType"] == "video/mp4" and clip["Payload"].read()[4:8] == b"ftyp"
url = client.get_dash_streaming_session_url(StreamName="cam", PlaybackMode="ON_DEMAND", DASHFragmentSelector=selector)["DASHStreamingSessionURL"]
assert b"<MPD" in urlopen(url).read()
try:
    client.get_clip(StreamName="cam", ClipFragmentSelector={**selector, "TimestampRange": {**span, "EndTimestamp": start}})
    raise SystemExit("nothing was refused")
except client.exceptions.InvalidArgumentException as error:
    assert "after StartTimestamp" in str(error), error
print("done")
`;

test("boto3 lists fragments, and gets images, a clip and a manifest", {
  skip: !hasBoto && "no boto3 that knows GetImages",
}, async (t) => {
  const server = await startMedia(t);
  await store(server.engine, server.streamId, recording, { producerStart: start });
  const { stdout } = await run(python, ["-c", script, server.url], { env: environment(server) });
  assert.equal(stdout, "done\n");
});
