/**
 * The demo's camera: the clip goes to a stream by the producer SDK as if it were live, and is read back by every reader.
 */
import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { promisify } from "node:util";
import { KinesisVideo } from "@aws-sdk/client-kinesis-video";
import { type Fragment, KinesisVideoArchivedMedia } from "@aws-sdk/client-kinesis-video-archived-media";
import { KinesisVideoMedia } from "@aws-sdk/client-kinesis-video-media";
import { MatroskaReader } from "@millrace/media/matroska/reader";
import { type FrameSource, openProducer, openSource, paceSource, pump } from "@millrace/producer/node";
import type { Check } from "./demo-checks.ts";
import type { DemoServer } from "./demo-server.ts";

export type DemoStream = {
  name: string;
  /** Of the first frame, milliseconds since the epoch. */
  startMs: number;
  endMs: number;
  frames: Frames;
};

type Frames = { video: number; audio: number };

const name = "demo-camera";
const region = "us-east-1";

/** Takes as long as the clip. Resolves when all of it is stored. */
export async function streamClip(server: DemoServer, source: string): Promise<DemoStream> {
  const { url: endpoint, accessKeyId, secretAccessKey } = server;
  const credentials = { accessKeyId, secretAccessKey };
  const create = { retentionHours: 24, mediaType: "video/h264" };
  const producer = await openProducer({ stream: name, region, credentials, endpoint, create });
  const startMs = Date.now();
  const counted = { frames: { video: 0, audio: 0 }, lastMs: startMs };
  try {
    await pump(countFrames(paceSource(await openSource(source)), startMs, counted), producer, { startAtMs: startMs });
  } finally {
    await producer.close();
  }
  const { dropped } = producer.metrics.fragments;
  if (dropped > 0) throw new Error(`${dropped} fragments were dropped on the way to the stream`);
  return { name, startMs, endMs: counted.lastMs, frames: counted.frames };
}

async function* countFrames(source: FrameSource, startMs: number, counted: { frames: Frames; lastMs: number }) {
  const kinds = new Map<number, string>();
  let first: number | undefined;
  for await (const event of source) {
    if (event.type === "tracks") for (const { number, kind } of event.tracks) kinds.set(number, kind);
    else {
      const { track, timestamp } = event.frame;
      first ??= timestamp;
      counted.lastMs = Math.max(counted.lastMs, Math.round(startMs + timestamp - first));
      counted.frames[kinds.get(track) === "audio" ? "audio" : "video"]++;
    }
    yield event;
  }
}

/** Writes what it gets below `folder`. */
export async function checkStream(server: DemoServer, stream: DemoStream, folder: string): Promise<Check[]> {
  await mkdir(folder, { recursive: true });
  const credentials = { accessKeyId: server.accessKeyId, secretAccessKey: server.secretAccessKey };
  const control = new KinesisVideo({ endpoint: server.url, region, credentials });
  const { DataEndpoint: endpoint } = await control.getDataEndpoint({ StreamName: name, APIName: "GET_MEDIA" });
  const media = new KinesisVideoMedia({ endpoint: endpoint!, region, credentials });
  const archived = new KinesisVideoArchivedMedia({ endpoint: endpoint!, region, credentials });
  const fragments = await listFragments(archived, stream);
  return [
    checkFragments(fragments, stream),
    await checkMedia(media, stream, fragments.at(-1)!.FragmentNumber!),
    await checkPlaylist("stream: HLS, MP4 fragments", await hlsUrl(archived, stream, "FRAGMENTED_MP4"), server, stream),
    await checkPlaylist("stream: HLS, MPEG-TS", await hlsUrl(archived, stream, "MPEG_TS"), server, stream),
    await checkPlaylist("stream: DASH", await dashUrl(archived, stream), server, stream),
    await checkClip(archived, stream, join(folder, "clip.mp4")),
    await checkImages(archived, stream, fragments[0]!.ProducerTimestamp!, folder),
  ];
}

/** For a player; good for an hour. */
export async function openReplay(server: DemoServer, stream: DemoStream): Promise<URL> {
  const credentials = { accessKeyId: server.accessKeyId, secretAccessKey: server.secretAccessKey };
  const archived = new KinesisVideoArchivedMedia({ endpoint: server.url, region, credentials });
  return new URL(await hlsUrl(archived, stream, "FRAGMENTED_MP4"));
}

/** All of the stream, by the producer's clock. */
function selectorOf({ startMs, endMs }: DemoStream) {
  return {
    FragmentSelectorType: "PRODUCER_TIMESTAMP" as const,
    TimestampRange: { StartTimestamp: new Date(startMs - 1000), EndTimestamp: new Date(endMs + 1000) },
  };
}

async function listFragments(archived: KinesisVideoArchivedMedia, stream: DemoStream): Promise<Fragment[]> {
  const fragments: Fragment[] = [];
  let NextToken: string | undefined;
  do {
    const selected = NextToken === undefined ? { FragmentSelector: selectorOf(stream) } : { NextToken };
    const page = await archived.listFragments({ StreamName: name, MaxResults: 1000, ...selected });
    fragments.push(...(page.Fragments ?? []));
    NextToken = page.NextToken;
  } while (NextToken);
  return fragments.sort((one, other) => (one.FragmentNumber! < other.FragmentNumber! ? -1 : 1));
}

