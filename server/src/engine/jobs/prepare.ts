/**
 * All that is checked and fetched before FFmpeg runs: buckets, the input, keys that are taken, watermark images.
 */
import { createWriteStream } from "node:fs";
import { extname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { BucketStore, ObjectHead, ObjectRef } from "../../storage/buckets/bucket-store.ts";
import type { JobDocument, OutputDocument } from "../../storage/records/job-document.ts";
import type { PipelineDocument } from "../../storage/records/pipelines.ts";
import { firstKeyOf } from "../ffmpeg/transcode.ts";
import type { Failure, TranscodeOutput } from "../ffmpeg/transcode.types.ts";
import {
  auxiliaryTooLarge,
  bucketMissing,
  failureOf,
  inputTooLarge,
  objectExists,
  objectMissing,
  watermarkUnnamed,
} from "./failures.ts";
import { mayPass, retrying } from "./retrying.ts";

export type InputLimits = {
  maxInputBytes: number;
  /** Of a file that the job uses beside the input: a watermark's image. */
  maxAuxiliaryBytes: number;
};

export type PreparedOutput = { id: string; request: TranscodeOutput } | { id: string; failure: Failure };

export type Prepared = { input: ObjectRef & ObjectHead; outputs: PreparedOutput[] };

export type PrepareOptions = {
  buckets: BucketStore;
  limits: InputLimits;
  /** An empty folder for what is fetched. */
  folder: string;
  signal: AbortSignal;
  /** {@link failureOf} */
  canRepeat: boolean;
};

/** The input, and for each output that is still to be done what FFmpeg needs or why it cannot be. */
export async function prepare(
  document: JobDocument,
  pipeline: PipelineDocument,
  options: PrepareOptions,
): Promise<Prepared | { failure: Failure }> {
  const input = await checkInput({ bucket: pipeline.InputBucket, key: document.inputs[0]!.Key }, options);
  if ("failure" in input) return input;
  const images = new ImageFetcher(pipeline.InputBucket, options);
  const outputs: PreparedOutput[] = [];
  for (const output of document.outputs.filter(({ Status }) => Status === "Progressing")) {
    const request = await prepareOutput(output, document, images);
    const failure =
      "failure" in request ? request.failure : await checkDestinations(request, document, pipeline, options);
    outputs.push(
      failure === undefined ? { id: output.Id, request: request as TranscodeOutput } : { id: output.Id, failure },
    );
  }
  return { input, outputs };
}

async function checkInput(
  object: ObjectRef,
  options: PrepareOptions,
): Promise<(ObjectRef & ObjectHead) | { failure: Failure }> {
  const { buckets, limits } = options;
  const head = await asking(options, object, "read", () => buckets.head(object));
  if (head === undefined) return { failure: objectMissing(object) };
  if ("failure" in head) return head;
  if (limits.maxInputBytes < head.sizeBytes) {
    return { failure: inputTooLarge(object, head.sizeBytes, limits.maxInputBytes) };
  }
  return { ...object, ...head };
}

/** A job that would find at its end that it cannot store what it made should say so at its beginning. */
async function checkDestinations(
  request: TranscodeOutput,
  document: JobDocument,
  { ContentConfig, ThumbnailConfig }: PipelineDocument,
  options: PrepareOptions,
): Promise<Failure | undefined> {
  const { buckets } = options;
  const first = {
    bucket: ContentConfig.Bucket,
    key: firstKeyOf(request, document.playlists, document.OutputKeyPrefix ?? ""),
  };
  const used = request.thumbnailPattern === undefined ? [ContentConfig] : [ContentConfig, ThumbnailConfig];
  for (const { Bucket } of used) {
    const exists = await asking(options, { ...first, bucket: Bucket }, "write", () => buckets.bucketExists(Bucket));
    if (exists === false) return bucketMissing(Bucket);
    if (exists !== true) return exists.failure;
  }
  const taken = await asking(options, first, "write", () => buckets.head(first));
  if (taken === undefined) return undefined;
  return "failure" in taken ? taken.failure : objectExists(first);
}

async function prepareOutput(
  output: OutputDocument,
  document: JobDocument,
  images: ImageFetcher,
): Promise<TranscodeOutput | { failure: Failure }> {
  const watermarks: TranscodeOutput["watermarks"][number][] = [];
  for (const { PresetWatermarkId: presetWatermarkId, InputKey: key } of output.Watermarks ?? []) {
    if (!presetWatermarkId || !key) return { failure: watermarkUnnamed(output.Key) };
    if (key.startsWith("text:")) {
      watermarks.push({ presetWatermarkId, text: key.slice("text:".length) });
      continue;
    }
    const image = await images.fetch(key);
    if ("failure" in image) return image;
    watermarks.push({ presetWatermarkId, path: image.path });
  }
  return {
    id: output.Id,
    key: output.Key,
    preset: output.preset,
    rotate: output.Rotate || "auto",
    segmentDuration: output.SegmentDuration ? Number(output.SegmentDuration) : undefined,
    thumbnailPattern: output.ThumbnailPattern || undefined,
    watermarks,
    timeSpan: output.Composition?.[0]?.TimeSpan ?? document.inputs[0]?.TimeSpan,
  };
}

/** Fetches each image once, however many outputs show it. */
class ImageFetcher {
  readonly #bucket: string;
  readonly #options: PrepareOptions;
  readonly #fetched = new Map<string, Promise<{ path: string } | { failure: Failure }>>();

  constructor(bucket: string, options: PrepareOptions) {
    this.#bucket = bucket;
    this.#options = options;
  }

  fetch(key: string): Promise<{ path: string } | { failure: Failure }> {
    const known = this.#fetched.get(key) ?? this.#fetch(key, this.#fetched.size + 1);
    this.#fetched.set(key, known);
    return known;
  }

  async #fetch(key: string, number: number): Promise<{ path: string } | { failure: Failure }> {
    const { buckets, limits, folder, signal } = this.#options;
    const object = { bucket: this.#bucket, key };
    const head = await asking(this.#options, object, "read", () => buckets.head(object));
    if (head === undefined) return { failure: objectMissing(object) };
    if ("failure" in head) return head;
    if (limits.maxAuxiliaryBytes < head.sizeBytes) {
      return { failure: auxiliaryTooLarge(object, head.sizeBytes, limits.maxAuxiliaryBytes) };
    }
    // FFmpeg goes by the extension; nothing else of the key belongs into a path.
    const path = join(folder, `watermark-${number}${/^\.\w{1,5}$/.exec(extname(key))?.[0].toLowerCase() ?? ""}`);
    const fetched = await asking(this.#options, object, "read", async () => {
      const body = await buckets.read(object, { from: 0, to: head.sizeBytes });
      if (body === undefined) return undefined;
      await pipeline(body, createWriteStream(path), { signal });
      return { path };
    });
    return fetched ?? { failure: objectMissing(object) };
  }
}

async function asking<T>(
  { signal, canRepeat }: PrepareOptions,
  object: ObjectRef,
  doing: "read" | "write",
  question: () => Promise<T>,
): Promise<T | { failure: Failure }> {
  try {
    return await retrying(question, mayPass, signal);
  } catch (error) {
    return { failure: failureOf(error, object, doing, canRepeat) };
  }
}
