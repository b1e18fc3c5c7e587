/**
 * Lengths, ranges, patterns and enumerations of requests about streams, which the SDK's schemas lack: those of the
 * service model. Where the model is tighter than a documented error of the operation, the operation decides.
 */
import type { Constraint, ServiceConstraints } from "../operation.ts";
import { arnPattern } from "./arn.ts";

/** API reference, "CreateStream" and "UpdateDataRetention": ten years. */
export const maxRetentionHours = 87_600;

const streamName: Constraint = { length: [1, 256], pattern: /[a-zA-Z0-9_.-]+/ };
const arn: Constraint = { length: [1, 1024], pattern: arnPattern };
const enabledOrDisabled: Constraint = { enum: ["ENABLED", "DISABLED"] };
const uri: Constraint = { length: [1, 255], pattern: /^[a-zA-Z_0-9]+:(\/\/)?([^/]+)\/?([^*]*)$/ };
const tagKey: Constraint = { length: [1, 128], pattern: /^([\p{L}\p{Z}\p{N}_.:/=+\-@]*)$/u };
const tagValue: Constraint = { length: [0, 256], pattern: /[\p{L}\p{Z}\p{N}_.:/=+\-@]*/u };
const atLeastOne: Constraint = { length: [1, Number.POSITIVE_INFINITY] };

export const streamsConstraints: ServiceConstraints = {
  "*.StreamName": streamName,
  "*.StreamARN": arn,
  // An ARN that is malformed is an InvalidResourceFormatException of these.
  "TagStreamInput.StreamARN": {},
  "UntagStreamInput.StreamARN": {},
  "ListTagsForStreamInput.StreamARN": {},
  "*.ResourceARN": arn,
  "*.CurrentVersion": { length: [1, 64], pattern: /[a-zA-Z0-9]+/ },
  "*.NextToken": { length: [0, 1024], pattern: /[a-zA-Z0-9+/=]*/ },

  "*.DeviceName": { length: [1, 128], pattern: /[a-zA-Z0-9_.-]+/ },
  "*.MediaType": { length: [1, 128], pattern: /[\w\-.+]+\/[\w\-.+]+(,[\w\-.+]+\/[\w\-.+]+)*/ },
  // The model says `.+`. PostgreSQL's text holds no null character.
  "*.KmsKeyId": { length: [1, 2048], pattern: /[^\0]+/ },
  "CreateStreamInput.DataRetentionInHours": { range: [0, maxRetentionHours], whole: true },
  "UpdateDataRetentionInput.DataRetentionChangeInHours": { range: [1, 2 ** 31 - 1], whole: true },
  "UpdateDataRetentionInput.Operation": { enum: ["INCREASE_DATA_RETENTION", "DECREASE_DATA_RETENTION"] },
  "StreamStorageConfiguration.DefaultStorageTier": { enum: ["HOT", "WARM"] },
  "ListStreamsInput.MaxResults": { range: [1, 10_000], whole: true },
  "StreamNameCondition.ComparisonOperator": { enum: ["BEGINS_WITH"] },
  "StreamNameCondition.ComparisonValue": streamName,
  "DescribeMappedResourceConfigurationInput.MaxResults": { range: [1, 1], whole: true },
  "GetDataEndpointInput.APIName": {
    enum: [
      "PUT_MEDIA",
      "GET_MEDIA",
      "LIST_FRAGMENTS",
      "GET_MEDIA_FOR_FRAGMENT_LIST",
      "GET_HLS_STREAMING_SESSION_URL",
      "GET_DASH_STREAMING_SESSION_URL",
      "GET_CLIP",
      "GET_IMAGES",
    ],
  },

  "PutMediaInput.FragmentTimecodeType": { enum: ["ABSOLUTE", "RELATIVE"] },
  "PutMediaInput.FragmentAcknowledgmentRequired": { enum: ["0", "1"] },
  "StartSelector.StartSelectorType": {
    enum: ["FRAGMENT_NUMBER", "SERVER_TIMESTAMP", "PRODUCER_TIMESTAMP", "NOW", "EARLIEST", "CONTINUATION_TOKEN"],
  },
  "StartSelector.AfterFragmentNumber": { length: [1, 128], pattern: /^[0-9]+$/ },
  "StartSelector.ContinuationToken": { length: [1, 128], pattern: /^[a-zA-Z0-9_.-]+$/ },

  "TagStreamInput.Tags": atLeastOne,
  "TagResourceInput.Tags": atLeastOne,
  "CreateStreamInput.Tags.key": tagKey,
  "CreateStreamInput.Tags.value": tagValue,
  "TagStreamInput.Tags.key": tagKey,
  "TagStreamInput.Tags.value": tagValue,
  "Tag.Key": tagKey,
  "Tag.Value": tagValue,
  "*.TagKeyList": { length: [1, 50] },
  "UntagStreamInput.TagKeyList.member": tagKey,
  "UntagResourceInput.TagKeyList.member": tagKey,

  "NotificationConfiguration.Status": enabledOrDisabled,
  "NotificationDestinationConfig.Uri": uri,
  "ImageGenerationConfiguration.Status": enabledOrDisabled,
  "ImageGenerationConfiguration.ImageSelectorType": { enum: ["SERVER_TIMESTAMP", "PRODUCER_TIMESTAMP"] },
  // API reference, "ImageGenerationConfiguration": at least 200 ms.
  "ImageGenerationConfiguration.SamplingInterval": { range: [200, 2 ** 31 - 1], whole: true },
  "ImageGenerationConfiguration.Format": { enum: ["JPEG", "PNG"] },
  "ImageGenerationConfiguration.FormatConfig": { length: [0, 1] },
  "ImageGenerationConfiguration.FormatConfig.key": { enum: ["JPEGQuality"] },
  "ImageGenerationConfiguration.FormatConfig.value": { length: [0, 256], pattern: /^[a-zA-Z_0-9]+/ },
  "ImageGenerationConfiguration.WidthPixels": { range: [1, 3840], whole: true },
  "ImageGenerationConfiguration.HeightPixels": { range: [1, 2160], whole: true },
  "ImageGenerationDestinationConfig.Uri": uri,
  "ImageGenerationDestinationConfig.DestinationRegion": {
    length: [9, 14],
    pattern: /^[a-z]+(-[a-z]+)?-[a-z]+-[0-9]$/,
  },
};
