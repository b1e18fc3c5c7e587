/** Requests as the services make them: the actions, resources and keys of the service authorization reference. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how policies write variables.
import { account, allow, type CaseRow, casesOf, otherAccount, type PolicyText, transcoder } from "./policy-case.ts";

const roleArn = `arn:aws:iam::${account}:role/Transcode`;

const ets = (path: string) => `arn:aws:elastictranscoder:eu-west-1:${account}:${path}`;
const kvs = (path: string) => `arn:aws:kinesisvideo:eu-west-1:${account}:${path}`;
const producer: PolicyText = [
  allow(["kinesisvideo:DescribeStream", "kinesisvideo:PutMedia", "kinesisvideo:GetDataEndpoint"], {
    Resource: kvs("stream/${credentials-iot:ThingName}/*"),
  }),
];
const thing = { "credentials-iot:thingname": "porch" };
const ownPipelines: PolicyText = [
  allow(["elastictranscoder:CreateJob"], { Resource: [ets("pipeline/1111111111111-abcde1"), ets("preset/*")] }),
  allow(["elastictranscoder:Read*", "elastictranscoder:List*"]),
];
const passing: PolicyText = [
  allow("iam:PassRole", { Resource: roleArn, Condition: { StringEquals: { "iam:PassedToService": transcoder.name } } }),
];
const tagged: PolicyText = [
  allow("kinesisvideo:*", { Condition: { StringEquals: { "aws:ResourceTag/team": "${aws:PrincipalTag/team}" } } }),
];
const tagging: PolicyText = [
  allow("kinesisvideo:CreateStream", {
    Condition: {
      StringEquals: { "aws:RequestTag/team": ["red", "blue"] },
      "ForAllValues:StringEquals": { "aws:TagKeys": ["team"] },
    },
  }),
];

const serviceRows: readonly CaseRow[] = [
  [
    "a job on an own pipeline",
    { action: "elastictranscoder:CreateJob", resource: ets("pipeline/1111111111111-abcde1"), identity: ownPipelines },
    "allowed",
  ],
  [
    "a job with a preset",
    { action: "elastictranscoder:CreateJob", resource: ets("preset/1351620000001-000010"), identity: ownPipelines },
    "allowed",
  ],
  [
    "a job on another pipeline",
    { action: "elastictranscoder:CreateJob", resource: ets("pipeline/2222222222222-abcde1"), identity: ownPipelines },
    "implicitDeny",
  ],
  [
    "a list needs all resources",
    { action: "elastictranscoder:ListPipelines", resource: "*", identity: ownPipelines },
    "allowed",
  ],
  [
    "a list by a policy for pipelines alone",
    {
      action: "elastictranscoder:ListPipelines",
      resource: "*",
      identity: [allow("elastictranscoder:*", { Resource: ets("*") })],
    },
    "implicitDeny",
  ],
  [
    "to read a job",
    { action: "elastictranscoder:ReadJob", resource: ets("job/1111111111111-abcde1"), identity: ownPipelines },
    "allowed",
  ],
  [
    "to cancel a job",
    { action: "elastictranscoder:CancelJob", resource: ets("job/1111111111111-abcde1"), identity: ownPipelines },
    "implicitDeny",
  ],
  [
    "to pass a role to the transcoder",
    {
      action: "iam:PassRole",
      resource: roleArn,
      context: { "iam:passedtoservice": transcoder.name },
      identity: passing,
    },
    "allowed",
  ],
  [
    "to pass a role to another service",
    {
      action: "iam:PassRole",
      resource: roleArn,
      context: { "iam:passedtoservice": "lambda.amazonaws.com" },
      identity: passing,
    },
    "implicitDeny",
  ],
  [
    "to pass another role",
    {
      action: "iam:PassRole",
      resource: `arn:aws:iam::${account}:role/Admin`,
      context: { "iam:passedtoservice": transcoder.name },
      identity: passing,
    },
    "implicitDeny",
  ],
  [
    "a camera to its own stream",
    {
      action: "kinesisvideo:PutMedia",
      resource: kvs("stream/porch/1700000000000"),
      context: thing,
      identity: producer,
    },
    "allowed",
  ],
  [
    "a camera to a stream that does not exist",
    { action: "kinesisvideo:DescribeStream", resource: kvs("stream/porch/*"), context: thing, identity: producer },
    "allowed",
  ],
  [
    "a camera to another stream",
    {
      action: "kinesisvideo:PutMedia",
      resource: kvs("stream/garage/1700000000000"),
      context: thing,
      identity: producer,
    },
    "implicitDeny",
  ],
  [
    "a camera reads",
    {
      action: "kinesisvideo:GetMedia",
      resource: kvs("stream/porch/1700000000000"),
      context: thing,
      identity: producer,
    },
    "implicitDeny",
    "because no identity-based policy allows the kinesisvideo:GetMedia action",
  ],
  [
    "a camera that is no thing",
    { action: "kinesisvideo:PutMedia", resource: kvs("stream/porch/1700000000000"), identity: producer },
    "implicitDeny",
  ],
  [
    "a stream of the own team",
    {
      action: "kinesisvideo:GetMedia",
      resource: kvs("stream/porch/1"),
      context: { "aws:resourcetag/team": "red", "aws:principaltag/team": "red" },
      identity: tagged,
    },
    "allowed",
  ],
  [
    "a stream of another team",
    {
      action: "kinesisvideo:GetMedia",
      resource: kvs("stream/porch/1"),
      context: { "aws:resourcetag/team": "blue", "aws:principaltag/team": "red" },
      identity: tagged,
    },
    "implicitDeny",
  ],
  [
    "a stream without a tag",
    {
      action: "kinesisvideo:GetMedia",
      resource: kvs("stream/porch/1"),
      context: { "aws:principaltag/team": "red" },
      identity: tagged,
    },
    "implicitDeny",
  ],
  [
    "neither has a tag",
    { action: "kinesisvideo:GetMedia", resource: kvs("stream/porch/1"), identity: tagged },
    "implicitDeny",
  ],
  [
    "a new stream with its team",
    {
      action: "kinesisvideo:CreateStream",
      resource: kvs("stream/porch/*"),
      context: { "aws:requesttag/team": "red", "aws:tagkeys": ["team"] },
      identity: tagging,
    },
    "allowed",
  ],
  [
    "a new stream with one tag more",
    {
      action: "kinesisvideo:CreateStream",
      resource: kvs("stream/porch/*"),
      context: { "aws:requesttag/team": "red", "aws:tagkeys": ["team", "cost"] },
      identity: tagging,
    },
    "implicitDeny",
  ],
  [
    "a new stream without tags",
    { action: "kinesisvideo:CreateStream", resource: kvs("stream/porch/*"), identity: tagging },
    "implicitDeny",
  ],
  [
    "all streams, asked for as a list",
    { action: "kinesisvideo:ListStreams", resource: "*", identity: [allow("kinesisvideo:List*")] },
    "allowed",
  ],
  [
    "a topic lets the bucket publish",
    {
      action: "sns:Publish",
      resource: `arn:aws:sns:eu-west-1:${account}:done`,
      principal: { type: "service", name: "s3.amazonaws.com" },
      context: { "aws:sourcearn": "arn:aws:s3:::media", "aws:sourceaccount": account },
      resourcePolicy: [
        allow("sns:Publish", {
          Principal: { Service: "s3.amazonaws.com" },
          Condition: {
            ArnLike: { "aws:SourceArn": "arn:aws:s3:::media" },
            StringEquals: { "aws:SourceAccount": account },
          },
        }),
      ],
    },
    "allowed",
  ],
  [
    "a topic does not let another account's bucket publish",
    {
      action: "sns:Publish",
      resource: `arn:aws:sns:eu-west-1:${account}:done`,
      principal: { type: "service", name: "s3.amazonaws.com" },
      context: { "aws:sourcearn": "arn:aws:s3:::media", "aws:sourceaccount": otherAccount },
      resourcePolicy: [
        allow("sns:Publish", {
          Principal: { Service: "s3.amazonaws.com" },
          Condition: { StringEquals: { "aws:SourceAccount": account } },
        }),
      ],
    },
    "implicitDeny",
  ],
  [
    "a function is invoked by its topic",
    {
      action: "lambda:InvokeFunction",
      resource: `arn:aws:lambda:eu-west-1:${account}:function:done`,
      principal: { type: "service", name: "sns.amazonaws.com" },
      context: { "aws:sourcearn": `arn:aws:sns:eu-west-1:${account}:done` },
      resourcePolicy: [
        allow("lambda:InvokeFunction", {
          Resource: `arn:aws:lambda:eu-west-1:${account}:function:done`,
          Principal: { Service: "sns.amazonaws.com" },
          Condition: { ArnLike: { "aws:SourceArn": `arn:aws:sns:eu-west-1:${account}:done` } },
        }),
      ],
    },
    "allowed",
  ],
  [
    "a home folder listed",
    {
      action: "s3:ListBucket",
      resource: "arn:aws:s3:::home",
      context: { "s3:prefix": "bob/", "aws:username": "bob" },
      identity: [
        allow("s3:ListBucket", {
          Resource: "arn:aws:s3:::home",
          Condition: { StringLike: { "s3:prefix": ["", "${aws:username}/*"] } },
        }),
      ],
    },
    "allowed",
  ],
  [
    "somebody's home folder listed",
    {
      action: "s3:ListBucket",
      resource: "arn:aws:s3:::home",
      context: { "s3:prefix": "amy/", "aws:username": "bob" },
      identity: [
        allow("s3:ListBucket", {
          Resource: "arn:aws:s3:::home",
          Condition: { StringLike: { "s3:prefix": ["", "${aws:username}/*"] } },
        }),
      ],
    },
    "implicitDeny",
  ],
];

export const serviceCases = casesOf(serviceRows);
