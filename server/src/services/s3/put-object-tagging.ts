import type { PutObjectTaggingOutput, PutObjectTaggingRequest } from "@aws-sdk/client-s3";
import { setObjectTags } from "../../storage/records/objects.ts";
import type { Operation, With } from "../operation.ts";
import { onStoredObject } from "./access.ts";
import { checkVersion, needBucket, type S3Context } from "./context.ts";
import { noSuchKey } from "./errors.ts";
import { checkTags } from "./tags.ts";

/** All of the tags at once. The object's age and ETag stay as they are. */
export const putObjectTagging: Operation<
  With<PutObjectTaggingRequest, "Bucket" | "Key" | "Tagging">,
  PutObjectTaggingOutput,
  S3Context
> = {
  authorize: onStoredObject("s3:PutObjectTagging"),

  async run(input, ctx) {
    const { name } = await needBucket(ctx, input);
    checkVersion(input.VersionId, input.Key);
    const tags = checkTags(input.Tagging.TagSet ?? [], 10);
    if (!(await setObjectTags(ctx.records.db, name, input.Key, tags))) throw noSuchKey(input.Key);
    return {};
  },
};
