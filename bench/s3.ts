/**
 * S3 throughput beside npm's s3rver, in the same run on the same disk.
 *
 *   [MILLRACE_BENCH="PUT 4 KB,…"] node_modules/.bin/node --conditions=millrace-source bench/s3.ts [SECONDS]
 *
 * PUT and GET of 4 KB and 1 MB objects over keep-alive connections, every request signed with the hash of its body. The
 * signatures are made before the clock runs, so the load generator costs the same small part of the machine for both.
 * The two servers take turns, SECONDS (default 5) at a time, three turns each after one to warm up; medians. Millrace
 * makes every PUT durable before it answers, s3rver leaves that to the operating system. For the PUT of 1 MB a third one
 * tells what is to be had at all: a bare server that does nothing but hash the body and keep it (s3/bare.ts).
 *
 * Exits 1 when Millrace is less than twice as fast in any of the four.
 */
import { type ChildProcess, fork, spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { join, resolve } from "node:path";
import { systemClock } from "../server/src/base/clock.ts";
import { signRequest } from "../server/src/edge/auth/sign.ts";
import { keys, startMillrace, withFolder } from "../server/test/journeys/millrace-process.ts";

const turnMs = Number(process.argv[2] ?? 5) * 1000;
const turns = 3;
const connections = 8;
const bound = 2;
const bucket = "bench";

type Target = { name: string; url: URL; keys: { accessKeyId: string; secretAccessKey: string } };
type Load = { name: string; method: "PUT" | "GET"; sizeBytes: number; objects: number; beside?: "bare" };

const kilobyte = 1024;
const loads: readonly Load[] = [
  { name: "PUT 4 KB", method: "PUT", sizeBytes: 4 * kilobyte, objects: 500 },
  { name: "GET 4 KB", method: "GET", sizeBytes: 4 * kilobyte, objects: 500 },
  { name: "PUT 1 MB", method: "PUT", sizeBytes: 1024 * kilobyte, objects: 32, beside: "bare" },
  { name: "GET 1 MB", method: "GET", sizeBytes: 1024 * kilobyte, objects: 32 },
];

async function run(folder: string): Promise<void> {
  const millrace = await startMillrace([
    "serve",
    "--listen",
    "127.0.0.1:0",
    "--data",
    join(folder, "millrace"),
    "--log-level",
    "warn",
    "--role",
    "api",
  ]);
  const s3rver = await startS3rver(join(folder, "s3rver"));
  const bare = fork(join(import.meta.dirname, "s3/bare.ts"), [join(folder, "bare")]);
  try {
    const [bareUrl] = await once(bare, "message");
    const targets: readonly Target[] = [
      { name: "millrace", url: new URL(millrace.url), keys },
      { name: "s3rver", url: s3rver.url, keys: { accessKeyId: "S3RVER", secretAccessKey: "S3RVER" } },
    ];
    const third = { name: "bare", url: new URL(bareUrl), keys };
    for (const target of targets) await createBucket(target);
    console.log(`${connections} connections, ${turns} turns of ${turnMs / 1000} s each; requests/s (MB/s), medians`);
    let slow = false;
    const chosen = process.env.MILLRACE_BENCH?.split(",");
    for (const load of loads) {
      if (chosen !== undefined && !chosen.includes(load.name)) continue;
      if (load.method === "GET") for (const target of targets) await fill(target, load);
      const measured = await compare(load.beside === "bare" ? [...targets, third] : targets, load);
      slow ||= measured < bound;
    }
    if (slow) {
      console.log(`less than ${bound} times as fast`);
      process.exitCode = 1;
    }
  } finally {
    await millrace.kill("SIGTERM");
    s3rver.process.kill("SIGTERM");
    bare.disconnect();
    await once(s3rver.process, "exit");
  }
}

/** Prints a line and returns the ratio of the first to the second. */
async function compare(targets: readonly Target[], load: Load): Promise<number> {
  const results: number[][] = targets.map(() => []);
  for (let turn = 0; turn <= turns; turn++) {
    for (const [at, target] of targets.entries()) {
      const rate = await measure(target, load);
      if (turn > 0) results[at]!.push(rate);
    }
  }
  const rates = results.map(median);
  const show = (rate: number) =>
    `${rate.toFixed(0).padStart(6)}/s (${((rate * load.sizeBytes) / 1e6).toFixed(0).padStart(4)} MB/s)`;
  const shown = targets.map(({ name }, at) => `${name} ${show(rates[at]!)}`).join("   ");
  const ratio = rates[0]! / rates[1]!;
  console.log(`${load.name}   ${shown}   ${ratio.toFixed(2)} x`);
  return ratio;
}

async function fill(target: Target, { sizeBytes, objects }: Load): Promise<void> {
  const body = randomBytes(sizeBytes);
  const wire = await Wire.open(target.url);
  for (let index = 0; index < objects; index++)
    await wire.ask(request(target, "PUT", `/${bucket}/${sizeBytes}/${index}`, body));
  wire.close();
}

/** Requests per second of one turn. */
async function measure(target: Target, { method, sizeBytes, objects }: Load): Promise<number> {
  const body = randomBytes(sizeBytes);
  const requests = Array.from({ length: objects }, (_, index) => {
    const path = `/${bucket}/${sizeBytes}/${index}`;
    return request(target, method, path, method === "PUT" ? body : undefined);
  });
  const wires = await Promise.all(Array.from({ length: connections }, () => Wire.open(target.url)));
  let next = 0;
  let answered = 0;
  const begun = performance.now();
  const until = begun + turnMs;
  await Promise.all(
    wires.map(async (wire) => {
      while (performance.now() < until) {
        const size = await wire.ask(requests[next++ % requests.length]!);
        if (method === "GET" && size !== sizeBytes) throw new Error(`${target.name} answered ${size} bytes`);
        answered++;
      }
    }),
  );
  const seconds = (performance.now() - begun) / 1000;
  for (const wire of wires) wire.close();
  return answered / seconds;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

async function createBucket(target: Target): Promise<void> {
  const wire = await Wire.open(target.url);
  await wire.ask(request(target, "PUT", `/${bucket}`));
  wire.close();
}

/** Head and body as they go over the wire. */
function request(target: Target, method: string, path: string, body?: Buffer): Buffer[] {
  const headers = signRequest({
    method,
    url: new URL(path, target.url),
    headers: body === undefined ? {} : { "content-length": String(body.length), "content-type": "video/mp4" },
    payloadHash: createHash("sha256")
      .update(body ?? "")
      .digest("hex"),
    credentials: target.keys,
    service: "s3",
    region: "us-east-1",
    clock: systemClock,
  });
  const lines = Object.entries({ host: target.url.host, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  const length = body === undefined && method === "PUT" ? "content-length: 0\r\n" : "";
  const head = Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join("")}${length}\r\n`);
  return body === undefined ? [head] : [head, body];
}

/** One keep-alive connection: a request, then its answer. Only as much of HTTP as both servers speak. */
class Wire {
  readonly #socket: Socket;
  #heard: (bytes: Buffer) => void = () => {};
  #failed: (error: Error) => void = () => {};

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (bytes) => this.#heard(bytes as Buffer));
    socket.on("error", (error) => this.#failed(error));
    socket.on("close", () => this.#failed(new Error("the server closed the connection")));
  }

  static async open(url: URL): Promise<Wire> {
    const socket = connect(Number(url.port), url.hostname);
    await once(socket, "connect");
    return new Wire(socket);
  }

  /** Resolves with the size of the answer's body when all of it is here. */
  ask(request: readonly Buffer[]): Promise<number> {
    return new Promise((resolve, reject) => {
      let head = "";
      let left: number | undefined;
      let size = 0;
      this.#failed = reject;
      this.#heard = (bytes) => {
        let body = bytes;
        if (left === undefined) {
          const before = head.length;
          head += bytes.toString("latin1");
          const end = head.indexOf("\r\n\r\n");
          if (end < 0) return;
          if (!/^HTTP\/1.1 2/.test(head)) return reject(new Error(head));
          size = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
          left = size;
          body = bytes.subarray(end + 4 - before);
        }
        left -= body.length;
        if (left <= 0) resolve(size);
      };
      this.#socket.cork();
      for (const part of request) this.#socket.write(part);
      this.#socket.uncork();
    });
  }

  close(): void {
    this.#failed = () => {};
    this.#socket.destroy();
  }
}

async function startS3rver(folder: string): Promise<{ process: ChildProcess; url: URL }> {
  const program = resolve(import.meta.dirname, "../node_modules/s3rver/bin/s3rver.js");
  const args = ["--no-deprecation", program, "--silent", "-d", folder, "-a", "127.0.0.1", "-p", "0"];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const port = await new Promise<string>((resolve, reject) => {
    let said = "";
    child.stdout.on("data", (chunk) => {
      said += chunk;
      const found = /:(\d+)/.exec(said)?.[1];
      if (found !== undefined) resolve(found);
    });
    child.once("exit", () => reject(new Error(`s3rver ended early: ${said}`)));
  });
  return { process: child, url: new URL(`http://127.0.0.1:${port}`) };
}

await withFolder(run);
