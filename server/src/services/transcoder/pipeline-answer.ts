/**
 * A pipeline as the API shows it.
 */
import type { Warning, Pipeline as WirePipeline } from "@aws-sdk/client-elastic-transcoder";
import type { Pipeline } from "../../storage/records/pipelines.ts";
import type { RequestContext } from "../operation.ts";
import type { Answer } from "../operations-of.ts";
import { arnOf } from "./context.ts";

export function pipelineAnswer({ id, status, document }: Pipeline, ctx: RequestContext): Answer<WirePipeline> {
  return {
    Id: id,
    Arn: arnOf(ctx, "pipeline", id),
    Name: document.Name,
    Status: status,
    InputBucket: document.InputBucket,
    OutputBucket: document.OutputBucket,
    Role: document.Role,
    AwsKmsKeyArn: document.AwsKmsKeyArn,
    Notifications: document.Notifications,
    ContentConfig: document.ContentConfig,
    ThumbnailConfig: document.ThumbnailConfig,
  };
}

/**
 * The API's own warnings (6000 to 6008) tell of resources in other regions, which there are none of here. Ours tells of
 * grants: they are kept and shown, but nobody but the account's own keys can read an object so far.
 */
export function pipelineWarnings({ document }: Pipeline): Answer<Warning>[] {
  return (["ContentConfig", "ThumbnailConfig"] as const)
    .filter((config) => 0 < document[config].Permissions.length)
    .map((config) => ({
      Code: "MillracePermissions",
      Message: `The permissions of ${config} are kept but not applied: objects in bucket ${document[config].Bucket} are written without grants.`,
    }));
}
