/** What Resource and NotResource match. */
import { account, allow, deny, object, type PolicyCase } from "./policy-case.ts";

const stream = `arn:aws:kinesisvideo:eu-west-1:${account}:stream/porch/1700000000000`;
const topic = `arn:aws:sns:eu-west-1:${account}:done`;

/** Resource of the policy, the resource asked for, whether they match. */
const matches: readonly [pattern: string | string[], resource: string, boolean][] = [
  ["*", object, true],
  ["*", "*", true],
  ["arn:aws:s3:::media/*", "*", false],
  ["arn:aws:s3:::*", "*", false],
  [object, object, true],
  ["arn:aws:s3:::media", object, false],
  ["arn:aws:s3:::media/*", object, true],
  ["arn:aws:s3:::media/*", "arn:aws:s3:::media/", true],
  ["arn:aws:s3:::media/*", "arn:aws:s3:::media", false],
  ["arn:aws:s3:::media*", "arn:aws:s3:::media-of-others/one.mkv", true],
  ["arn:aws:s3:::media/*.mkv", object, true],
  ["arn:aws:s3:::media/*.mp4", object, false],
  ["arn:aws:s3:::media/*/one.mkv", object, true],
  ["arn:aws:s3:::media/*/one.mkv", "arn:aws:s3:::media/films/1999/one.mkv", true],
  ["arn:aws:s3:::media/*/one.mkv", "arn:aws:s3:::media/one.mkv", false],
  ["arn:aws:s3:::*/one.mkv", object, true],
  ["arn:aws:s3:::media/films/???.mkv", object, true],
  ["arn:aws:s3:::media/films/??.mkv", object, false],
  ["arn:aws:s3:::media/f?lms/o*", object, true],
  ["arn:aws:s3:::m*/f*/o*v", object, true],
  ["arn:aws:s3:::Media/*", object, false],
  ["arn:aws:s3:::media/films/one:two", "arn:aws:s3:::media/films/one:two", true],
  ["arn:aws:s3:::media/*", "arn:aws:s3:::media/films/one:two:three", true],
  ["arn:aws:s3:::media/films/*:three", "arn:aws:s3:::media/films/one:two:three", true],
  ["arn:aws-cn:s3:::media/*", object, false],
  ["arn:*:s3:::media/*", object, true],
  ["arn:aws:sns:*:*:done", topic, true],
  [`arn:aws:sns:*:${account}:done`, topic, true],
  ["arn:aws:sns:*:444455556666:done", topic, false],
  ["arn:aws:sns:eu-*:*:done", topic, true],
  ["arn:aws:sns:us-*:*:done", topic, false],
  ["arn:aws:sns:eu-west-?:*:*", topic, true],
  ["arn:aws:sns:::done", topic, false],
  ["arn:aws:sns:*:done", topic, false],
  ["arn:aws:sns:*", topic, true],
  ["arn:aws:sns", topic, true],
  ["arn:aws:sns:eu-west-1", topic, true],
  ["arn:aws:sns:us-east-1", topic, false],
  ["arn:aws:sqs:*", topic, false],
  [`arn:aws:sns:eu-west-1:1111*:done`, topic, true],
  [`arn:aws:kinesisvideo:eu-west-1:${account}:stream/porch/*`, stream, true],
  [`arn:aws:kinesisvideo:eu-west-1:${account}:stream/porch/1700000000000`, stream, true],
  [`arn:aws:kinesisvideo:eu-west-1:${account}:stream/porch`, stream, false],
  [`arn:aws:kinesisvideo:eu-west-1:${account}:stream/por*`, stream, true],
  [`arn:aws:kinesisvideo:eu-west-1:${account}:stream/*/*`, stream, true],
  [`arn:aws:kinesisvideo:*:*:stream/porch/*`, `arn:aws:kinesisvideo:eu-west-1:${account}:stream/porch/*`, true],
  [`arn:aws:kinesisvideo:*:*:stream/porch/17*`, `arn:aws:kinesisvideo:eu-west-1:${account}:stream/porch/*`, false],
  [`arn:aws:kinesisvideo:*:*:channel/*`, stream, false],
  ["arn:aws:s3:::media/*", "media/films/one.mkv", false],
  [["arn:aws:s3:::other/*", "arn:aws:s3:::media/*"], object, true],
  [["arn:aws:s3:::other/*", "arn:aws:s3:::third/*"], object, false],
];

const byResource = matches.flatMap(([pattern, resource, isMatch]): PolicyCase[] => [
  {
    name: `Resource ${pattern} ${isMatch ? "is" : "is not"} ${resource}`,
    resource,
    identity: [allow("*", { Resource: pattern })],
    expected: isMatch ? "allowed" : "implicitDeny",
  },
  {
    name: `NotResource ${pattern} ${isMatch ? "leaves out" : "means"} ${resource}`,
    resource,
    identity: [allow("*", { NotResource: pattern })],
    expected: isMatch ? "implicitDeny" : "allowed",
  },
]);

export const resourceCases: readonly PolicyCase[] = [
  ...byResource,
  {
    name: "Deny of one object under an allowed bucket",
    identity: [allow("s3:*", { Resource: "arn:aws:s3:::media/*" }), deny("s3:*", { Sid: "Secret", Resource: object })],
    expected: "explicitDeny",
    matched: ["Secret"],
  },
  {
    name: "Deny NotResource spares what it lists",
    identity: [allow("*"), deny("*", { NotResource: "arn:aws:s3:::media/*" })],
    expected: "allowed",
  },
  {
    name: "Deny NotResource takes the rest",
    resource: topic,
    identity: [allow("*"), deny("*", { NotResource: "arn:aws:s3:::media/*" })],
    expected: "explicitDeny",
  },
  {
    name: "action and resource of one statement belong together",
    identity: [
      allow("s3:GetObject", { Resource: "arn:aws:s3:::other/*" }),
      allow("s3:PutObject", { Resource: "arn:aws:s3:::media/*" }),
    ],
    expected: "implicitDeny",
  },
];
