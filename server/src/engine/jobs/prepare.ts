/**
 * All that is checked and fetched before FFmpeg runs: buckets, the input, keys that are taken, watermark images. What the
 * role may not do is found here too, as far as it can be known.
 */
import { extname, join } from "node:path";
import type { BucketStore, ObjectHead, ObjectRef } from "../../storage/buckets/bucket-store.ts";
import type {
  EncryptionDocument,
  InputDocument,
  JobDocument,
  OutputDocument,
} from "../../storage/records/job-document.ts";
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
import type { JobAccess } from "./job-access.ts";
import type { JobKeys } from "./job-keys.ts";
import { fetchObject, type OpenedObject, openObject } from "./open-object.ts";
import { type OutputProtection, type Protected, storedSize } from "./protect-outputs.ts";
import { mayPass, retrying } from "./retrying.ts";

export type InputLimits = {
  maxInputBytes: number;
  /** Of a file that the job uses beside the input: a watermark's image. */
  maxAuxiliaryBytes: number;
};

export type PreparedOutput = { id: string; request: TranscodeOutput } | { id: string; failure: Failure };

export type Prepared = { input: PreparedInput; outputs: PreparedOutput[] };

export type PreparedInput = ObjectRef & ObjectHead & { opened: OpenedObject };

export type PrepareOptions = {
  buckets: BucketStore;
  keys: JobKeys;
  access: JobAccess;
  limits: InputLimits;
  /** An empty folder for what is fetched. */
  folder: string;
  signal: AbortSignal;
  /** {@link failureOf} */
  canRepeat: boolean;
};

/**
 * The input, and for each output that is still to be done what FFmpeg needs or why it cannot be.
 *
 * @throws KeyFailure as JobKeys does
 */
export async function prepare(
  document: JobDocument,
  protections: Protected["outputs"],
  pipeline: PipelineDocument,
  options: PrepareOptions,
): Promise<Prepared | { failure: Failure }> {
  const input = await prepareInput(document.inputs[0]!, pipeline, options);
  if ("failure" in input) return input;
  const images = new ImageFetcher(pipeline.InputBucket, options);
  const outputs: PreparedOutput[] = [];
  for (const output of document.outputs) {
    const protection = protections.get(output.Id);
    if (protection === undefined) continue;
    const prepared = "failure" in protection ? protection : await prepareOutput(output, protection, document, images);
    const failure =
      "failure" in prepared
        ? prepared.failure
        : await checkDestinations(prepared, protection as OutputProtection, document, pipeline, options);
    outputs.push(
      failure === undefined ? { id: output.Id, request: prepared as TranscodeOutput } : { id: output.Id, failure },
    );
  }
  return { input, outputs };
}

async function prepareInput(
  { Key, Encryption }: InputDocument,
  { InputBucket }: PipelineDocument,
  options: PrepareOptions,
): Promise<PreparedInput | { failure: Failure }> {
  const object = { bucket: InputBucket, key: Key };
  const { maxInputBytes } = options.limits;
  const head = await findObject(object, options);
  if ("failure" in head) return head;
  if (maxInputBytes < head.sizeBytes) return { failure: inputTooLarge(object, head.sizeBytes, maxInputBytes) };
  const opened = await openObject(
    { ...object, ...head },
    {
      ...options,
      what: `input '${Key}'`,
      encryption: Encryption,
      path: join(options.folder, "input"),
    },
  );
  return "failure" in opened ? opened : { ...object, ...head, opened };
}

/** An object that the job may read. */
async function findObject(object: ObjectRef, options: PrepareOptions): Promise<ObjectHead | { failure: Failure }> {
  const { buckets, access } = options;
  const head = await asking(options, object, "read", () => buckets.head(object));
  if (head !== undefined && "failure" in head) return head;
  const failure = await access.readRefusal(object, head);
  if (failure !== undefined) return { failure };
  return head ?? { failure: objectMissing(object) };
}

/** A job that would find at its end that it cannot store what it made should say so at its beginning. */
async function checkDestinations(
  request: TranscodeOutput,
  { media }: OutputProtection,
  document: JobDocument,
  { ContentConfig, ThumbnailConfig }: PipelineDocument,
  options: PrepareOptions,
): Promise<Failure | undefined> {
  const { buckets, access } = options;
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
  const refusal = await access.writeRefusal(first, media);
  if (refusal !== undefined) return refusal;
  const taken = await asking(options, first, "write", () => buckets.head(first));
  if (taken === undefined) return undefined;
  return "failure" in taken ? taken.failure : objectExists(first);
}

async function prepareOutput(
  output: OutputDocument,
  { media, content }: OutputProtection,
  document: JobDocument,
  images: ImageFetcher,
): Promise<TranscodeOutput | { failure: Failure }> {
  const watermarks: TranscodeOutput["watermarks"][number][] = [];
  for (const { PresetWatermarkId: presetWatermarkId, InputKey: key, Encryption } of output.Watermarks ?? []) {
    if (!presetWatermarkId || !key) return { failure: watermarkUnnamed(output.Key) };
    if (key.startsWith("text:")) {
      watermarks.push({ presetWatermarkId, text: key.slice("text:".length) });
      continue;
    }
    const image = await images.fetch(key, Encryption);
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
    ...(content && { contentKey: { uri: content.uri, iv: content.iv } }),
    storedSize: (sizeBytes) => storedSize(media, sizeBytes),
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

  fetch(key: string, encryption: EncryptionDocument | undefined): Promise<{ path: string } | { failure: Failure }> {
    const name = JSON.stringify([key, encryption]);
    const known = this.#fetched.get(name) ?? this.#fetch(key, encryption, this.#fetched.size + 1);
    this.#fetched.set(name, known);
    return known;
  }

  async #fetch(
    key: string,
    encryption: EncryptionDocument | undefined,
    number: number,
  ): Promise<{ path: string } | { failure: Failure }> {
    const { limits, folder } = this.#options;
    const object = { bucket: this.#bucket, key };
    const head = await findObject(object, this.#options);
    if ("failure" in head) return head;
    if (limits.maxAuxiliaryBytes < head.sizeBytes) {
      return { failure: auxiliaryTooLarge(object, head.sizeBytes, limits.maxAuxiliaryBytes) };
    }
    // FFmpeg goes by the extension; nothing else of the key belongs into a path.
    const path = join(folder, `watermark-${number}${/^\.\w{1,5}$/.exec(extname(key))?.[0].toLowerCase() ?? ""}`);
    const what = `watermark '${key}'`;
    return fetchObject({ ...object, sizeBytes: head.sizeBytes }, { ...this.#options, what, encryption, path });
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
