import type { DeleteObjectTaggingOutput, DeleteObjectTaggingRequest } from "@aws-sdk/client-s3";
import { setObjectTags } from "../../storage/records/objects.ts";
import type { Operation, With } from "../operation.ts";
import { onStoredObject } from "./access.ts";
import { checkVersion, needBucket, type S3Context } from "./context.ts";
import { noSuchKey } from "./errors.ts";

export const deleteObjectTagging: Operation<
  With<DeleteObjectTaggingRequest, "Bucket" | "Key">,
  DeleteObjectTaggingOutput,
  S3Context
> = {
  authorize: onStoredObject("s3:DeleteObjectTagging"),

  async run(input, ctx) {
    const { name } = await needBucket(ctx, input);
    checkVersion(input.VersionId, input.Key);
    if (!(await setObjectTags(ctx.records.db, name, input.Key, []))) throw noSuchKey(input.Key);
    return {};
  },
};
