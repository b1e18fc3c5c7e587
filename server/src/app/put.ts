/**
 * `millrace put`: the producer SDK as a command.
 */
import { access } from "node:fs/promises";
import {
  loopSource,
  openProducer,
  openSource,
  type Producer,
  ProducerError,
  type ProducerEvent,
  paceSource,
  pump,
} from "@millrace/producer/node";
import { clientFlags, clientHelp, findServer } from "./client.ts";
import { describeOptions, parseOptions, refuseBeyond, UsageError } from "./options.ts";
import { showStatus } from "./put-status.ts";
import { untilSignal } from "./until-signal.ts";

const help = `usage: millrace put --stream NAME FILE|URL|-

Sends a file, a camera (rtsp://…), whatever else FFmpeg opens, or standard input to a stream, and waits until all of it is
acknowledged. Pictures go as they are; sound that players of streams do not know becomes AAC. Matroska and raw H.264 or
H.265 with start codes need no FFmpeg. Ctrl-C ends the media and still waits for what is on its way.

  --stream NAME                    the stream
  --create                         make it where it is missing
  --retention HOURS                of a stream that is made [24]
  --tags NAME=VALUE,…              metadata of every fragment
  --realtime                       as fast as it was filmed; a full buffer drops its oldest fragment
  --loop                           again and again
  --start TIME                     when the first frame was filmed, as 2026-05-01T12:00:00Z [now]
  --audio copy|aac|none            what becomes of the sound [copy, or aac where it must]
  --frame-rate N                   of raw H.264 and H.265 [25]
  --format NAME                    open with this format of FFmpeg's: v4l2, x11grab, avfoundation
  --encode                         encode the pictures to H.264, a key frame every two seconds
  --ffmpeg PATH                    the ffmpeg program [ffmpeg]
${clientHelp}${describeOptions("put")}
exits 0 when all is acknowledged, 3 when frames were dropped on the way, 1 when it failed, 2 for a wrong command line
`;

const ownFlags = {
  help: "boolean",
  stream: "string",
  create: "boolean",
  retention: "string",
  tags: "string",
  realtime: "boolean",
  loop: "boolean",
  start: "string",
  audio: "string",
  "frame-rate": "string",
  format: "string",
  encode: "boolean",
  ffmpeg: "string",
  ...clientFlags,
} as const;

type Flags = Record<string, string | boolean | undefined>;

export async function run(args: string[]): Promise<number> {
  const { config, flags, positionals } = parseOptions("put", args, process.env, ownFlags);
  if (flags.help) {
    process.stdout.write(help);
    return 0;
  }
  const [input = ""] = positionals;
  if (flags.stream === undefined || input === "") {
    throw new UsageError("say put --stream NAME FILE|URL|-; millrace put --help tells more");
  }
  refuseBeyond(1, positionals);
  const plan = planPut(input, flags);
  const isFile = input !== "-" && !isUrl(input) && flags.format === undefined;
  if (isFile) {
    await access(input).catch(() => {
      throw new UsageError(`cannot read ${input}`);
    });
  }
  const server = await findServer(config, flags);
  const stop = new AbortController();
  const { signal } = stop;
  void untilSignal().then(() => {
    stop.abort();
    if (input === "-") process.stdin.destroy();
  });

  let reason: string | undefined;
  const onEvent = (event: ProducerEvent) => {
    if (event.type === "state" && event.error !== undefined) reason = event.error.message;
  };
  let producer: Producer;
  try {
    const create = flags.create ? { retentionHours: plan.retentionHours } : undefined;
    producer = await openProducer({ ...server, stream: String(flags.stream), mode: plan.mode, create, onEvent });
    producer.setTags(plan.tags, { persistent: true });
  } catch (error) {
    throw sentence(error);
  }
  const status = showStatus(() => ({ state: producer.state, metrics: producer.metrics, reason }), process.stderr);
  try {
    const open = () => openSource(input, { ...plan.source, signal });
    const source = flags.loop ? loopSource(later(open)) : await open();
    const paced = flags.realtime ? paceSource(source, { signal }) : source;
    await pump(paced, producer, { startAtMs: plan.startAtMs, signal }).catch((error) => {
      if (!signal.aborted) throw error;
    });
    await producer.close();
  } catch (error) {
    // What was read before the source failed is still sent.
    await producer.close().catch(() => {});
    throw sentence(error);
  } finally {
    status.close();
  }
  const { framesIn, framesDropped, fragments } = producer.metrics;
  process.stdout.write(
    `${framesIn} frames, ${fragments.received} fragments received, ${fragments.persisted} persisted, ${framesDropped} frames dropped\n`,
  );
  return framesDropped === 0 ? 0 : 3;
}

/** @throws UsageError */
function planPut(input: string, flags: Flags) {
  const retentionHours = Number(flags.retention ?? 24);
  if (!Number.isInteger(retentionHours) || retentionHours < 0) {
    throw new UsageError(`--retention must be a whole number of hours, not ${flags.retention}`);
  }
  const frameRate = Number(flags["frame-rate"] ?? 25);
  if (!(0 < frameRate && frameRate <= 1000))
    throw new UsageError(`--frame-rate must be a number to 1000, not ${flags["frame-rate"]}`);
  const startAtMs = flags.start === undefined ? undefined : Date.parse(String(flags.start));
  if (Number.isNaN(startAtMs)) throw new UsageError(`--start must be a date and time, not ${flags.start}`);
  const audio = flags.audio as "copy" | "aac" | "none" | undefined;
  if (audio !== undefined && !["copy", "aac", "none"].includes(audio)) {
    throw new UsageError(`--audio must be copy, aac or none, not ${audio}`);
  }
  if (flags.loop && input === "-") throw new UsageError("standard input comes once: --loop needs a file or a URL");
  const tags = Object.fromEntries(
    (flags.tags === undefined ? [] : String(flags.tags).split(",")).map((pair) => {
      const at = pair.indexOf("=");
      if (at < 1) throw new UsageError(`--tags must be NAME=VALUE,…, not ${flags.tags}`);
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
  const isLive = flags.realtime || flags.format !== undefined || /^rtsps?:|^rtmps?:|^udp:|^srt:/i.test(input);
  return {
    retentionHours,
    startAtMs,
    tags,
    // A pipe can wait, a camera cannot.
    mode: isLive ? ("realtime" as const) : ("offline" as const),
    source: {
      frameRate,
      audio,
      ffmpeg: flags.ffmpeg === undefined ? undefined : String(flags.ffmpeg),
      inputArguments: flags.format === undefined ? undefined : ["-f", String(flags.format)],
      videoArguments: flags.encode ? encoding : undefined,
    },
  };
}

const encoding = [
  ...["-c:v", "libx264", "-preset", "veryfast", "-tune", "zerolatency", "-pix_fmt", "yuv420p"],
  ...["-force_key_frames", "expr:gte(t,n_forced*2)"],
];

function isUrl(input: string): boolean {
  return /^[a-z][a-z0-9+.-]+:/i.test(input);
}

/** A source that is opened when it is first asked for a frame. */
function later(open: () => ReturnType<typeof openSource>): () => Awaited<ReturnType<typeof openSource>> {
  return async function* () {
    yield* await open();
  };
}

/** For the person at the command line, without a stack. */
function sentence(error: unknown): unknown {
  return error instanceof ProducerError ? new Error(error.message, { cause: error }) : error;
}
