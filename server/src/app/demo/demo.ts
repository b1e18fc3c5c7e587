/**
 * `millrace demo`: the two main jobs on real input, from an empty folder to checked results, through unmodified SDK clients.
 *
 * Here: the order of events. The server is a process of its own (demo-server.ts), the job's calls are in demo-job.ts and its
 * checks in demo-checks.ts, the camera is in demo-stream.ts, the page of `--keep` in demo-page.ts.
 */
import { access, mkdir, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { openClient } from "../client.ts";
import { watchJob } from "../job-bars.ts";
import { parseOptions, UsageError } from "../options.ts";
import { untilSignal } from "../until-signal.ts";
import { checkOutputs, downloadOutputs, printTable } from "./demo-checks.ts";
import { createDemoJob } from "./demo-job.ts";
import { makeContactSheet, makeLogo, makeTestClip } from "./demo-media.ts";
import { servePage } from "./demo-page.ts";
import { startServer } from "./demo-server.ts";
import { checkStream, type DemoStream, openReplay, streamClip } from "./demo-stream.ts";

const help = `usage: millrace demo [FILE] [--keep]

Starts a server on a free port over a temporary folder and, through the AWS SDK, makes buckets, uploads FILE (without one:
a test clip with burnt-in timecode and tone), makes a pipeline, a preset and a job: three HLS renditions and their playlist,
an MP4 with an image and a text watermark and metadata, and thumbnails. Meanwhile the producer SDK sends the same clip to a
stream, as a camera would. Then checks with ffprobe what came out, and reads the stream back by ListFragments, GetMedia,
HLS, DASH, GetClip and GetImages. Exits 0 only if all of it is right.

  --keep                           leave the server running and print the address of a page that plays the result
`;

export async function run(args: string[]): Promise<number> {
  const { flags, positionals } = parseOptions("demo", args, process.env, { help: "boolean", keep: "boolean" });
  if (flags.help) {
    process.stdout.write(help);
    return 0;
  }
  if (1 < positionals.length) throw new UsageError("demo takes one file");
  const given = positionals[0] === undefined ? undefined : resolve(positionals[0]);
  if (given !== undefined) {
    await access(given).catch(() => {
      throw new UsageError(`cannot read ${given}`);
    });
  }

  const folder = await mkdtemp(join(tmpdir(), "millrace-demo-"));
  const outputFolder = join(folder, "outputs");
  await mkdir(outputFolder);
  say("Millrace demo", folder);
  const source = given ?? (await step("making a test clip", () => makeTestClip(join(folder, "test-clip.mp4"))));
  const logo = await makeLogo(join(folder, "logo.png"));
  const server = await step("starting a server", () => startServer(join(folder, "data")));
  try {
    say("server", server.url);
    const { job, s3 } = await step(`uploading ${basename(source)} and creating pipeline, preset and job`, () =>
      createDemoJob(server, source, logo),
    );
    say("job", job.id);
    const client = await openClient(server.config, { endpoint: server.url }, "elastictranscoder");
    process.stdout.write("… sending the clip to a stream as a camera would, while the job runs\n");
    const streaming = streamClip(server, source);
    // If the job fails first, nobody is left to hear of the camera.
    streaming.catch(() => {});
    const finished = await watchJob(client, job.id);
    if (finished !== 0) {
      process.stdout.write("the job did not complete; its log:\n");
      process.stdout.write(((await client.call("GET", `/2012-09-25/jobs/${job.id}/log`)) as { Log: string }).Log);
      return 1;
    }
    await downloadOutputs(s3, job.bucket, outputFolder);
    const stream = await step("waiting for the end of the stream", () => streaming);
    const checks = await step("checking what came out", async () => [
      ...(await checkOutputs(source, outputFolder)),
      ...(await checkStream(server, stream, join(outputFolder, "stream"))),
    ]);
    printTable(checks);
    const sheet = await makeContactSheet(join(outputFolder, "demo/film.mp4"), join(folder, "contact-sheet.png"));
    say("files", outputFolder);
    say("picture", sheet);
    const wrong = checks.filter(({ problems }) => 0 < problems.length).length;
    process.stdout.write(wrong === 0 ? "\nAll right.\n" : `\n${wrong} of ${checks.length} checks failed.\n`);
    if (flags.keep && wrong === 0) await keep(server, s3, job.bucket, stream);
    return wrong === 0 ? 0 : 1;
  } finally {
    await server.close();
  }
}

async function keep(
  server: Awaited<ReturnType<typeof startServer>>,
  s3: Parameters<typeof servePage>[0],
  bucket: string,
  stream: DemoStream,
) {
  const page = await servePage(s3, bucket, await openReplay(server, stream));
  say("watch", page.url);
  process.stdout.write(`
The server keeps running:
  export AWS_CA_BUNDLE=${server.authority}
  export AWS_ACCESS_KEY_ID=${server.accessKeyId} AWS_SECRET_ACCESS_KEY=${server.secretAccessKey} AWS_DEFAULT_REGION=us-east-1
  aws --endpoint-url ${server.url} s3 ls s3://${bucket} --recursive
  aws --endpoint-url ${server.url} kinesisvideo describe-stream --stream-name ${stream.name}
Ctrl-C ends it.
`);
  await untilSignal();
  await page.close();
}

function say(what: string, where: string): void {
  process.stdout.write(`${what.padEnd(14)} ${where}\n`);
}

async function step<T>(what: string, work: () => Promise<T>): Promise<T> {
  process.stdout.write(`… ${what}\n`);
  return work();
}
