/**
 * Looks at the watermarks of a job before they are placed: sizes of images, measures of texts.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { capture } from "./child.ts";
import { planFrameRate } from "./frame-rate.ts";
import type { Size } from "./geometry.ts";
import { imageArguments, inputName } from "./input-arguments.ts";
import type { WatermarkAsset } from "./plan-job.ts";
import type { VideoStream } from "./probe.ts";
import { measureText, renderTemplate } from "./text-watermarks.ts";
import type { Failure, TranscodeOutput, TranscodeRequest } from "./transcode.types.ts";

const maxSide = 8192;

type Options = { ffmpegPath: string; ffprobePath: string; signal: AbortSignal };

export async function prepareWatermarks(
  request: TranscodeRequest,
  video: VideoStream,
  options: Options,
): Promise<Map<string, readonly WatermarkAsset[] | { failure: Failure }>> {
  const prepared = new Map<string, readonly WatermarkAsset[] | { failure: Failure }>();
  const measured = new Map<string, ReturnType<typeof measureText>>();
  const sizes = new Map<string, ReturnType<typeof imageSize>>();

  const prepareOne = async (output: TranscodeOutput, index: number): Promise<WatermarkAsset | { failure: Failure }> => {
    const watermark = output.watermarks[index]!;
    if ("path" in watermark) {
      const size = await once(sizes, watermark.path, () => imageSize(watermark.path, options));
      return "failure" in size ? size : { path: watermark.path, size };
    }
    const frameRate = planFrameRate(output.preset.Video ?? {}, {
      rate: video.frameRate,
      isVariable: video.isVariableRate,
    });
    const { jobId, pipelineId } = request;
    const variables = {
      jobId,
      pipelineId,
      outputId: output.id,
      key: output.key,
      inputKey: request.input.Key,
      frameRate,
    };
    const { source, sample } = renderTemplate(watermark.text, variables);
    const name = `text-${output.id.replace(/[^0-9A-Za-z]/g, "_")}-${index}`;
    const measure = await once(measured, sample, () =>
      measureText(sample, { ...options, scratchFolder: request.scratchFolder, name }),
    );
    if (!measure) return unreadable(`The text of the watermark cannot be drawn: ${watermark.presetWatermarkId}.`);
    await writeFile(join(request.scratchFolder, `${name}.txt`), source);
    return { textFile: `${name}.txt`, measure };
  };

  for (const output of request.outputs) {
    const assets: WatermarkAsset[] = [];
    prepared.set(output.id, assets);
    for (const index of output.watermarks.keys()) {
      const asset = await prepareOne(output, index);
      if ("failure" in asset) {
        prepared.set(output.id, asset);
        break;
      }
      assets.push(asset);
    }
  }
  return prepared;
}

async function imageSize(path: string, { ffprobePath, signal }: Options): Promise<Size | { failure: Failure }> {
  const { exitCode, stdout } = await capture(
    ffprobePath,
    ["-v", "error", ...imageArguments(), "-show_entries", "stream=width,height", "-of", "json", inputName(path)],
    { signal, timeoutMs: 30_000 },
  );
  const { width, height } = (exitCode === 0 ? JSON.parse(stdout) : {}).streams?.[0] ?? {};
  if (!(width > 0 && height > 0))
    return unreadable("A watermark image could not be interpreted: it must be a PNG or JPEG file.");
  if (maxSide < width || maxSide < height) {
    return {
      failure: { code: 4004, sentence: `A watermark image is larger than ${maxSide}x${maxSide}: ${width}x${height}.` },
    };
  }
  return { width, height };
}

function once<Key, Value>(known: Map<Key, Value>, key: Key, make: () => Value): Value {
  if (!known.has(key)) known.set(key, make());
  return known.get(key)!;
}

function unreadable(sentence: string): { failure: Failure } {
  return { failure: { code: 4003, sentence } };
}
