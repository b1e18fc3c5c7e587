/**
 * The transcoder's errors, with the messages that its clients know.
 */
import type { RequestContext } from "../operation.ts";
import { ServiceError } from "../service-error.ts";

type Who = Pick<RequestContext, "accountId">;

export function validationFailed(message: string): ServiceError {
  return new ServiceError("ValidationException", 400, message);
}

/** Rules on whole resources come as a list, however short. */
export function rulesBroken(problems: readonly string[]): ServiceError {
  return validationFailed(`[${problems.join(", ")}]`);
}

/** Members that the model leaves optional and the service insists on; paths as `outputs.1.member.presetId`. */
export function membersMissing(paths: readonly string[]): ServiceError {
  const errors = paths.length === 1 ? "1 validation error" : `${paths.length} validation errors`;
  const each = paths.map((path) => `Value null at '${path}' failed to satisfy constraint: Member must not be null`);
  return validationFailed(`${errors} detected: ${each.join("; ")}`);
}

/** What the API has and this release has not: said by name, so that nobody waits for it in the output. */
export function notDoneYet(what: string): ServiceError {
  return validationFailed(`Millrace does not do this yet: ${what}.`);
}

export function roleMissing(role: string): ServiceError {
  return validationFailed(`The specified role does not exist: role=${role}.`);
}

export function roleNotTrusting(role: string, service: string): ServiceError {
  return validationFailed(
    `The specified role could not be assumed: role=${role}. Its trust policy must allow ${service} the action sts:AssumeRole.`,
  );
}

export function notFound({ accountId }: Who, kind: "pipeline" | "job" | "preset", id: string): ServiceError {
  const message = `The specified ${kind} was not found: account=${accountId}, ${kind}Id=${id}.`;
  return new ServiceError("ResourceNotFoundException", 404, message);
}

export function systemPresetStays({ accountId }: Who, id: string): ServiceError {
  const message = `Deleting a system preset is not allowed: account=${accountId}, presetId=${id}.`;
  return new ServiceError("AccessDeniedException", 403, message);
}

export function pipelineInUse({ accountId }: Who, id: string): ServiceError {
  const message = `The pipeline contains active jobs: account=${accountId}, pipeline=${id}.`;
  return new ServiceError("ResourceInUseException", 409, message);
}

export function jobInUse({ accountId }: Who, id: string): ServiceError {
  const message = `The job was already in use: accountId=${accountId}, resourceId=${id}.`;
  return new ServiceError("ResourceInUseException", 409, message);
}

export function tooMany({ accountId }: Who, kind: "pipelines" | "presets", limit: number): ServiceError {
  const message = `The account already has the maximum number of ${kind} allowed: account=${accountId}, maximum number of ${kind}=${limit}`;
  return new ServiceError("LimitExceededException", 429, message);
}

export function backlogFull({ accountId }: Who, limit: number): ServiceError {
  const message = `The account already has the maximum number of jobs per pipeline in the backlog: account=${accountId}, maximum number of jobs in backlog for pipeline=${limit}`;
  return new ServiceError("LimitExceededException", 429, message);
}
