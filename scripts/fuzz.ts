/**
 * Feeds a parser inputs that are nearly right, until it breaks or has had enough of them.
 *
 *   npm run fuzz -- [--target NAME] [--inputs N] [--seed S] [--from N] [--seconds T] [--replay FILE]
 *
 * Prints inputs a second, how many were read to their end, crashes and peak memory. An input that breaks the target, or
 * takes more than ten seconds, is written to a file that --replay runs again; then it exits 1. Targets are in
 * server/test/fuzz/targets.ts.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { type FuzzOptions, type FuzzResult, fuzz, inputOf } from "../server/test/fuzz/fuzz.ts";
import { targets } from "../server/test/fuzz/targets.ts";

const hangMs = 10_000;

type Job = { name: string; seconds: number; options: FuzzOptions; progress: SharedArrayBuffer };

function targetOf(name: string) {
  const target = targets.find((candidate) => candidate.name === name);
  if (!target) throw new Error(`No target ${name}: there are ${targets.map((known) => known.name).join(", ")}`);
  return target;
}

/** In a thread, so that an input that never ends can be seen from outside. */
async function work({ name, seconds, options, progress }: Job): Promise<void> {
  const index = new Float64Array(progress);
  const result = await fuzz(targetOf(name), {
    ...options,
    until: performance.now() + seconds * 1000,
    onInput: (next) => {
      index[0] = next;
    },
  });
  parentPort!.postMessage(result);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      target: { type: "string", default: targets[0]!.name },
      inputs: { type: "string", default: "1000000" },
      seed: { type: "string", default: "1" },
      from: { type: "string", default: "0" },
      seconds: { type: "string", default: "Infinity" },
      replay: { type: "string" },
    },
  });
  const target = targetOf(values.target);
  if (values.replay !== undefined) {
    const accepted = await target.run(readFileSync(values.replay));
    console.log(`${values.replay}: ${accepted ? "read to its end" : "refused, as it should be"}`);
    return;
  }

  const progress = new SharedArrayBuffer(8);
  const options = { seed: Number(values.seed), from: Number(values.from), inputs: Number(values.inputs) };
  const began = performance.now();
  const result = await inThread({ name: target.name, seconds: Number(values.seconds), options, progress });
  const seconds = (performance.now() - began) / 1000;
  const { inputs, accepted, failure } = result;
  const megabytes = process.resourceUsage().maxRSS / 1024;
  console.log(
    `${target.name}, seed ${options.seed}: ${inputs} inputs in ${seconds.toFixed(1)} s, ${Math.round(inputs / seconds)}/s, ` +
      `${accepted} read to their end, crashes ${failure ? 1 : 0}, peak RSS ${Math.round(megabytes)} MB`,
  );
  if (!failure) return;
  const file = join(tmpdir(), `millrace-fuzz-${target.name}-${options.seed}-${failure.index}`);
  writeFileSync(file, failure.input);
  console.log(failure.error);
  console.log(`Again: npm run fuzz -- --target ${target.name} --replay ${file}`);
  process.exitCode = 1;
}

function inThread(job: Job): Promise<FuzzResult> {
  const index = new Float64Array(job.progress);
  const worker = new Worker(new URL(import.meta.url), { workerData: job });
  return new Promise((resolve, reject) => {
    let last = -1;
    const watch = setInterval(() => {
      if (index[0] === last) {
        const { seed, from } = job.options;
        const failure = { index: last, input: inputOf(targetOf(job.name), seed, last), error: new Error("it hangs") };
        resolve({ inputs: last - from, accepted: 0, failure });
        void worker.terminate();
      }
      last = index[0]!;
    }, hangMs);
    worker.once("message", resolve);
    worker.once("error", reject);
    worker.once("exit", () => clearInterval(watch));
  });
}

if (isMainThread) await main();
else await work(workerData);
