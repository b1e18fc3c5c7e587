/**
 * A stream as the API shows it. What has no value is left out: the C producer takes `null` for a text.
 */
import type { StreamInfo } from "@aws-sdk/client-kinesis-video";
import { buildStreamArn, type Stream } from "../../storage/records/streams.ts";

export function streamAnswer(stream: Stream): StreamInfo {
  return {
    DeviceName: stream.deviceName,
    StreamName: stream.name,
    StreamARN: buildStreamArn(stream),
    MediaType: stream.mediaType,
    KmsKeyId: stream.kmsKeyId ?? ownKey(stream),
    Version: stream.version,
    Status: "ACTIVE",
    CreationTime: new Date(stream.createdAt),
    DataRetentionInHours: stream.retentionHours,
  };
}

/** The account's key for the service, as the service shows it. */
function ownKey({ region, account }: Stream): string {
  return `arn:aws:kms:${region}:${account}:alias/aws/kinesisvideo`;
}
