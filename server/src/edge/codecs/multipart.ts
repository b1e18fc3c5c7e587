/**
 * multipart/form-data as browsers post it, with one file at its end that streams.
 *
 * What comes before the file is bounded in all; what comes after it is not looked at.
 *
 * @see RFC 7578
 */
import { Undecodable } from "./undecodable.ts";

export type Form = {
  /** By lower-case name. */
  fields: Readonly<Record<string, string>>;
  fileName: string;
  fileType: string | undefined;
  /** To be read once, to its end. @throws Undecodable when the form breaks off */
  file: AsyncIterable<Uint8Array>;
};

export type FormLimits = { maxFieldBytes: number };

/** @throws Undecodable; `tooLong` when the fields are larger than allowed */
export async function readForm(
  contentType: string,
  body: AsyncIterable<Uint8Array>,
  { maxFieldBytes }: FormLimits,
  tooLong: () => Error,
): Promise<Form> {
  const boundary = parseBoundary(contentType);
  const reader = new DelimitedReader(body, Buffer.from(`\r\n--${boundary}`));
  const fields = new Map<string, string>();
  let left = maxFieldBytes;
  const take = async (end: Buffer | undefined) => {
    const bytes = await reader.readUntil(end, left);
    if (bytes === undefined) throw tooLong();
    left -= bytes.length;
    return bytes;
  };
  await take(undefined);
  for (;;) {
    if (await reader.skipIf("--")) throw new Undecodable("The form has no file.", "body", "file");
    if (!(await reader.skipIf("\r\n"))) throw new Undecodable("The form is not well-formed.");
    const { name, fileName, type } = parsePartHeaders((await take(Buffer.from("\r\n\r\n"))).toString("utf8"));
    if (name === "file") {
      return { fields: Object.fromEntries(fields), fileName: fileName ?? "", fileType: type, file: reader.rest() };
    }
    if (fields.has(name)) throw new Undecodable(`The form has more than one field ${name}.`, "body", name);
    fields.set(name, (await take(undefined)).toString("utf8"));
  }
}

function parseBoundary(contentType: string): string {
  const match = /;\s*boundary=(?:"([^"\r\n]{1,70})"|([^;\s"]{1,70}))/i.exec(contentType);
  const boundary = match?.[1] ?? match?.[2];
  if (boundary === undefined) throw new Undecodable("The content type of the form names no boundary.");
  return boundary;
}

function parsePartHeaders(text: string): { name: string; fileName: string | undefined; type: string | undefined } {
  const lines = text.split("\r\n");
  const headerOf = (header: string) =>
    lines
      .find((line) => line.toLowerCase().startsWith(`${header}:`))
      ?.slice(header.length + 1)
      .trim();
  const disposition = headerOf("content-disposition") ?? "";
  const name = parameterOf(disposition, "name");
  if (name === undefined) throw new Undecodable("A field of the form has no name.");
  return { name: name.toLowerCase(), fileName: parameterOf(disposition, "filename"), type: headerOf("content-type") };
}

/** Browsers write quotes in names as `%22`, others escape them. */
function parameterOf(disposition: string, name: string): string | undefined {
  const match = new RegExp(`;\\s*${name}=(?:"((?:[^"\\\\]|\\\\.)*)"|([^;\\s]*))`, "i").exec(disposition);
  return match?.[1]?.replace(/\\(["\\])/g, "$1") ?? match?.[2];
}

class DelimitedReader {
  #chunks: AsyncIterator<Uint8Array>;
  /** As if a line had ended just before: the first delimiter has none in front of it. */
  #held: Buffer = Buffer.from("\r\n");
  #delimiter: Buffer;

  constructor(body: AsyncIterable<Uint8Array>, delimiter: Buffer) {
    this.#chunks = body[Symbol.asyncIterator]();
    this.#delimiter = delimiter;
  }

  /** What stands before the end mark, which is taken too. `undefined`: more than `maxBytes`. */
  async readUntil(end = this.#delimiter, maxBytes: number): Promise<Buffer | undefined> {
    for (let searched = 0; ; ) {
      const at = this.#held.indexOf(end, searched);
      if (0 <= at) {
        if (maxBytes < at) return undefined;
        const bytes = this.#held.subarray(0, at);
        this.#held = this.#held.subarray(at + end.length);
        return bytes;
      }
      if (maxBytes + end.length < this.#held.length) return undefined;
      searched = Math.max(0, this.#held.length - end.length);
      await this.#more();
    }
  }

  async skipIf(text: "--" | "\r\n"): Promise<boolean> {
    while (this.#held.length < 2) await this.#more();
    if (this.#held.toString("latin1", 0, 2) !== text) return false;
    this.#held = this.#held.subarray(2);
    return true;
  }

  /** Up to the next delimiter. What follows is read and dropped, so that the client gets to see the answer. */
  async *rest(): AsyncGenerator<Uint8Array> {
    const kept = this.#delimiter.length - 1;
    for (;;) {
      const at = this.#held.indexOf(this.#delimiter);
      const end = at < 0 ? Math.max(0, this.#held.length - kept) : at;
      if (0 < end) yield this.#held.subarray(0, end);
      if (0 <= at) break;
      this.#held = this.#held.subarray(end);
      await this.#more();
    }
    for (let left = 64; 0 < left && !(await this.#chunks.next()).done; ) left -= 1;
  }

  async #more(): Promise<void> {
    const { done, value } = await this.#chunks.next();
    if (done) throw new Undecodable("The form breaks off before its end.");
    this.#held = this.#held.length === 0 ? Buffer.from(value) : Buffer.concat([this.#held, value]);
  }
}
