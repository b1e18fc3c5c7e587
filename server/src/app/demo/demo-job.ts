/**
 * The demo's calls, each as any program would make it with the AWS SDK.
 */
import { createReadStream } from "node:fs";
import { basename } from "node:path";
import {
  CreateJobCommand,
  CreatePipelineCommand,
  CreatePresetCommand,
  ElasticTranscoderClient,
} from "@aws-sdk/client-elastic-transcoder";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import type { DemoServer } from "./demo-server.ts";

export type DemoJob = { id: string; bucket: string };

/** The system presets of the ladder, largest first: rendition name → preset id. */
export const rungs = [
  { name: "2m", presetId: "1351620000001-200010" },
  { name: "1m", presetId: "1351620000001-200030" },
  { name: "400k", presetId: "1351620000001-200050" },
] as const;

export const thumbnailSeconds = 4;
export const segmentSeconds = 6;
export const metadata = {
  title: "Millrace demo",
  artist: "Millrace",
  comment: "made by millrace demo",
  shelf: "demo/1",
};

export async function createDemoJob(
  server: DemoServer,
  source: string,
  logo: string,
): Promise<{ job: DemoJob; s3: S3Client }> {
  const common = {
    endpoint: server.url,
    region: "us-east-1",
    credentials: { accessKeyId: server.accessKeyId, secretAccessKey: server.secretAccessKey },
  };
  const s3 = new S3Client({ ...common, forcePathStyle: true });
  const transcoder = new ElasticTranscoderClient(common);
  const input = { bucket: "demo-input", key: `uploads/${basename(source)}` };
  const bucket = "demo-output";
  for (const Bucket of [input.bucket, bucket]) await s3.send(new CreateBucketCommand({ Bucket }));
  await upload(s3, input.bucket, input.key, source);
  await upload(s3, input.bucket, "brand/logo.png", logo);

  const { Pipeline: pipeline } = await transcoder.send(
    new CreatePipelineCommand({
      Name: "demo",
      InputBucket: input.bucket,
      OutputBucket: bucket,
      Role: "arn:aws:iam::000000000000:role/Elastic_Transcoder_Default_Role",
    }),
  );
  const presetId = await createFilmPreset(transcoder);
  const { Job: job } = await transcoder.send(
    new CreateJobCommand({
      PipelineId: pipeline?.Id,
      Input: { Key: input.key },
      OutputKeyPrefix: "demo/",
      Outputs: [
        ...rungs.map((rung) => ({
          Key: `hls/${rung.name}`,
          PresetId: rung.presetId,
          SegmentDuration: `${segmentSeconds}`,
        })),
        {
          Key: "film.mp4",
          PresetId: presetId,
          ThumbnailPattern: "thumbnails/{resolution}-{count}",
          Watermarks: [
            { PresetWatermarkId: "Logo", InputKey: "brand/logo.png" },
            { PresetWatermarkId: "Caption", InputKey: "text:Millrace {jobId} {timecode}" },
          ],
        },
      ],
      Playlists: [{ Name: "hls/index", Format: "HLSv3", OutputKeys: rungs.map((rung) => `hls/${rung.name}`) }],
      UserMetadata: metadata,
    }),
  );
  transcoder.destroy();
  return { job: { id: String(job?.Id), bucket }, s3 };
}

async function createFilmPreset(transcoder: ElasticTranscoderClient): Promise<string | undefined> {
  const place = { SizingPolicy: "ShrinkToFit", HorizontalOffset: "3%", VerticalOffset: "4%", Target: "Content" };
  const { Preset: preset } = await transcoder.send(
    new CreatePresetCommand({
      Name: "Demo film with watermarks",
      Description: "720p MP4, a logo, a line of text, a thumbnail every few seconds",
      Container: "mp4",
      Video: {
        Codec: "H.264",
        CodecOptions: { Profile: "high", Level: "3.1", MaxReferenceFrames: "3" },
        KeyframesMaxDist: "90",
        FixedGOP: "false",
        BitRate: "1800",
        FrameRate: "auto",
        MaxWidth: "1280",
        MaxHeight: "720",
        DisplayAspectRatio: "auto",
        SizingPolicy: "ShrinkToFit",
        PaddingPolicy: "NoPad",
        Watermarks: [
          {
            ...place,
            Id: "Logo",
            MaxWidth: "12%",
            MaxHeight: "18%",
            HorizontalAlign: "Right",
            VerticalAlign: "Top",
            Opacity: "90",
          },
          {
            ...place,
            Id: "Caption",
            MaxWidth: "60%",
            MaxHeight: "6%",
            HorizontalAlign: "Left",
            VerticalAlign: "Bottom",
            Opacity: "100",
          },
        ],
      },
      Audio: { Codec: "AAC", SampleRate: "44100", BitRate: "128", Channels: "2", CodecOptions: { Profile: "AAC-LC" } },
      Thumbnails: {
        Format: "png",
        Interval: `${thumbnailSeconds}`,
        MaxWidth: "320",
        MaxHeight: "320",
        SizingPolicy: "ShrinkToFit",
        PaddingPolicy: "NoPad",
      },
    }),
  );
  return preset?.Id;
}

async function upload(client: S3Client, Bucket: string, Key: string, path: string): Promise<void> {
  await new Upload({ client, params: { Bucket, Key, Body: createReadStream(path) } }).done();
}
