/**
 * The framing that S3 clients put around a streamed body: `size[;chunk-signature=…] CRLF data CRLF …`, a chunk of size 0,
 * then trailers.
 *
 * A machine without promises: bytes in, views of the data out, nothing copied and at most one header line held. Data is
 * handed out before its chunk's signature has been seen, so nothing may be committed before {@link ChunkedDecoder.end}.
 * That is also why a chunk may be as large as the body: the Go SDK sends an unsigned body as a single chunk.
 *
 * @see "Signature calculations for the Authorization header: transferring payload in multiple chunks", S3 API reference
 */
import { createHash, type Hash, type KeyObject } from "node:crypto";
import { ServiceError } from "../../services/service-error.ts";
import { emptyBodyHash, type Scope, scopeText, sha256Hex } from "./canonical.ts";
import { equalSignatures, signatureOf } from "./signing-key.ts";

export type ChunkedDecoder = {
  /** Data that `bytes` completes, as views into it. @throws ServiceError; nothing may be pushed after that. */
  push(bytes: Uint8Array): readonly Uint8Array[];
  /** @throws ServiceError when the body is cut short */
  end(): void;
  /** By lower-case name. Complete after `end()`. */
  trailers(): Record<string, string>;
};

/** What chunk signatures are chained from: the request's own signature and what made it. */
export type SignatureChain = { key: KeyObject; scope: Scope; timestamp: string; seed: string };

const maxLine = 4096;
const lf = 0x0a;

/**
 * @param options.decodedLength what the client declared; any other total is refused
 * @param options.trailers lower-case names that must follow the body, and no others; `undefined`: the convention has none
 * @param options.chain chunks are signed, and so are trailers
 */
export function createChunkedDecoder(options: {
  decodedLength: number;
  trailers?: readonly string[];
  chain?: SignatureChain;
}): ChunkedDecoder {
  const { decodedLength, chain } = options;
  const expected = new Set(options.trailers ?? []);
  const received = new Map<string, string>();
  const signatures = chain && createChain(chain);
  let state: "size" | "data" | "dataEnd" | "trailer" | "done" = "size";
  let line = "";
  let total = 0;
  /** Bytes of the current chunk still to come. */
  let left = 0;
  let trailerSignature: string | undefined;

  function takeSize(text: string): void {
    const match = /^([0-9a-fA-F]{1,13})(?:;chunk-signature=([0-9a-f]{64}))?$/.exec(text.trimEnd());
    if (!match || (match[2] === undefined) !== (signatures === undefined)) throw malformed("a chunk's size line");
    left = Number.parseInt(match[1]!, 16);
    if (decodedLength - total < left) throw wrongLength();
    total += left;
    if (match[2] !== undefined) signatures!.begin(match[2]);
    if (0 < left) state = "data";
    else {
      if (total !== decodedLength) throw wrongLength();
      signatures?.check();
      state = "trailer";
    }
  }

  function takeTrailer(text: string): void {
    if (text === "") {
      finish();
      return;
    }
    const colon = text.indexOf(":");
    const name = text.slice(0, Math.max(colon, 0)).trim().toLowerCase();
    // Trimming also takes the LF that minio-go puts before the CRLF.
    const value = text.slice(colon + 1).trim();
    if (name === "x-amz-trailer-signature" && signatures && options.trailers && trailerSignature === undefined) {
      trailerSignature = value;
    } else if (!expected.has(name) || received.has(name) || trailerSignature !== undefined) throw malformedTrailer();
    else received.set(name, value);
  }

  function finish(): void {
    if (received.size < expected.size) throw malformedTrailer();
    if (signatures && options.trailers) signatures.checkTrailer(received, trailerSignature ?? "");
    state = "done";
  }

  /** Takes the line that ends in `bytes`, or keeps its beginning for the next push. Returns where to go on. */
  function takeLine(bytes: Uint8Array, from: number): number {
    const found = bytes.indexOf(lf, from);
    const to = found < 0 ? bytes.length : found + 1;
    if (maxLine < line.length + to - from) throw malformed("a line of more than 4096 bytes");
    line += Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString("latin1");
    if (!line.endsWith("\r\n")) return to;
    const text = line.slice(0, -2);
    line = "";
    if (state === "size") takeSize(text);
    else if (state === "trailer") takeTrailer(text);
    else if (text === "") state = "size";
    else throw malformed("a chunk that is longer than its size");
    return to;
  }

  return {
    push(bytes) {
      const data: Uint8Array[] = [];
      for (let at = 0; at < bytes.length; ) {
        if (state === "done") throw malformed("bytes after the end");
        if (state !== "data") {
          at = takeLine(bytes, at);
          continue;
        }
        const view = bytes.subarray(at, at + left);
        signatures?.update(view);
        data.push(view);
        at += view.length;
        left -= view.length;
        if (left === 0) {
          signatures?.check();
          state = "dataEnd";
        }
      }
      return data;
    },
    end() {
      if (state !== "done") throw wrongLength();
    },
    trailers: () => Object.fromEntries(received),
  };
}

/** Each signature covers the one before it, so no chunk can be left out, repeated or moved. */
function createChain({ key, scope, timestamp, seed }: SignatureChain) {
  let previous = seed;
  let claimed = "";
  let hash: Hash = createHash("sha256");
  const sign = (algorithm: string, ...parts: string[]) =>
    signatureOf(key, [algorithm, timestamp, scopeText(scope), previous, ...parts].join("\n"));
  return {
    begin(signature: string): void {
      claimed = signature;
      hash = createHash("sha256");
    },
    update(data: Uint8Array): void {
      hash.update(data);
    },
    check(): void {
      const signature = sign("AWS4-HMAC-SHA256-PAYLOAD", emptyBodyHash, hash.digest("hex"));
      if (!equalSignatures(signature, claimed)) throw wrongChunkSignature();
      previous = signature;
    },
    checkTrailer(trailers: ReadonlyMap<string, string>, claimedByTrailer: string): void {
      const text = [...trailers].map(([name, value]) => `${name}:${value}\n`).join("");
      if (!equalSignatures(sign("AWS4-HMAC-SHA256-TRAILER", sha256Hex(text)), claimedByTrailer)) {
        throw wrongChunkSignature();
      }
    },
  };
}

function wrongChunkSignature(): ServiceError {
  const message =
    "The request signature we calculated does not match the signature you provided. Check your key and signing method.";
  return new ServiceError("SignatureDoesNotMatch", 403, message);
}

function wrongLength(): ServiceError {
  const message = "You did not provide the number of bytes specified by the x-amz-decoded-content-length HTTP header.";
  return new ServiceError("IncompleteBody", 400, message);
}

function malformed(what: string): ServiceError {
  return new ServiceError("IncompleteBody", 400, `The body is not in aws-chunked encoding: ${what}.`);
}

function malformedTrailer(): ServiceError {
  const message =
    "The request contained trailing data that was not well-formed or did not conform to our published schema.";
  return new ServiceError("MalformedTrailerError", 400, message);
}
