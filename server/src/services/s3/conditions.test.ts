import assert from "node:assert/strict";
import test from "node:test";
import { ServiceError } from "../service-error.ts";
import { deleteCheck, failedCondition, writeCheck } from "./conditions.ts";

const object = { etag: "abc", modifiedAt: Date.UTC(2026, 3, 2, 10), size: 7 };
const before = new Date(object.modifiedAt - 1000);
const same = new Date(object.modifiedAt);
const after = new Date(object.modifiedAt + 1000);

test("evaluates a reader's conditions in the order of RFC 9110", () => {
  for (const [conditions, expected] of [
    [{}, undefined],
    [{ IfMatch: '"abc"' }, undefined],
    [{ IfMatch: "abc" }, undefined],
    [{ IfMatch: "*" }, undefined],
    [{ IfMatch: '"x", "abc"' }, undefined],
    [{ IfMatch: '"x"' }, "If-Match failed"],
    [{ IfNoneMatch: '"abc"' }, "If-None-Match not-modified"],
    [{ IfNoneMatch: 'W/"abc"' }, "If-None-Match not-modified"],
    [{ IfNoneMatch: "*" }, "If-None-Match not-modified"],
    [{ IfNoneMatch: '"x"' }, undefined],
    [{ IfModifiedSince: before }, undefined],
    [{ IfModifiedSince: same }, "If-Modified-Since not-modified"],
    [{ IfModifiedSince: after }, "If-Modified-Since not-modified"],
    [{ IfUnmodifiedSince: before }, "If-Unmodified-Since failed"],
    [{ IfUnmodifiedSince: same }, undefined],
    [{ IfMatch: '"abc"', IfUnmodifiedSince: before }, undefined],
    [{ IfNoneMatch: '"x"', IfModifiedSince: after }, undefined],
    [{ IfNoneMatch: '"abc"', IfModifiedSince: before }, "If-None-Match not-modified"],
    [{ IfMatch: '"x"', IfNoneMatch: '"abc"' }, "If-Match failed"],
    [{ IfModifiedSince: new Date("never") }, undefined],
    [{ IfUnmodifiedSince: new Date("never") }, undefined],
  ] as const) {
    const failed = failedCondition(object, conditions);
    assert.equal(failed && `${failed.condition} ${failed.answer}`, expected, JSON.stringify(conditions));
  }
});

test("lets a conditional write through or names why not", () => {
  for (const [conditions, existing, expected] of [
    [{ IfNoneMatch: "*" }, undefined, undefined],
    [{ IfNoneMatch: "*" }, object, "PreconditionFailed"],
    [{ IfMatch: '"abc"' }, object, undefined],
    [{ IfMatch: '"x"' }, object, "PreconditionFailed"],
    [{ IfMatch: '"abc"' }, undefined, "NoSuchKey"],
    [{ IfMatch: "*" }, undefined, "NoSuchKey"],
  ] as const) {
    assert.equal(
      codeOf(() => writeCheck("k", conditions)!(existing)),
      expected,
      JSON.stringify(conditions),
    );
  }
  assert.equal(writeCheck("k", {}), undefined);
  assert.equal(
    codeOf(() => writeCheck("k", { IfNoneMatch: '"abc"' })),
    "NotImplemented",
  );
});

test("deletes only what the caller means", () => {
  for (const [conditions, existing, expected] of [
    [{ IfMatch: '"abc"' }, object, undefined],
    [{ IfMatch: '"x"' }, object, "PreconditionFailed"],
    [{ IfMatch: '"abc"' }, undefined, "NoSuchKey"],
    [{ IfMatchSize: 7 }, object, undefined],
    [{ IfMatchSize: 8 }, object, "PreconditionFailed"],
    [{ IfMatchLastModifiedTime: same }, object, undefined],
    [{ IfMatchLastModifiedTime: after }, object, "PreconditionFailed"],
  ] as const) {
    assert.equal(
      codeOf(() => deleteCheck("k", conditions)!(existing)),
      expected,
      JSON.stringify(conditions),
    );
  }
});

function codeOf(act: () => unknown): string | undefined {
  try {
    act();
  } catch (error) {
    assert.ok(error instanceof ServiceError);
    return error.code;
  }
  return undefined;
}
