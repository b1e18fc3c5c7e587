/**
 * What we add to the models: operations and members of our own, and what the SDKs' schemas fail to say.
 */
import type { OperationSnapshot, ShapeSnapshot, TypeSnapshot } from "./snapshot.ts";

export type Extension = {
  operations?: Record<string, OperationSnapshot>;
  shapes?: Record<string, ShapeSnapshot>;
  /** Shape → its further members. None is required. */
  members?: Record<string, Record<string, TypeSnapshot>>;
  /** Structure → its required members, where the snapshot's client is too old to tell. */
  required?: Record<string, readonly string[]>;
  /** Operation → status of its success, where the model and the service disagree. */
  statuses?: Record<string, number>;
  /** Outputs whose only member is the text of the root element. */
  unwrapped?: readonly string[];
  /** Operations whose success is 206 when it is about a part: `ContentRange` is there. */
  partial?: readonly string[];
};

const success = { Success: { type: "string" } } as const;

export const extensions: Record<string, Extension> = {
  "elastic-transcoder": {
    operations: {
      ReadJobLog: {
        input: "ReadJobLogRequest",
        output: "ReadJobLogResponse",
        traits: { http: ["GET", "/2012-09-25/jobs/{Id}/log", 200] },
      },
    },
    shapes: {
      ReadJobLogRequest: {
        kind: "structure",
        members: { Id: { type: "string", traits: { httpLabel: 1 } } },
        required: 1,
      },
      ReadJobLogResponse: { kind: "structure", members: { Log: { type: "string" } } },
    },
    members: {
      Job: { Millrace: { type: "document" } },
      // Developer guide, the three operations' sample responses: the body is there, though no SDK reads it.
      CancelJobResponse: success,
      DeletePipelineResponse: success,
      DeletePresetResponse: success,
    },
    // API reference, the operations' pages.
    required: {
      CancelJobRequest: ["Id"],
      CreateJobRequest: ["PipelineId"],
      CreatePipelineRequest: ["Name", "InputBucket", "Role"],
      CreatePresetRequest: ["Name", "Container"],
      DeletePipelineRequest: ["Id"],
      DeletePresetRequest: ["Id"],
      ListJobsByPipelineRequest: ["PipelineId"],
      ListJobsByStatusRequest: ["Status"],
      ReadJobRequest: ["Id"],
      ReadPipelineRequest: ["Id"],
      ReadPresetRequest: ["Id"],
      TestRoleRequest: ["Role", "InputBucket", "OutputBucket", "Topics"],
      UpdatePipelineNotificationsRequest: ["Id", "Notifications"],
      UpdatePipelineRequest: ["Id"],
      UpdatePipelineStatusRequest: ["Id", "Status"],
    },
    // Developer guide, "Update Pipeline Status" and "Update Pipeline Notifications", sample responses.
    statuses: { UpdatePipelineStatus: 202, UpdatePipelineNotifications: 202 },
  },
  "kinesis-video-media": {
    operations: {
      // In no SDK's model. API reference, "PutMedia".
      PutMedia: { input: "PutMediaInput", output: "PutMediaOutput", traits: { http: ["POST", "/putMedia", 200] } },
    },
    shapes: {
      PutMediaInput: {
        kind: "structure",
        members: {
          FragmentTimecodeType: { type: "string", traits: { httpHeader: "x-amzn-fragment-timecode-type" } },
          StreamName: { type: "string", traits: { httpHeader: "x-amzn-stream-name" } },
          StreamARN: { type: "string", traits: { httpHeader: "x-amzn-stream-arn" } },
          ProducerStartTimestamp: { type: "string", traits: { httpHeader: "x-amzn-producer-start-timestamp" } },
          FragmentAcknowledgmentRequired: {
            type: "string",
            traits: { httpHeader: "x-amzn-fragment-acknowledgment-required" },
          },
          Payload: { type: "blob", traits: { streaming: 1, httpPayload: 1 } },
        },
      },
      PutMediaOutput: {
        kind: "structure",
        members: {
          ContentType: { type: "string", traits: { httpHeader: "Content-Type" } },
          Payload: { type: "blob", traits: { streaming: 1, httpPayload: 1 } },
        },
      },
    },
  },
  s3: {
    unwrapped: ["GetBucketLocationOutput"],
    partial: ["GetObject", "HeadObject"],
  },
};
