/**
 * What a pipeline's settings must be, taken together, and how they are kept.
 */
import type {
  CreatePipelineRequest,
  Notifications,
  PipelineOutputConfig,
  UpdatePipelineRequest,
} from "@aws-sdk/client-elastic-transcoder";
import type {
  NotificationsDocument,
  PipelineDocument,
  PipelineOutputDocument,
  PipelinePermission,
} from "../../../storage/records/pipelines.ts";
import type { With } from "../../operation.ts";
import { membersMissing, notDoneYet, rulesBroken } from "../errors.ts";

const noTopics: NotificationsDocument = { Progressing: "", Completed: "", Warning: "", Error: "" };

const groups = ["AllUsers", "AuthenticatedUsers", "LogDelivery"];

/** @throws ValidationException */
export function newPipelineDocument(
  request: With<CreatePipelineRequest, "Name" | "InputBucket" | "Role">,
): PipelineDocument {
  const { OutputBucket, ContentConfig, ThumbnailConfig } = request;
  const problems: string[] = [];
  if (OutputBucket) {
    if (ContentConfig) problems.push("OutputBucket and ContentConfig are mutually exclusive.");
    if (ThumbnailConfig) problems.push("OutputBucket and ThumbnailConfig are mutually exclusive.");
  } else if (!ContentConfig?.Bucket) {
    problems.push("OutputBucket and ContentConfig:Bucket are not allowed to both be null.");
  } else if (!ThumbnailConfig?.Bucket) {
    problems.push("ThumbnailConfig:Bucket is not allowed to be null if ContentConfig is specified.");
  }
  checkOutputs(request, problems);
  if (0 < problems.length) throw rulesBroken(problems);

  return {
    Name: request.Name,
    InputBucket: request.InputBucket,
    OutputBucket: OutputBucket || null,
    Role: request.Role,
    AwsKmsKeyArn: request.AwsKmsKeyArn || null,
    Notifications: changedTopics(noTopics, request.Notifications),
    ContentConfig: newOutput(OutputBucket, ContentConfig),
    ThumbnailConfig: newOutput(OutputBucket, ThumbnailConfig),
  };
}

/** Absent leaves as it was, empty clears. @throws ValidationException */
export function changedPipelineDocument(before: PipelineDocument, request: UpdatePipelineRequest): PipelineDocument {
  const problems: string[] = [];
  checkOutputs(request, problems);
  if (0 < problems.length) throw rulesBroken(problems);

  const ContentConfig = changedOutput(before.ContentConfig, request.ContentConfig);
  const ThumbnailConfig = changedOutput(before.ThumbnailConfig, request.ThumbnailConfig);
  const sameBucket = [ContentConfig, ThumbnailConfig].every(({ Bucket }) => Bucket === before.OutputBucket);
  return {
    Name: request.Name ?? before.Name,
    InputBucket: request.InputBucket ?? before.InputBucket,
    // Not to be changed by itself. Where the configs have left it, showing it on would be a lie.
    OutputBucket: sameBucket ? before.OutputBucket : null,
    Role: request.Role ?? before.Role,
    AwsKmsKeyArn: (request.AwsKmsKeyArn ?? before.AwsKmsKeyArn) || null,
    Notifications: changedTopics(before.Notifications, request.Notifications),
    ContentConfig,
    ThumbnailConfig,
  };
}

/** @throws ValidationException for a topic: nothing would ever come out of it. */
export function changedTopics(before: NotificationsDocument, asked: Notifications | undefined): NotificationsDocument {
  const after = { ...before };
  for (const event of ["Progressing", "Completed", "Warning", "Error"] as const) {
    const topic = asked?.[event] ?? before[event];
    if (topic !== "" && topic !== before[event]) {
      throw notDoneYet(`notifications (Notifications:${event} names topic ${topic}); leave it empty`);
    }
    after[event] = topic;
  }
  return after;
}

function checkOutputs(
  request: Pick<CreatePipelineRequest, "ContentConfig" | "ThumbnailConfig">,
  problems: string[],
): void {
  const missing: string[] = [];
  for (const [name, path] of [
    ["ContentConfig", "contentConfig"],
    ["ThumbnailConfig", "thumbnailConfig"],
  ] as const) {
    const permissions = request[name]?.Permissions ?? [];
    for (const [index, { GranteeType, Grantee, Access }] of permissions.entries()) {
      const at = `${path}.permissions.${index + 1}.member`;
      if (!GranteeType) missing.push(`${at}.granteeType`);
      if (!Grantee) missing.push(`${at}.grantee`);
      if (!Access) missing.push(`${at}.access`);
      if (GranteeType === "Group" && Grantee && !groups.includes(Grantee)) {
        problems.push(`${name}:Permissions: '${Grantee}' is no group; the groups are ${groups.join(", ")}.`);
      }
    }
  }
  if (0 < missing.length) throw membersMissing(missing);
}

function newOutput(outputBucket: string | undefined, config: PipelineOutputConfig | undefined): PipelineOutputDocument {
  if (outputBucket) return { Bucket: outputBucket, StorageClass: null, Permissions: [] };
  return changedOutput({ Bucket: "", StorageClass: "Standard", Permissions: [] }, config);
}

function changedOutput(
  before: PipelineOutputDocument,
  asked: PipelineOutputConfig | undefined,
): PipelineOutputDocument {
  return {
    Bucket: asked?.Bucket ?? before.Bucket,
    StorageClass: asked?.StorageClass ?? before.StorageClass,
    Permissions: (asked?.Permissions as readonly PipelinePermission[] | undefined) ?? before.Permissions,
  };
}
