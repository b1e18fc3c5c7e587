/**
 * Members that requests must have. Later SDKs' schemas tell, and the edge then sees to it; those of this service's last
 * client do not. Members of paths are always there.
 */
import type { AnyOperation } from "../operation.ts";
import type { TranscoderContext } from "./context.ts";
import { membersMissing } from "./errors.ts";

const required: Readonly<Record<string, readonly string[]>> = {
  CreateJob: ["PipelineId"],
  CreatePipeline: ["Name", "InputBucket", "Role"],
  CreatePreset: ["Name", "Container"],
  TestRole: ["Role", "InputBucket", "OutputBucket", "Topics"],
  UpdatePipelineNotifications: ["Notifications"],
  UpdatePipelineStatus: ["Status"],
};

type Operations = Record<string, AnyOperation<TranscoderContext>>;

/** The same operations, which refuse a request before they say what it needs to be allowed. */
export function withRequiredMembers(operations: Operations): Operations {
  return Object.fromEntries(
    Object.entries(operations).map(([name, operation]) => {
      const members = required[name];
      if (members === undefined) return [name, operation];
      const authorize: typeof operation.authorize = (input, ctx) => {
        const missing = members.filter((member) => input[member] === undefined || input[member] === null);
        if (0 < missing.length) throw membersMissing(missing.map(pathOf));
        return operation.authorize(input, ctx);
      };
      return [name, { ...operation, authorize }];
    }),
  );
}

function pathOf(member: string): string {
  return member[0]!.toLowerCase() + member.slice(1);
}
