/**
 * Kinesis Video Streams through the AWS CLI and boto3, as distributions ship them: only the endpoint and the keys are
 * set.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { account, keys, region, type StreamsServer, startStreams } from "./streams-server.ts";

const run = promisify(execFile);
const aws = "/usr/bin/aws";
const python = "/usr/bin/python3";
const hasBoto = await run(python, ["-c", "import boto3; boto3.client('kinesisvideo', 'us-east-1')"]).then(
  () => true,
  () => false,
);

function environment({ folder }: StreamsServer): NodeJS.ProcessEnv {
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

test("the AWS CLI makes, tags, changes, lists and deletes streams", {
  skip: !existsSync(aws) && `no ${aws}`,
}, async (t) => {
  const server = await startStreams(t);
  const cli = async (...args: string[]) => {
    const command = ["kinesisvideo", ...args, "--endpoint-url", server.url, "--output", "json"];
    const { stdout } = await run(aws, command, { env: environment(server) });
    return stdout.trim() === "" ? {} : JSON.parse(stdout);
  };
  const named = ["--stream-name", "cam"];
  const { StreamARN } = await cli("create-stream", ...named, "--data-retention-in-hours", "24", "--tags", "site=north");
  const { StreamInfo } = await cli("describe-stream", ...named);
  assert.deepEqual(
    [StreamInfo.Status, StreamInfo.StreamARN, StreamInfo.DataRetentionInHours],
    ["ACTIVE", StreamARN, 24],
  );
  assert.ok(Math.abs(Date.parse(StreamInfo.CreationTime) - Date.now()) < 60_000, StreamInfo.CreationTime);
  const version = ["--current-version", StreamInfo.Version];
  const shorter = ["--operation", "DECREASE_DATA_RETENTION", "--data-retention-change-in-hours", "24"];
  await cli("update-data-retention", ...named, ...version, ...shorter);
  await assert.rejects(cli("update-stream", ...named, ...version, "--media-type", "a/b"), /VersionMismatchException/);
  assert.deepEqual((await cli("list-tags-for-stream", ...named)).Tags, { site: "north" });
  await cli("tag-stream", "--stream-arn", StreamARN, "--tags", "a=b,c=d");
  await cli("untag-stream", ...named, "--tag-key-list", "a", "site");
  assert.deepEqual((await cli("list-tags-for-resource", "--resource-arn", StreamARN)).Tags, { c: "d" });
  const { DataEndpoint } = await cli("get-data-endpoint", ...named, "--api-name", "GET_MEDIA");
  assert.equal(DataEndpoint, server.url);
  for (const name of ["cam2", "cam3", "door"]) await cli("create-stream", "--stream-name", name);
  const condition = "ComparisonOperator=BEGINS_WITH,ComparisonValue=cam";
  // The CLI fetches page after page by itself.
  const listed = await cli("list-streams", "--stream-name-condition", condition, "--page-size", "1");
  const names = listed.StreamInfoList.map(({ StreamName }: { StreamName: string }) => StreamName);
  assert.deepEqual(names, ["cam", "cam2", "cam3"]);
  await cli("delete-stream", "--stream-arn", StreamARN);
  await assert.rejects(cli("describe-stream", ...named), /ResourceNotFoundException.*not found or not active: cam/);
  await assert.rejects(cli("create-signaling-channel", "--channel-name", "c"), /NotImplemented.*signalling/);
});

const script = `
import json, sys, boto3
from datetime import datetime, timezone
from botocore.exceptions import ClientError
kv = boto3.client("kinesisvideo", endpoint_url=sys.argv[1])
arn = kv.create_stream(StreamName="cam", MediaType="video/h264", DataRetentionInHours=1)["StreamARN"]
info = kv.describe_stream(StreamARN=arn)["StreamInfo"]
assert "DeviceName" not in info and info["MediaType"] == "video/h264" and info["StreamARN"] == arn, info
assert abs((datetime.now(timezone.utc) - info["CreationTime"]).total_seconds()) < 60, info
kv.update_stream(StreamName="cam", CurrentVersion=info["Version"], DeviceName="d")
assert kv.describe_stream(StreamName="cam")["StreamInfo"]["DeviceName"] == "d"
kv.update_notification_configuration(StreamName="cam", NotificationConfiguration={"Status": "ENABLED",
    "DestinationConfig": {"Uri": "arn:aws:sns:us-west-2:${account}:t"}})
assert kv.describe_notification_configuration(StreamName="cam")["NotificationConfiguration"]["Status"] == "ENABLED"
kv.update_notification_configuration(StreamName="cam")
assert "NotificationConfiguration" not in kv.describe_notification_configuration(StreamName="cam")
images = {"Status": "ENABLED", "ImageSelectorType": "SERVER_TIMESTAMP", "SamplingInterval": 3000, "Format": "JPEG",
    "DestinationConfig": {"Uri": "s3://b/p", "DestinationRegion": "${region}"}, "FormatConfig": {"JPEGQuality": "90"}}
kv.update_image_generation_configuration(StreamARN=arn, ImageGenerationConfiguration=images)
assert kv.describe_image_generation_configuration(StreamName="cam")["ImageGenerationConfiguration"] == images
for i in range(5): kv.create_stream(StreamName="n%d" % i)
pages = kv.get_paginator("list_streams").paginate(PaginationConfig={"PageSize": 2})
assert [s["StreamName"] for p in pages for s in p["StreamInfoList"]] == ["cam", "n0", "n1", "n2", "n3", "n4"]
assert kv.get_data_endpoint(StreamName="cam", APIName="GET_CLIP")["DataEndpoint"] == sys.argv[1]
kv.delete_stream(StreamARN=arn)
try:
    kv.tag_stream(StreamARN=arn, Tags={"a": "b"})
    raise AssertionError("tagged a stream that is gone")
except ClientError as error:
    print(json.dumps([error.response["Error"], error.response["ResponseMetadata"]["HTTPStatusCode"], arn]))
`;

test("boto3 makes, changes, lists and deletes streams", {
  skip: !hasBoto && "no boto3 with kinesisvideo",
}, async (t) => {
  const server = await startStreams(t);
  const file = join(server.folder, "client.py");
  await writeFile(file, script);
  const { stdout } = await run(python, [file, server.url], { env: environment(server) });
  const [error, status, arn] = JSON.parse(stdout);
  const message = `The requested stream is not found or not active: ${arn}`;
  assert.deepEqual([error.Code, error.Message, status], ["ResourceNotFoundException", message, 404]);
});
