/**
 * Managed policies that every account has, `arn:aws:iam::aws:policy/…`: AWS's own by name, for the APIs served here.
 *
 * They say what AWS's say, but for ReadOnlyAccess, which names the read actions of the served APIs instead of
 * everybody's, and for AmazonElasticTranscoderRole, which may use keys where AWS leaves that to key policies.
 */
import { createHash } from "node:crypto";
import type { ManagedPolicy } from "./managed-policies.ts";

type Statement = {
  Sid?: string;
  Effect: "Allow" | "Deny";
  Action: string | string[];
  Resource: string | string[];
  Condition?: object;
};

const s3Reads = ["s3:Get*", "s3:List*", "s3:Describe*", "s3-object-lambda:Get*", "s3-object-lambda:List*"];
const streamsReads = ["kinesisvideo:Describe*", "kinesisvideo:Get*", "kinesisvideo:List*"];
const transcoderReads = ["elastictranscoder:Read*", "elastictranscoder:List*"];
const iamReads = [
  "iam:GenerateCredentialReport",
  "iam:GenerateServiceLastAccessedDetails",
  "iam:Get*",
  "iam:List*",
  "iam:SimulateCustomPolicy",
  "iam:SimulatePrincipalPolicy",
];
const namesForConsoles = ["iam:ListRoles", "s3:ListAllMyBuckets", "s3:ListBucket", "sns:ListTopics"];

const policies: readonly { name: string; path?: string; description: string; statements: readonly Statement[] }[] = [
  {
    name: "AdministratorAccess",
    description: "Provides full access to AWS services and resources.",
    statements: [{ Effect: "Allow", Action: "*", Resource: "*" }],
  },
  {
    name: "ReadOnlyAccess",
    description: "Provides read-only access to the services that are served here.",
    statements: [
      {
        Effect: "Allow",
        Action: [
          ...transcoderReads,
          ...streamsReads,
          ...s3Reads,
          ...iamReads,
          ...["sts:GetAccessKeyInfo", "sts:GetCallerIdentity", "sts:GetSessionToken"],
          ...["kms:Describe*", "kms:Get*", "kms:List*"],
          ...[
            "sns:Get*",
            "sns:List*",
            "lambda:Get*",
            "lambda:List*",
            "kinesis:Describe*",
            "kinesis:Get*",
            "kinesis:List*",
          ],
          ...[
            "rekognition:Describe*",
            "rekognition:List*",
            "rekognition:Search*",
            "cloudfront:Get*",
            "cloudfront:List*",
          ],
        ],
        Resource: "*",
      },
    ],
  },
  {
    name: "AmazonS3FullAccess",
    description: "Provides full access to all buckets via the AWS Management Console.",
    statements: [{ Effect: "Allow", Action: ["s3:*", "s3-object-lambda:*"], Resource: "*" }],
  },
  {
    name: "AmazonS3ReadOnlyAccess",
    description: "Provides read only access to all buckets via the AWS Management Console.",
    statements: [{ Effect: "Allow", Action: s3Reads, Resource: "*" }],
  },
  {
    name: "AmazonKinesisVideoStreamsFullAccess",
    description: "Provides full access to Amazon Kinesis Video Streams via the AWS Management Console.",
    statements: [{ Effect: "Allow", Action: "kinesisvideo:*", Resource: "*" }],
  },
  {
    name: "AmazonKinesisVideoStreamsReadOnlyAccess",
    description: "Provides read only access to AWS Kinesis Video Streams via the AWS Management Console.",
    statements: [{ Effect: "Allow", Action: streamsReads, Resource: "*" }],
  },
  {
    name: "AmazonElasticTranscoder_FullAccess",
    description:
      "Grants users full access to Elastic Transcoder and the access to associated services that is required.",
    statements: [
      {
        Effect: "Allow",
        Action: ["elastictranscoder:*", "iam:GetRole", "iam:PassRole", ...namesForConsoles],
        Resource: "*",
        Condition: { StringEqualsIfExists: { "iam:PassedToService": "elastictranscoder.amazonaws.com" } },
      },
    ],
  },
  {
    name: "AmazonElasticTranscoder_JobsSubmitter",
    description: "Grants users permission to change presets, submit jobs and view Elastic Transcoder settings.",
    statements: [
      {
        Effect: "Allow",
        Action: [...transcoderReads, "elastictranscoder:*Job", "elastictranscoder:*Preset", ...namesForConsoles],
        Resource: "*",
      },
    ],
  },
  {
    name: "AmazonElasticTranscoder_ReadOnlyAccess",
    description: "Grants users read-only access to Elastic Transcoder and list access to related services.",
    statements: [{ Effect: "Allow", Action: [...transcoderReads, ...namesForConsoles], Resource: "*" }],
  },
  {
    name: "AmazonElasticTranscoderRole",
    path: "/service-role/",
    description: "Default policy for the Amazon Elastic Transcoder service role.",
    statements: [
      {
        Effect: "Allow",
        Action: ["s3:ListBucket", "s3:Get*", "s3:PutObject", "s3:PutObjectAcl", "s3:*MultipartUpload*"],
        Resource: "*",
      },
      { Effect: "Allow", Action: "sns:Publish", Resource: "*" },
      {
        Effect: "Allow",
        Action: ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"],
        Resource: "*",
      },
      {
        Effect: "Deny",
        Action: ["s3:*Policy*", "s3:*Delete*", "sns:*Permission*", "sns:*Delete*", "sns:*Remove*"],
        Resource: "*",
      },
    ],
  },
  {
    name: "AWSKeyManagementServicePowerUser",
    description: "Provides access to AWS Key Management Service (KMS).",
    statements: [
      {
        Effect: "Allow",
        Action: [
          ...["kms:CreateAlias", "kms:CreateKey", "kms:DeleteAlias", "kms:Describe*", "kms:GenerateRandom", "kms:Get*"],
          ...["kms:List*", "kms:TagResource", "kms:UntagResource", "iam:ListGroups", "iam:ListRoles", "iam:ListUsers"],
        ],
        Resource: "*",
      },
    ],
  },
  {
    name: "IAMFullAccess",
    description: "Provides full access to IAM via the AWS Management Console.",
    statements: [{ Effect: "Allow", Action: "iam:*", Resource: "*" }],
  },
  {
    name: "IAMReadOnlyAccess",
    description: "Provides read only access to IAM via the AWS Management Console.",
    statements: [{ Effect: "Allow", Action: iamReads, Resource: "*" }],
  },
];

/** All were made at once, here. */
const createdAt = Date.UTC(2025, 10, 13);

/** By ARN. */
export const builtInPolicies: ReadonlyMap<string, ManagedPolicy> = new Map(
  policies.map(({ name, path = "/", description, statements }) => {
    const arn = `arn:aws:iam::aws:policy${path}${name}`;
    return [
      arn,
      {
        id: `ANPA${createHash("sha256").update(arn).digest("hex").slice(0, 17).toUpperCase()}`,
        arn,
        account: "aws",
        name,
        path,
        description,
        createdAt,
        updatedAt: createdAt,
        defaultVersion: 1,
        lastVersion: 1,
        tags: {},
        document: JSON.stringify({ Version: "2012-10-17", Statement: statements }, undefined, 2),
      },
    ];
  }),
);
