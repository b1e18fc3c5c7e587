/**
 * Images that producers ask for by a tag in a fragment, as they come into the bucket.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { KinesisVideo } from "@aws-sdk/client-kinesis-video";
import { buildTags } from "@millrace/media/matroska/writer";
import { PutMediaConnection } from "../support/put-media.ts";
import { pictures, record } from "../support/stored-media.ts";
import { keys, s3Of, startMillrace, withFolder } from "./millrace-process.ts";

const region = "us-east-1";
const StreamName = "door";
const Bucket = "snapshots";

test("makes images of marked fragments and puts them, with what is known of them, into the bucket", async () => {
  await withFolder(async (folder) => {
    const server = await startMillrace(["serve", "--listen", "127.0.0.1:0", "--data", join(folder, "data")]);
    try {
      const s3 = s3Of(server.url);
      const control = new KinesisVideo({ endpoint: server.url, region, credentials: keys });
      await s3.createBucket({ Bucket });
      await control.createStream({ StreamName, DataRetentionInHours: 1 });
      await control.updateImageGenerationConfiguration({
        StreamName,
        ImageGenerationConfiguration: {
          Status: "ENABLED",
          ImageSelectorType: "PRODUCER_TIMESTAMP",
          DestinationConfig: { Uri: `s3://${Bucket}/cameras`, DestinationRegion: region },
          SamplingInterval: 400,
          Format: "JPEG",
          WidthPixels: 80,
        },
      });

      const { header, clusters } = record(...pictures(2));
      const start = Date.now();
      const options = { url: server.url, region, credentials: keys, stream: StreamName };
      const relative = { timecodes: "RELATIVE" as const, start: (start / 1000).toFixed(3) };
      const producer = new PutMediaConnection({ ...options, ...relative });
      const mark = [
        { name: "AWS_KINESISVIDEO_IMAGE_GENERATION", value: "" },
        { name: "AWS_KINESISVIDEO_IMAGE_PREFIX", value: "alarm" },
        { name: "Seen by", value: "porch" },
      ];
      await producer.write(Buffer.concat([header, clusters[0]!.bytes, buildTags(mark), clusters[1]!.bytes]));
      producer.end();
      const persisted = (await producer.all()).filter(({ EventType }) => EventType === "PERSISTED");
      assert.equal(persisted.length, 2);

      let keysFound: string[] = [];
      for (let tries = 0; keysFound.length < 3 && tries < 100; tries++) {
        await sleep(100);
        keysFound = ((await s3.listObjectsV2({ Bucket })).Contents ?? []).map(({ Key = "" }) => Key);
      }
      // The second fragment begins a second after the first, lasts a second, and is sampled every 400 ms.
      const expected = [1000, 1400, 1800].map((after) => `cameras/alarm_000000000000_${StreamName}_${start + after}`);
      assert.deepEqual(
        keysFound.map((key) => key.replace(/_[0-9a-f-]{36}\.jpg$/, "")),
        expected,
        server.output(),
      );
      const image = await s3.getObject({ Bucket, Key: keysFound[0]! });
      assert.equal(image.ContentType, "image/jpeg");
      const { aws_kinesisvideo_server_timestamp: received, ...metadata } = image.Metadata!;
      assert.ok(Math.abs(Number(received) - Date.now()) < 60_000);
      assert.deepEqual(metadata, {
        aws_kinesisvideo_fragment_number: "FragmentNumber" in persisted[1]! ? persisted[1].FragmentNumber : "",
        aws_kinesisvideo_producer_timestamp: String(start + 1000),
        seen_by: "porch",
      });
      const size = ["-v", "error", "-show_entries", "stream=codec_name,width,height", "-of", "csv=p=0", "-i", "pipe:0"];
      const input = await image.Body!.transformToByteArray();
      const probed = execFileSync(process.env.MILLRACE_FFPROBE ?? "ffprobe", size, { input });
      assert.equal(probed.toString().trim(), "mjpeg,80,60");
    } finally {
      await server.kill("SIGTERM");
    }
  });
});
