/**
 * Conditional requests.
 *
 * @see RFC 9110, 13.2.2 for the order
 */
import type { StoredObject } from "../../storage/records/objects.ts";
import { headerNotDone, noSuchKey, notModified, preconditionFailed } from "./errors.ts";

type Validators = Pick<StoredObject, "etag" | "modifiedAt">;

export type ReadConditions = {
  IfMatch?: string;
  IfNoneMatch?: string;
  IfModifiedSince?: Date;
  IfUnmodifiedSince?: Date;
};

/** The condition that does not hold, and what that means for a reader. `undefined`: go on. */
export function failedCondition(
  { etag, modifiedAt }: Validators,
  { IfMatch, IfNoneMatch, IfModifiedSince, IfUnmodifiedSince }: ReadConditions,
): { condition: string; answer: "failed" | "not-modified" } | undefined {
  if (IfMatch !== undefined) {
    if (!matches(IfMatch, etag)) return { condition: "If-Match", answer: "failed" };
  } else if (isDate(IfUnmodifiedSince) && IfUnmodifiedSince.getTime() < modifiedAt) {
    return { condition: "If-Unmodified-Since", answer: "failed" };
  }
  if (IfNoneMatch !== undefined) {
    if (matches(IfNoneMatch, etag)) return { condition: "If-None-Match", answer: "not-modified" };
  } else if (isDate(IfModifiedSince) && modifiedAt <= IfModifiedSince.getTime()) {
    return { condition: "If-Modified-Since", answer: "not-modified" };
  }
  return undefined;
}

/** For GET and HEAD. */
export function checkRead(object: StoredObject, conditions: ReadConditions): void {
  const failed = failedCondition(object, conditions);
  if (failed?.answer === "failed") throw preconditionFailed(failed.condition);
  if (failed?.answer === "not-modified") {
    const { etag, modifiedAt, headers } = object;
    const kept = ["cache-control", "expires"].flatMap((name) => (headers[name] ? [[name, headers[name]]] : []));
    const validators = { etag: `"${etag}"`, "last-modified": new Date(modifiedAt).toUTCString() };
    throw notModified({ ...validators, ...Object.fromEntries(kept) });
  }
}

/** For the source of a copy: whatever does not hold is a failure. */
export function checkSource(
  object: StoredObject,
  input: {
    CopySourceIfMatch?: string;
    CopySourceIfNoneMatch?: string;
    CopySourceIfModifiedSince?: Date;
    CopySourceIfUnmodifiedSince?: Date;
  },
): void {
  const failed = failedCondition(object, {
    IfMatch: input.CopySourceIfMatch,
    IfNoneMatch: input.CopySourceIfNoneMatch,
    IfModifiedSince: input.CopySourceIfModifiedSince,
    IfUnmodifiedSince: input.CopySourceIfUnmodifiedSince,
  });
  if (failed !== undefined) throw preconditionFailed(`x-amz-copy-source-${failed.condition}`);
}

export type WriteConditions = { IfMatch?: string; IfNoneMatch?: string };

/** `undefined` when there is nothing to check. What it returns runs in the transaction that writes. */
export function writeCheck(
  key: string,
  { IfMatch, IfNoneMatch }: WriteConditions,
): ((existing: Validators | undefined) => void) | undefined {
  if (IfMatch === undefined && IfNoneMatch === undefined) return undefined;
  // S3 writes know only the star: an object that is not there yet.
  if (IfNoneMatch !== undefined && IfNoneMatch.trim() !== "*") throw headerNotDone("If-None-Match");
  return (existing) => {
    if (IfNoneMatch !== undefined && existing !== undefined) throw preconditionFailed("If-None-Match");
    if (IfMatch === undefined) return;
    if (existing === undefined) throw noSuchKey(key);
    if (!matches(IfMatch, existing.etag)) throw preconditionFailed("If-Match");
  };
}

/** `list`: `*`, or ETags with or without quotes. */
export function matches(list: string, etag: string): boolean {
  return list.split(",").some((item) => {
    const one = item.trim();
    return one === "*" || unquoted(one) === etag;
  });
}

export function unquoted(etag: string): string {
  return etag
    .trim()
    .replace(/^W\//, "")
    .replace(/^"(.*)"$/, "$1");
}

/** A date that cannot be read is no condition. */
function isDate(date: Date | undefined): date is Date {
  return date !== undefined && !Number.isNaN(date.getTime());
}

export type DeleteConditions = { IfMatch?: string; IfMatchLastModifiedTime?: Date; IfMatchSize?: number };

/** As `writeCheck`, for what is to be deleted. */
export function deleteCheck(
  key: string,
  { IfMatch, IfMatchLastModifiedTime, IfMatchSize }: DeleteConditions,
): ((existing: (Validators & { size: number }) | undefined) => void) | undefined {
  if (IfMatch === undefined && IfMatchLastModifiedTime === undefined && IfMatchSize === undefined) return undefined;
  return (existing) => {
    if (existing === undefined) throw noSuchKey(key);
    if (IfMatch !== undefined && !matches(IfMatch, existing.etag)) throw preconditionFailed("If-Match");
    if (IfMatchLastModifiedTime !== undefined && IfMatchLastModifiedTime.getTime() !== existing.modifiedAt)
      throw preconditionFailed("x-amz-if-match-last-modified-time");
    if (IfMatchSize !== undefined && IfMatchSize !== existing.size) throw preconditionFailed("x-amz-if-match-size");
  };
}
