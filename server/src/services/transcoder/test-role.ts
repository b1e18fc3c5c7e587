import type { TestRoleRequest, TestRoleResponse } from "@aws-sdk/client-elastic-transcoder";
import { RoleRights, transcoderPrincipal } from "../../engine/jobs/role-rights.ts";
import { BucketError } from "../../storage/buckets/bucket-store.ts";
import type { Operation, With } from "../operation.ts";
import type { Answer } from "../operations-of.ts";
import { type Call, homeOf, type TranscoderContext } from "./context.ts";

/**
 * Tells what jobs would lack in a role, each by name. A role that cannot be assumed reaches nothing. There is nobody who
 * publishes to topics, so a topic is always out of reach.
 */
export const testRole: Operation<
  With<TestRoleRequest, "Role" | "InputBucket" | "OutputBucket" | "Topics">,
  Answer<TestRoleResponse>,
  TranscoderContext
> = {
  authorize: () => ({ action: "elastictranscoder:TestRole", resource: "*" }),

  async run({ Role, InputBucket, OutputBucket, Topics }, ctx) {
    const rights = new RoleRights(Role, homeOf(ctx), ctx.rights);
    const messages: string[] = [];
    const trouble = await rights.trouble();
    if (trouble === "no such role") messages.push(`The role ${Role} does not exist`);
    if (trouble === "not trusted") {
      messages.push(`The role ${Role} cannot be assumed: its trust policy does not allow ${transcoderPrincipal}`);
    }
    for (const bucket of new Set([InputBucket, OutputBucket])) {
      if (trouble !== undefined || !(await isWithinReach(rights, bucket, ctx))) {
        messages.push(`The role ${Role} does not have access to the bucket: ${bucket}`);
      }
    }
    for (const topic of Topics) {
      if (topic) messages.push(`The role ${Role} does not have access to the topic: ${topic}`);
    }
    return { Success: messages.length === 0 ? "true" : "false", Messages: messages };
  },
};

async function isWithinReach(rights: RoleRights, bucket: string, { buckets }: Call): Promise<boolean> {
  try {
    return (await rights.onBucket("s3:ListBucket", bucket)).allowed && (await buckets.bucketExists(bucket));
  } catch (error) {
    if (error instanceof BucketError) return false;
    throw error;
  }
}
