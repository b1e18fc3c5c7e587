/**
 * What the edge found out about a call, for whoever keeps records of calls.
 */
import type { Decision } from "../policy/policy.types.ts";
import type { Authorization, Caller } from "../services/operation.ts";
import type { ServiceError } from "../services/service-error.ts";
import type { Authenticated } from "./auth/authenticate.ts";
import type { Asking } from "./authorize.ts";
import type { EdgeRequest } from "./http.ts";
import type { StructureType } from "./model/model.ts";

export type CallRecord = {
  requestId: string;
  request: EdgeRequest;
  /** Its signing name, or the name that the client had for what is not served here. */
  service: string;
  /** Milliseconds since the epoch. */
  startedAtMs: number;
  /** When there was an answer: its body, and that of PutMedia, may go on for days. */
  endedAtMs: number;
  status: number;
  error: ServiceError | undefined;
} & Found;

/** What is known so far; a call that is refused early leaves the rest open. */
export type Found = {
  /** `undefined`: nobody in particular, or a proof that did not hold. */
  caller?: Caller | undefined;
  kind?: Authenticated["kind"] | "link" | undefined;
  region?: string | undefined;
  operation?: string | undefined;
  /** By the names of the model, with secrets and bodies in it. */
  input?: Readonly<Record<string, unknown>> | undefined;
  inputType?: StructureType | undefined;
  /** The first {@link maxDecisions}, in the order in which they were asked for. */
  decisions: { wanted: Authorization; decision: Decision }[];
};

/** All members are there from the start: objects that get theirs one by one are slow to make and to copy. */
export function nothingFound(): Found {
  return {
    caller: undefined,
    kind: undefined,
    region: undefined,
    operation: undefined,
    input: undefined,
    inputType: undefined,
    decisions: [],
  };
}

/** A DeleteObjects asks a thousand times. */
export const maxDecisions = 10;

/** For {@link Asking.onDecision}. */
export function noteDecisions({ decisions }: Found): NonNullable<Asking["onDecision"]> {
  return (wanted, decision) => {
    if (decisions.length < maxDecisions) decisions.push({ wanted, decision });
  };
}

/** The operation of a request below a session's URL: `/hls/v1/getMP4MediaFragment.mp4` is GetMP4MediaFragment. */
export function linkedOperation(rawPath: string): string {
  const name = /([A-Za-z0-9]{1,40})(?:\.\w{1,8})?$/.exec(rawPath.slice(-50))?.[1] ?? "";
  return name.slice(0, 1).toUpperCase() + name.slice(1);
}