function checkFragments(fragments: readonly Fragment[], { startMs, endMs }: DemoStream): Check {
  const milliseconds = fragments.reduce(
    (sum, { FragmentLengthInMilliseconds = 0 }) => sum + FragmentLengthInMilliseconds,
    0,
  );
  const bytes = fragments.reduce((sum, { FragmentSizeInBytes = 0 }) => sum + FragmentSizeInBytes, 0);
  const problems = Math.abs(milliseconds - (endMs - startMs)) < 500 ? [] : [`the clip lasts ${endMs - startMs} ms`];
  const found = `${fragments.length} fragments, ${(milliseconds / 1000).toFixed(2)} s, ${(bytes / 1e6).toFixed(1)} MB`;
  return { what: "stream: ListFragments", found, problems };
}

async function checkMedia(media: KinesisVideoMedia, { frames }: DemoStream, lastNumber: string): Promise<Check> {
  const abort = new AbortController();
  const StartSelector = { StartSelectorType: "EARLIEST" } as const;
  const { Payload } = await media.getMedia({ StreamName: name, StartSelector }, { abortSignal: abort.signal });
  const kinds = new Map<number, "video" | "audio">();
  const found: Frames = { video: 0, audio: 0 };
  let isWhole = false;
  const reader = new MatroskaReader((event) => {
    if (event.type === "tracks") {
      for (const { number, kind } of event.tracks) kinds.set(number, kind === "audio" ? "audio" : "video");
    } else if (event.type === "frame") found[kinds.get(event.track) ?? "video"]++;
    else if (event.type === "tags") {
      const simple = event.tags.flatMap(({ simpleTags }) => simpleTags);
      isWhole ||= simple.some((tag) => tag.name === "AWS_KINESISVIDEO_CONTINUATION_TOKEN" && tag.value === lastNumber);
    }
  });
  for await (const chunk of Payload as Readable) {
    reader.push(chunk);
    if (isWhole) break;
  }
  abort.abort();
  return { what: "stream: GetMedia", found: textOf(found), problems: problemsOf(found, frames) };
}

async function hlsUrl(
  archived: KinesisVideoArchivedMedia,
  stream: DemoStream,
  ContainerFormat: "FRAGMENTED_MP4" | "MPEG_TS",
): Promise<string> {
  const { HLSStreamingSessionURL } = await archived.getHLSStreamingSessionURL({
    StreamName: name,
    PlaybackMode: "ON_DEMAND",
    ContainerFormat,
    HLSFragmentSelector: selectorOf(stream),
    MaxMediaPlaylistFragmentResults: 5000,
    Expires: 3600,
  });
  return HLSStreamingSessionURL!;
}

async function dashUrl(archived: KinesisVideoArchivedMedia, stream: DemoStream): Promise<string> {
  const { DASHStreamingSessionURL } = await archived.getDASHStreamingSessionURL({
    StreamName: name,
    PlaybackMode: "ON_DEMAND",
    DASHFragmentSelector: selectorOf(stream),
    MaxManifestFragmentResults: 5000,
    Expires: 3600,
  });
  return DASHStreamingSessionURL!;
}

async function checkPlaylist(what: string, url: string, server: DemoServer, { frames }: DemoStream): Promise<Check> {
  const found = await countPackets(url, ["-tls_verify", "1", "-ca_file", server.authority]);
  return { what, found: textOf(found), problems: problemsOf(found, frames) };
}

async function checkClip(archived: KinesisVideoArchivedMedia, stream: DemoStream, path: string): Promise<Check> {
  const { Payload } = await archived.getClip({ StreamName: name, ClipFragmentSelector: selectorOf(stream) });
  await writeFile(path, Payload as Readable);
  const found = await countPackets(path);
  return { what: "stream: GetClip", found: textOf(found), problems: problemsOf(found, stream.frames) };
}

/** From the first fragment on: its pictures may begin a little later than its sound. */
async function checkImages(
  archived: KinesisVideoArchivedMedia,
  stream: DemoStream,
  StartTimestamp: Date,
  folder: string,
): Promise<Check> {
  const { Images = [] } = await archived.getImages({
    StreamName: name,
    ImageSelectorType: "PRODUCER_TIMESTAMP",
    StartTimestamp,
    EndTimestamp: new Date(Math.min(stream.endMs, StartTimestamp.getTime() + 60_000)),
    SamplingInterval: 3000,
    Format: "JPEG",
    HeightPixels: 180,
  });
  const problems = Images.flatMap(({ Error: error }) => (error === undefined ? [] : [`an image is ${error}`]));
  if (Images.length === 0) problems.push("there are none");
  for (const [at, { ImageContent }] of Images.entries()) {
    if (ImageContent === undefined) continue;
    await writeFile(join(folder, `image-${at}.jpg`), Buffer.from(ImageContent, "base64"));
  }
  return { what: "stream: GetImages", found: `${Images.length} JPEG, one every 3 s`, problems };
}

/** Each kind by itself: FFmpeg's reader of DASH ends with the kind that ends first. */
async function countPackets(input: string, options: readonly string[] = []): Promise<Frames> {
  const ffprobe = process.env.MILLRACE_FFPROBE ?? "ffprobe";
  const count = async (kind: "v:0" | "a:0") => {
    const shown = ["-show_entries", "stream=nb_read_packets", "-of", "json"];
    const args = ["-v", "error", ...options, "-select_streams", kind, "-count_packets", ...shown, input];
    const { stdout } = await promisify(execFile)(ffprobe, args, { maxBuffer: 16 << 20 });
    const streams: { nb_read_packets?: string }[] = JSON.parse(stdout).streams;
    return Number(streams[0]?.nb_read_packets ?? 0);
  };
  return { video: await count("v:0"), audio: await count("a:0") };
}

function textOf({ video, audio }: Frames): string {
  return `${video} pictures, ${audio} frames of sound`;
}

function problemsOf(found: Frames, put: Frames): string[] {
  return found.video === put.video && found.audio === put.audio ? [] : [`${textOf(put)} were put in`];
}
