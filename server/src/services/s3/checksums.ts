/**
 * The checksums that clients send with bytes and get back with them.
 *
 * `Checksum…` members of the SDK's types on one side, lower-case names of base/checksums.ts on the other.
 */
import type { ChecksumName } from "../../base/checksums.ts";
import type { Received } from "../../storage/buckets/object-store.ts";
import type { Checksums, ChecksumValues } from "../../storage/records/objects.ts";
import type { RequestContext } from "../operation.ts";
import { badChecksum, badMd5, invalidDigest, invalidRequest } from "./errors.ts";

/** Those that we can compute. AWS knows a few more, which no client sends unasked. */
const algorithms = ["crc32", "crc32c", "crc64nvme", "sha1", "sha256", "sha512"] as const satisfies ChecksumName[];
export type Algorithm = (typeof algorithms)[number];

export type ChecksumMembers = {
  ChecksumCRC32?: string;
  ChecksumCRC32C?: string;
  ChecksumCRC64NVME?: string;
  ChecksumSHA1?: string;
  ChecksumSHA256?: string;
  ChecksumSHA512?: string;
};

export function memberOf(algorithm: string): keyof ChecksumMembers {
  return `Checksum${algorithm.toUpperCase()}` as keyof ChecksumMembers;
}

/** For outputs. */
export function checksumMembers(values: ChecksumValues): ChecksumMembers {
  return Object.fromEntries(Object.entries(values).map(([algorithm, value]) => [memberOf(algorithm), value]));
}

/** With the type, which goes only with a value. */
export function typedChecksumMembers({
  type,
  values,
}: Checksums): ChecksumMembers & { ChecksumType?: Checksums["type"] } {
  return Object.keys(values).length === 0 ? {} : { ...checksumMembers(values), ChecksumType: type };
}

/** As listings name it: one algorithm, in capitals. */
export function listedChecksum({ type, values }: Checksums) {
  const names = Object.keys(values);
  if (names.length === 0) return {};
  return { ChecksumAlgorithm: names.map((name) => name.toUpperCase() as Uppercase<Algorithm>), ChecksumType: type };
}

/** `name` in any case. `undefined` for `undefined`. @throws ServiceError InvalidRequest for one that is not computed here */
export function algorithmOf(name: string | undefined): Algorithm | undefined {
  if (name === undefined) return undefined;
  const algorithm = algorithms.find((known) => known === name.toLowerCase());
  if (algorithm === undefined)
    throw invalidRequest(
      `Checksum algorithm provided is unsupported. Please try again with any of the valid types: [${algorithms.join(", ").toUpperCase()}]`,
    );
  return algorithm;
}

export type Expected = {
  /** To be computed over the body. */
  algorithms: readonly Algorithm[];
  /** What must come out. Of what the client announced to send behind the body: known when the body has ended. */
  values(): ChecksumValues;
  md5?: string;
};

/** What the request says of its body. */
export function expectedChecksums(ctx: Pick<RequestContext, "header" | "query" | "trailers">): Expected {
  // In links the JS SDK signs the checksum of an empty body, whatever will be sent: there it says nothing.
  const sent = (header: string) => (ctx.query(header) === undefined ? ctx.header(header) : undefined);
  const announced = ctx.header("x-amz-trailer");
  const trailing = announced === undefined ? [] : announced.split(",").map((name) => name.trim().toLowerCase());
  const given: Algorithm[] = [];
  for (const { name, header } of knownToAws)
    if (sent(header) !== undefined || trailing.includes(header)) given.push(algorithmOf(name)!);
  if (given.length > 1)
    throw invalidRequest("Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.");
  const sentValue = (algorithm: Algorithm) => sent(headerOf(algorithm)) ?? ctx.trailers()[headerOf(algorithm)];
  for (const algorithm of given) checkForm(algorithm, sent(headerOf(algorithm)));

  const md5 = ctx.header("content-md5");
  if (md5 !== undefined && decodedLength(md5) !== 16) throw invalidDigest(md5);
  return {
    algorithms: given,
    values: () =>
      Object.fromEntries(
        given.flatMap((algorithm) => {
          const value = sentValue(algorithm);
          checkForm(algorithm, value);
          return value === undefined ? [] : [[algorithm, value]];
        }),
      ),
    md5,
  };
}

const headerOf = (algorithm: string) => `x-amz-checksum-${algorithm}`;

const knownToAws = [...algorithms, "md5", "xxhash64", "xxhash3", "xxhash128"].map((name) => ({
  name,
  header: headerOf(name),
}));

const sizes: Record<Algorithm, number> = { crc32: 4, crc32c: 4, crc64nvme: 8, sha1: 20, sha256: 32, sha512: 64 };

function checkForm(algorithm: Algorithm, value: string | undefined): void {
  if (value !== undefined && decodedLength(value) !== sizes[algorithm])
    throw invalidRequest(`Value for x-amz-checksum-${algorithm} header is invalid.`);
}

function decodedLength(base64: string): number | undefined {
  return /^[A-Za-z0-9+/]+={0,2}$/.test(base64) && base64.length % 4 === 0
    ? Buffer.from(base64, "base64").length
    : undefined;
}

/** @throws ServiceError BadDigest */
export function checkReceived(received: Received, { values, md5 }: Expected): void {
  if (md5 !== undefined) {
    const computed = Buffer.from(received.md5, "hex").toString("base64");
    if (computed !== md5) throw badMd5(md5, computed);
  }
  for (const [algorithm, value] of Object.entries(values()))
    if (received.checksums[algorithm] !== value) throw badChecksum(algorithm);
}
