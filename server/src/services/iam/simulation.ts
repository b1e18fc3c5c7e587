/**
 * What policies make of actions and resources that nobody has asked for yet.
 *
 * Differences from a real call: what the request itself would say (its time, its address, its region) is only known if
 * the caller gives it; condition keys that were asked for and are absent are told with each result.
 */
import { setImmediate } from "node:timers/promises";
import type { ContextEntry, EvaluationResult, PolicySourceType, Statement } from "@aws-sdk/client-iam";
import { evaluate } from "../../policy/evaluate.ts";
import type {
  AccessQuestion,
  ConditionContext,
  MatchedStatement,
  PolicyPrincipal,
  SourcedPolicy,
} from "../../policy/policy.types.ts";
import type { Call } from "./context.ts";
import { readPolicy } from "./documents.ts";
import { invalidInput } from "./errors.ts";
import { limitOf, type PageInput, type PageOutput } from "./paging.ts";

export type SimulationInput = PageInput & {
  ActionNames: string[];
  ResourceArns?: string[] | undefined;
  PolicyInputList?: string[] | undefined;
  PermissionsBoundaryPolicyInputList?: string[] | undefined;
  ResourcePolicy?: string | undefined;
  ResourceOwner?: string | undefined;
  CallerArn?: string | undefined;
  ContextEntries?: ContextEntry[] | undefined;
};

/** A policy as answers name it. */
export type SimulatedPolicy = { id: string; type: PolicySourceType; document: string };

export type Simulated = {
  principal: PolicyPrincipal;
  policies: readonly SimulatedPolicy[];
  boundary?: SimulatedPolicy | undefined;
  /** Of the principal itself. */
  context: ConditionContext;
};

/** The policies of the request itself. */
export function inputPolicies(documents: readonly string[] = [], list = "PolicyInputList"): SimulatedPolicy[] {
  return documents.map((document, index) => ({ id: `${list}.${index + 1}`, type: "none", document }));
}

export function inputBoundary({ PermissionsBoundaryPolicyInputList }: SimulationInput): SimulatedPolicy | undefined {
  return inputPolicies(PermissionsBoundaryPolicyInputList, "PermissionsBoundaryPolicyInputList")[0];
}

/** Each action on each resource. @throws ServiceError */
export async function simulate(
  input: SimulationInput,
  { principal, policies, boundary, context }: Simulated,
  { accountId, signal }: Call,
): Promise<{ EvaluationResults: EvaluationResult[] } & PageOutput> {
  const sources = new Map<string, SimulatedPolicy>();
  const sourced = (policy: SimulatedPolicy): SourcedPolicy => {
    const source = String(sources.size);
    sources.set(source, policy);
    return { source, policy: readPolicy(policy.document, policy.type === "resource" ? "resource" : "identity") };
  };
  const resourcePolicy = input.ResourcePolicy && sourced(resourcePolicyOf(input.ResourcePolicy));
  const common = {
    principal,
    context: { ...context, ...readContext(input.ContextEntries) },
    identity: policies.map(sourced),
    ...(boundary && { boundary: sourced(boundary) }),
    ...(resourcePolicy && { resourcePolicy }),
  };

  const actions = input.ActionNames.map(checkAction);
  const { ResourceArns: resources = ["*"] } = input;
  const count = actions.length * resources.length;
  const begin = readMarker(input.Marker);
  const end = Math.min(count, begin + limitOf(input));
  const EvaluationResults: EvaluationResult[] = [];
  for (let index = begin; index < end && !signal.aborted; index += 1) {
    const action = actions[Math.floor(index / resources.length)]!;
    const resource = resources[index % resources.length]!;
    const resourceAccountId = ownerOf(input.ResourceOwner) ?? ownerOf(resource) ?? accountId;
    EvaluationResults.push(resultOf({ ...common, action, resource, resourceAccountId }, sources));
    // Many large policies for many questions take long: others get their turn.
    await setImmediate();
  }
  const IsTruncated = end < count;
  return { EvaluationResults, IsTruncated, ...(IsTruncated && { Marker: String(end) }) };
}

function resultOf(question: AccessQuestion, sources: ReadonlyMap<string, SimulatedPolicy>): EvaluationResult {
  const { decision, matched, missingContext } = evaluate(question);
  const { boundary } = question;
  const { resourcePolicy: _, boundary: __, ...alone } = question;
  return {
    EvalActionName: question.action,
    EvalResourceName: question.resource,
    EvalDecision: decision,
    MatchedStatements: matched.map((statement) => statementAnswer(statement, sources)),
    MissingContextValues: [...missingContext],
    ...(boundary && {
      PermissionsBoundaryDecisionDetail: {
        AllowedByPermissionsBoundary: evaluate({ ...alone, identity: [boundary] }).allowed,
      },
    }),
  };
}

function statementAnswer(
  { source, start, end }: MatchedStatement,
  sources: ReadonlyMap<string, SimulatedPolicy>,
): Statement {
  const { id, type } = sources.get(source)!;
  return {
    SourcePolicyId: id,
    SourcePolicyType: type,
    StartPosition: { Line: start.line, Column: start.column },
    EndPosition: { Line: end.line, Column: end.column },
  };
}

function resourcePolicyOf(document: string): SimulatedPolicy {
  return { id: "ResourcePolicy", type: "resource", document };
}

function readContext(entries: readonly ContextEntry[] = []): ConditionContext {
  return Object.fromEntries(
    entries.map(({ ContextKeyName = "", ContextKeyValues = [], ContextKeyType = "string" }) => {
      const isList = ContextKeyType.endsWith("List");
      if (!isList && ContextKeyValues.length !== 1) {
        throw invalidInput(`The context key ${ContextKeyName} of type ${ContextKeyType} must have one value.`);
      }
      return [ContextKeyName.toLowerCase(), isList ? ContextKeyValues : ContextKeyValues[0]!];
    }),
  );
}

function checkAction(action: string): string {
  if (!/^[\w.-]+:[\w.-]+$/.test(action)) throw invalidInput(`Invalid action name: ${action}`);
  return action;
}

function readMarker(marker = "0"): number {
  if (!/^\d{1,9}$/.test(marker)) throw invalidInput("Invalid Marker.");
  return Number(marker);
}

/** The account in an ARN; of an account's id, itself. */
function ownerOf(arn = ""): string | undefined {
  return /^\d{12}$/.test(arn) ? arn : /^arn:[^:]*:[^:]*:[^:]*:(\d{12}):/.exec(arn)?.[1];
}
