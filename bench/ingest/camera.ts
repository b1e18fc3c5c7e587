/**
 * A camera that costs little: a raw socket, and fragments that were built beforehand and lie in memory as chunks of HTTP.
 */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { buildCluster, buildHeader } from "@millrace/media/matroska/writer";
import { systemClock } from "../../server/src/base/clock.ts";
import { systemRandom } from "../../server/src/base/random.ts";
import { emptyBodyHash } from "../../server/src/edge/auth/canonical.ts";
import { signRequest } from "../../server/src/edge/auth/sign.ts";
import { keys } from "../../server/test/journeys/millrace-process.ts";

export const frameMs = 40;

/** A chunk of HTTP for about each frame. Its bytes may be sent by any number of cameras. */
export type FragmentShape = { chunks: readonly Buffer[]; sizeBytes: number };

export function fragmentOf(frames: number, frameBytes: number): FragmentShape {
  const data = systemRandom(frameBytes);
  const cluster = buildCluster(
    0,
    Array.from({ length: frames }, (_, at) => ({ track: 1, timestamp: at * frameMs, keyframe: at === 0, data })),
  );
  const first = cluster.length % frames;
  const frameSize = Math.floor(cluster.length / frames);
  const chunks = Array.from({ length: frames }, (_, at) => {
    const from = at === 0 ? 0 : first + at * frameSize;
    return httpChunk(cluster.subarray(from, first + (at + 1) * frameSize));
  });
  return { chunks, sizeBytes: cluster.length };
}

export class Camera {
  readonly #socket: Socket;
  /** When the last byte of a fragment was written, by its timecode. */
  readonly #written = new Map<number, number>();
  #timecode: number;
  #text = "";
  #failure: string | undefined;
  #isOver = false;
  /** Settles when nothing more will come. */
  readonly #answered = Promise.withResolvers<void>();
  #drained: () => void = () => {};
  onPersisted: (latencyMs: number) => void = () => {};

  private constructor(socket: Socket, timecode: number) {
    this.#socket = socket;
    this.#timecode = timecode;
    socket.setNoDelay(true);
    socket.on("data", (bytes) => this.#hear(bytes as Buffer));
    socket.on("drain", () => this.#drained());
    socket.on("error", (error) => this.#fail(error.message));
    socket.on("close", () => this.#fail("the server closed the connection"));
  }

  /** Its first fragment has this timecode. */
  static async open(url: string, stream: string, timecode: number): Promise<Camera> {
    const target = new URL("/putMedia", url);
    const socket = connect(Number(target.port), target.hostname);
    await once(socket, "connect");
    const camera = new Camera(socket, timecode);
    socket.write(Buffer.concat([requestHead(target, stream), httpChunk(matroskaHeader)]));
    return camera;
  }

  /** Why it came to an end before its time. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** Fragments of which the server has not said that they are PERSISTED. */
  get waiting(): number {
    return this.#written.size;
  }

  /** `false`: what was written waits in this process. */
  writeFrame(shape: FragmentShape, index: number): boolean {
    const chunk = index === 0 ? withTimecode(shape.chunks[0]!, this.#timecode) : shape.chunks[index]!;
    const flows = this.#socket.write(chunk);
    if (index === shape.chunks.length - 1) {
      this.#written.set(this.#timecode, performance.now());
      this.#timecode += shape.chunks.length * frameMs;
    }
    return flows;
  }

  async drained(): Promise<void> {
    while (this.#socket.writableNeedDrain && this.#failure === undefined) {
      await new Promise<void>((resolve) => {
        this.#drained = resolve;
      });
    }
  }

  /** Ends its body, and resolves when the server has ended its answer. @throws what came instead */
  async end(): Promise<void> {
    this.#socket.write("0\r\n\r\n");
    await this.#answered.promise;
    this.destroy();
    if (this.#failure !== undefined) throw new Error(this.#failure);
  }

  destroy(): void {
    this.#isOver = true;
    this.#socket.destroy();
  }

  #hear(bytes: Buffer): void {
    const now = performance.now();
    const lines = (this.#text + bytes.toString("latin1")).split("\n");
    this.#text = lines.pop()!;
    for (const line of lines) {
      if (line.includes('"PERSISTED"')) {
        const timecode = Number(/"FragmentTimecode":(\d+)/.exec(line)![1]);
        this.onPersisted(now - this.#written.get(timecode)!);
        this.#written.delete(timecode);
      } else if (line.includes('"ERROR"')) this.#fail(line);
      else if (line.startsWith("HTTP/1.1") && !line.startsWith("HTTP/1.1 200")) this.#fail(line);
      else if (line === "0\r") {
        this.#isOver = true;
        this.#answered.resolve();
      }
    }
  }

  #fail(why: string): void {
    if (this.#isOver) return;
    this.#failure ??= why;
    this.#answered.resolve();
    this.#drained();
  }
}

const matroskaHeader = buildHeader({
  tracks: [
    {
      number: 1,
      kind: "video",
      codecId: "V_MPEG4/ISO/AVC",
      codecPrivate: Buffer.from(
        "014d401effe1001b674d401ee8805017fcb80b4a000003000200000300651e2c5c23000168ee3c80",
        "hex",
      ),
      video: { width: 1280, height: 720 },
    },
  ],
});

function requestHead(target: URL, stream: string): Buffer {
  const headers = signRequest({
    method: "POST",
    url: target,
    headers: { "x-amzn-stream-name": stream, "x-amzn-fragment-timecode-type": "ABSOLUTE" },
    payloadHash: emptyBodyHash,
    sendPayloadHash: false,
    credentials: keys,
    service: "kinesisvideo",
    region: "us-east-1",
    clock: systemClock,
  });
  const lines = Object.entries({ host: target.host, ...headers, "transfer-encoding": "chunked" });
  return Buffer.from(`POST /putMedia HTTP/1.1\r\n${lines.map((line) => `${line.join(": ")}\r\n`).join("")}\r\n`);
}

function httpChunk(bytes: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from("\r\n")]);
}

/** A copy: other cameras send the same bytes. The cluster's timestamp is the first of its elements, in eight bytes. */
function withTimecode(chunk: Buffer, timecode: number): Buffer {
  const copy = Buffer.from(chunk);
  copy.writeBigUInt64BE(BigInt(timecode), copy.indexOf(timestampElement) + timestampElement.length);
  return copy;
}

const timestampElement = Buffer.from([0xe7, 0x88]);
