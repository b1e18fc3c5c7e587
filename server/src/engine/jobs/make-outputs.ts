/**
 * From a claimed job to the promise: looked at, encoded, staged, and one update of the row that says what lies where.
 */
import { mkdir, rm, writeFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { findPipeline, type PipelineDocument } from "../../storage/records/pipelines.ts";
import type { HeldProbe } from "../ffmpeg/held-probe.ts";
import { keySuffix } from "../ffmpeg/plan-output-files.ts";
import { transcode } from "../ffmpeg/transcode.ts";
import type { OutputResult, ProducedFile, TranscodeOutput, TranscodeResult } from "../ffmpeg/transcode.types.ts";
import type { Attempt } from "./attempt.ts";
import { failureOf, roleNotAssumable } from "./failures.ts";
import { JobAccess } from "./job-access.ts";
import { JobKeys } from "./job-keys.ts";
import { hasFailedMember, measured, withDetected, withOutput, withPlaylist } from "./job-states.ts";
import { type Prepared, prepare } from "./prepare.ts";
import { type OutputProtection, type Protected, protectOutputs, sealingOf } from "./protect-outputs.ts";
import { removeTemporary, Stage, temporaryPrefix } from "./publish.ts";
import { mayPass, retrying } from "./retrying.ts";
import { RoleRights } from "./role-rights.ts";

/** Everything up to and with the promise. */
export async function makeOutputs(attempt: Attempt): Promise<void> {
  const { records, buckets, scratch, probes } = attempt.context;
  const { lease, account, region, pipelineId } = attempt.job;
  const probe = await probes.take(extensionOf(attempt.document.inputs[0]!.Key));
  try {
    const pipeline = (await findPipeline(records.db, { account, region }, pipelineId))?.document;
    if (pipeline === undefined) throw new Error(`job ${lease.jobId} has no pipeline`);
    await removeTemporary(buckets, attempt.document.stagedIn ?? [], lease.jobId, lease.attempt);
    const folder = await scratch.open(`${lease.jobId}-${lease.attempt}`);
    await makeIn(attempt, folder, pipeline, probe).finally(() =>
      rm(folder, { recursive: true, force: true, maxRetries: 3 }),
    );
  } finally {
    await probe.close();
  }
}

async function makeIn(attempt: Attempt, folder: string, pipeline: PipelineDocument, probe: HeldProbe): Promise<void> {
  const { buckets, limits, random, rights: rightsOptions, keys: keyStore } = attempt.context;
  const { account, region } = attempt.job;
  const home = { account, region };
  const rights = new RoleRights(pipeline.Role, home, rightsOptions);
  const trouble = await rights.trouble();
  if (trouble !== undefined) return attempt.failRest(roleNotAssumable(rights.role, trouble));
  const { canRepeat, signal } = attempt;
  const keyId = pipeline.AwsKmsKeyArn ?? undefined;
  const keys = new JobKeys({ keys: keyStore, rights, home, random, keyId, canRepeat });
  const access = new JobAccess(rights, keys);
  const options = { buckets, limits, folder, signal, canRepeat, keys, access };
  const { document, outputs: protections } = await protectOutputs(attempt.document, keys, keyId);
  attempt.document = document;
  const prepared = await prepare(document, protections, pipeline, options);
  if ("failure" in prepared) return attempt.failRest(prepared.failure);
  const requests: TranscodeOutput[] = [];
  for (const output of prepared.outputs) {
    if ("failure" in output) attempt.failOutput(output.id, output.failure);
    else requests.push(output.request);
  }
  if (requests.length === 0) return;
  const stagedIn = new Set([
    ...(attempt.document.stagedIn ?? []),
    pipeline.ContentConfig.Bucket,
    pipeline.ThumbnailConfig.Bucket,
  ]);
  await attempt.save({ ...attempt.document, stagedIn: [...stagedIn] });
  const scratchFolder = join(folder, "media");
  await mkdir(scratchFolder);
  const { jobId, attempt: number } = attempt.job.lease;
  const stage = new Stage({
    ...options,
    pipeline,
    prefix: temporaryPrefix(jobId, number),
    sealingOf: (file) => (file.outputId === undefined ? {} : sealingOf(file, protectionOf(protections, file.outputId))),
    refusalOf: (object, sealing) => access.writeRefusal(object, sealing),
  });
  try {
    const result = await transcodeInput(attempt, prepared.input, requests, scratchFolder, { probe, stage });
    await stageResult(attempt, await withKeyFiles(attempt, result, protections, folder), stage);
  } finally {
    await stage.close();
  }
}

async function transcodeInput(
  attempt: Attempt,
  input: Prepared["input"],
  outputs: readonly TranscodeOutput[],
  scratchFolder: string,
  { probe, stage }: { probe: HeldProbe; stage: Stage },
): Promise<TranscodeResult> {
  const { random, limits, ffmpegPath, ffprobePath } = attempt.context;
  const { plain, source } = input.opened;
  probe.serve(plain);
  let saved: Promise<unknown> = Promise.resolve();
  let isDiskFull = false;
  try {
    const { playlists, OutputKeyPrefix, UserMetadata, inputs } = attempt.document;
    const keys = new Set(outputs.map(({ key }) => key));
    const request = {
      jobId: attempt.job.lease.jobId,
      pipelineId: attempt.job.pipelineId,
      input: { ...inputs[0]!, url: probe.url, sizeBytes: input.sizeBytes },
      outputs,
      playlists: playlists.filter(({ OutputKeys }) => OutputKeys.every((key) => keys.has(key))),
      outputKeyPrefix: OutputKeyPrefix ?? "",
      userMetadata: UserMetadata ?? {},
      scratchFolder,
    };
    const result = await transcode(request, {
      signal: attempt.signal,
      onProgress: (progress) => attempt.progress.transcode(progress),
      onDetected: (detected) => {
        // A lost lease is found by the next update too.
        saved = attempt.save(withDetected(attempt.document, detected)).catch(() => {});
      },
      onComplete: (files) => stage.begin(files),
      onLog: (line) => {
        isDiskFull ||= line.includes("No space left on device");
        attempt.log.line(line);
      },
      limits,
      random,
      heldProbe: probe,
      ffmpegPath,
      ffprobePath,
    });
    if (isDiskFull && result.outputs.some((output) => "failure" in output)) {
      throw new Error("the disk of the scratch folder is full");
    }
    const { failure } = source;
    if (failure === undefined) {
      await checkUnchanged(attempt, input);
      return result;
    }
    // What looks whole may have been cut short.
    const cause = failureOf(failure, input, "read", attempt.canRepeat);
    return { ...result, outputs: outputs.map(({ id }) => ({ id, failure: cause })) };
  } finally {
    await saved;
  }
}

/** The key of protected content lies beside each of its playlists, if it is to be stored at all. */
async function withKeyFiles(
  attempt: Attempt,
  result: TranscodeResult,
  protections: Protected["outputs"],
  folder: string,
): Promise<TranscodeResult> {
  const outputs = result.outputs.map(async (output): Promise<OutputResult> => {
    if ("failure" in output) return output;
    const { content } = protectionOf(protections, output.id);
    if (content?.storedKey === undefined) return output;
    const { Key } = attempt.document.outputs.find(({ Id }) => Id === output.id)!;
    const path = join(folder, `content-${output.id.replace(/[^0-9A-Za-z]/g, "_")}.key`);
    await writeFile(path, content.storedKey, { mode: 0o600 });
    const key = `${attempt.document.OutputKeyPrefix ?? ""}${Key}${keySuffix}`;
    const file: ProducedFile = { path, key, kind: "key", outputId: output.id, contentType: "application/octet-stream" };
    return { ...output, files: [...output.files, file] };
  });
  return { ...result, outputs: await Promise.all(outputs) };
}

/** Of an output that is being made. */
function protectionOf(protections: Protected["outputs"], id: string): OutputProtection {
  return protections.get(id) as OutputProtection;
}

/** Read by ranges, an object that was replaced meanwhile gives a bit of each: what looks whole is neither. */
async function checkUnchanged(attempt: Attempt, input: Prepared["input"]): Promise<void> {
  const head = await retrying(() => attempt.context.buckets.head(input), mayPass, attempt.signal);
  if (head !== undefined && head.etag !== input.etag) throw new Error("the input was replaced while it was read");
}

/** Failures and finished files go into the document together, and it is saved once: that is the promise. */
async function stageResult(attempt: Attempt, result: TranscodeResult, stage: Stage): Promise<void> {
  attempt.signal.throwIfAborted();
  const isMade = (output: OutputResult) => !("failure" in output);
  const totalBytes = result.outputs.filter(isMade).reduce((sum, output) => sum + (output as Made).fileSizeBytes, 0);
  stage.onStored((storedBytes) => attempt.progress.store(Math.min(storedBytes / Math.max(totalBytes, 1), 1)));
  stage.begin(result.outputs.flatMap((output) => ("failure" in output ? [] : output.files)));
  if (result.detected) attempt.document = withDetected(attempt.document, result.detected);
  for (const output of result.outputs) {
    if ("failure" in output) {
      attempt.failOutput(output.id, output.failure);
      continue;
    }
    const staged = await stage.put(output.files);
    if ("failure" in staged) attempt.failOutput(output.id, staged.failure);
    else attempt.document = withOutput(attempt.document, output.id, { ...measured(output), publishing: staged });
  }
  for (const playlist of result.playlists) {
    const row = attempt.document.playlists.find(({ Name }) => Name === playlist.name);
    if (row === undefined || hasFailedMember(attempt.document, row)) continue;
    const staged = "failure" in playlist ? playlist : await stage.put(playlist.files);
    if ("failure" in staged) attempt.failPlaylist(playlist.name, staged.failure);
    else attempt.document = withPlaylist(attempt.document, playlist.name, { publishing: staged });
  }
  attempt.promised = true;
  await attempt.save(attempt.document);
}

/** Some of FFmpeg's formats go by it. */
function extensionOf(key: string): string {
  return /^\.[A-Za-z0-9]{1,8}$/.exec(extname(key))?.[0] ?? "";
}

type Made = Extract<OutputResult, { files: unknown }>;
