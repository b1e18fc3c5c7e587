import assert from "node:assert/strict";
import { test } from "node:test";
import { transcoderConstraints } from "../services/transcoder/constraints.ts";
import { defaultLimits } from "../services/transcoder/context.ts";
import { compileConstraints } from "./constraints.ts";
import { modelOf } from "./model/models.ts";

const model = modelOf("elastic-transcoder");
const check = compileConstraints(transcoderConstraints(defaultLimits), "elastictranscoder");
const role = "arn:aws:iam::123456789012:role/r";
const id = "1111111111111-abcde1";
const failed = (value: string, path: string, rule: string) =>
  `Value ${value} at '${path}' failed to satisfy constraint: Member must ${rule}`;
const pattern = "satisfy regular expression pattern: ";

for (const [operation, input, ...expected] of [
  ["ReadJob", { Id: id }],
  ["ReadJob", {}, failed("null", "id", "not be null")],
  ["ReadJob", { Id: "xyz" }, failed("'xyz'", "id", `${pattern}^\\d{13}-\\w{6}$`)],
  ["ReadJob", { Id: `${id}\n` }, failed(`'${id}\n'`, "id", `${pattern}^\\d{13}-\\w{6}$`)],
  ["CreatePipeline", { Name: "p", InputBucket: "in", Role: role, OutputBucket: "out" }],
  [
    "CreatePipeline",
    { Name: "", Role: "me" },
    failed("''", "name", "have length greater than or equal to 1"),
    failed("null", "inputBucket", "not be null"),
    failed("'me'", "role", `${pattern}^arn:aws:iam::\\w{12}:role/.+$`),
  ],
  [
    "CreatePipeline",
    { Name: "x".repeat(41), InputBucket: "in", Role: role },
    failed(`'${"x".repeat(41)}'`, "name", "have length less than or equal to 40"),
  ],
  [
    "CreateJob",
    { PipelineId: id, Outputs: [{ PresetId: "xyz" }, { Key: "" }] },
    failed("'xyz'", "outputs.1.member.presetId", `${pattern}^\\d{13}-\\w{6}$`),
    failed("''", "outputs.2.member.key", "have length greater than or equal to 1"),
  ],
  [
    "CreatePreset",
    { Name: "p", Container: "mp4", Video: { CodecOptions: { Profile: "x".repeat(256) } } },
    failed(`'${"x".repeat(256)}'`, "video.codecOptions.Profile.member", "have length less than or equal to 255"),
  ],
  [
    "TestRole",
    { Role: role, InputBucket: "in", OutputBucket: "out", Topics: ["", "xyz"] },
    failed("'xyz'", "topics.2.member", `${pattern}(^$)|(^arn:aws:sns:.*:\\w{12}:.+$)`),
  ],
] as const) {
  test(`${operation} ${JSON.stringify(input).slice(0, 80)}: ${expected.length} wrong`, () => {
    const run = () => check(model.operations.get(operation)!.input.type!, { ...input });
    if (expected.length === 0) return run();
    const count = expected.length === 1 ? "1 validation error" : `${expected.length} validation errors`;
    assert.throws(run, {
      code: "ValidationException",
      status: 400,
      message: `${count} detected: ${expected.join("; ")}`,
    });
  });
}

test("names ranges and sets, for a member of any structure too", () => {
  const type = model.operations.get("ReadJob")!.input.type!;
  const rules = { "*.Id": { enum: ["a", "b"] } };
  assert.throws(() => compileConstraints(rules, "kinesisvideo")(type, { Id: "c" }), {
    code: "InvalidArgumentException",
    message: `1 validation error detected: ${failed("'c'", "id", "satisfy enum value set: [a, b]")}`,
  });
});

test("looks at each element of a list, also where only members of any structure have a rule", () => {
  const { type } = modelOf("iam").operations.get("UntagUser")!.input;
  const rules = { "*.TagKeys.member": { length: [1, 128] as [number, number] } };
  assert.throws(() => compileConstraints(rules, "iam")(type!, { UserName: "ada", TagKeys: ["a", ""] }), {
    message: `1 validation error detected: ${failed("''", "tagKeys.2.member", "have length greater than or equal to 1")}`,
  });
});

test("what is refused for its length is not held against a pattern", () => {
  const type = model.operations.get("ReadJob")!.input.type!;
  const check = compileConstraints({ "ReadJobRequest.Id": { length: [0, 2048], pattern: /(a+)+b/ } }, "x");
  assert.throws(() => check(type, { Id: "a".repeat(5000) }), { message: /at 'id' failed .* equal to 2048$/ });
});

test("the value of a secret is not repeated in the message", () => {
  const iam = modelOf("iam");
  const checkIam = compileConstraints({ "CreateLoginProfileRequest.Password": { length: [1, 128] } }, "iam");
  const { type } = iam.operations.get("CreateLoginProfile")!.input;
  const input = { UserName: "ada", Password: "correct horse".repeat(20) };
  assert.throws(() => checkIam(type!, input), {
    code: "ValidationError",
    message: /^1 validation error detected: Value at 'password' failed to satisfy constraint: Member must have length/,
  });
});
