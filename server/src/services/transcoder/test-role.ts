import type { TestRoleRequest, TestRoleResponse } from "@aws-sdk/client-elastic-transcoder";
import { BucketError } from "../../storage/buckets/bucket-store.ts";
import type { Operation, With } from "../operation.ts";
import type { Answer } from "../operations-of.ts";
import type { Call, TranscoderContext } from "./context.ts";

/**
 * Tells whether jobs would reach their buckets. The role itself decides nothing until there is IAM, and there is nobody
 * who publishes to topics, so a topic is always out of reach.
 */
export const testRole: Operation<
  With<TestRoleRequest, "Role" | "InputBucket" | "OutputBucket" | "Topics">,
  Answer<TestRoleResponse>,
  TranscoderContext
> = {
  authorize: () => ({ action: "elastictranscoder:TestRole", resource: "*" }),

  async run({ Role, InputBucket, OutputBucket, Topics }, ctx) {
    const messages: string[] = [];
    for (const bucket of new Set([InputBucket, OutputBucket])) {
      if (!(await isReachable(ctx, bucket))) {
        messages.push(`The role ${Role} does not have access to the bucket: ${bucket}`);
      }
    }
    for (const topic of Topics) {
      if (topic) messages.push(`The role ${Role} does not have access to the topic: ${topic}`);
    }
    return { Success: messages.length === 0 ? "true" : "false", Messages: messages };
  },
};

async function isReachable({ buckets }: Call, bucket: string): Promise<boolean> {
  try {
    return await buckets.bucketExists(bucket);
  } catch (error) {
    if (error instanceof BucketError) return false;
    throw error;
  }
}
