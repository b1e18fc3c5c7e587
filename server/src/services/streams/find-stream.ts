/**
 * The stream that a request means: by name, by ARN, or by both if they agree.
 *
 * The API reference calls each of the two optional and asks for one of them.
 */
import type { Kysely } from "kysely";
import type { ConditionContext } from "../../policy/policy.types.ts";
import { inTurn } from "../../storage/records/in-turn.ts";
import type { Records } from "../../storage/records/records.ts";
import {
  buildStreamArn,
  changeStream,
  findStream,
  type Stream,
  type StreamChange,
  type StreamKey,
} from "../../storage/records/streams.ts";
import type { Tables } from "../../storage/records/tables.ts";
import type { Authorization, RequestContext } from "../operation.ts";
import type { ServiceError } from "../service-error.ts";
import { type ParsedArn, parseArn } from "./arn.ts";
import { type Call, homeOf, turnOf } from "./context.ts";
import { invalidArgument, malformedResource, streamNotFound, versionMismatch } from "./errors.ts";

export type StreamReference = { StreamName?: string | undefined; StreamARN?: string | undefined };

/** @throws ServiceError for a stream that is not there, and as {@link authorizationOf} does */
export async function needStream(
  ctx: { records: Records } & RequestContext,
  reference: StreamReference,
): Promise<Stream> {
  const key = keyOf(ctx, reference);
  const stream = key && (await findStream(ctx.records.db, homeOf(ctx), key));
  if (stream === undefined) throw streamNotFound(textOf(reference));
  return stream;
}

/** Changes of one stream take turns, and each sees what the one before has left. */
export function changeNamed(
  ctx: Call,
  reference: StreamReference,
  change: (stream: Stream) => StreamChange,
): Promise<{ before: Stream; after: Stream }> {
  return inTurnOf(ctx, reference, (db, key) => changeStream(db, homeOf(ctx), key, change));
}

/** A transaction beside which no other change of the stream runs. `undefined` from `work`: it was not found. */
export async function inTurnOf<Result>(
  ctx: Call,
  reference: StreamReference,
  work: (db: Kysely<Tables>, key: StreamKey) => Promise<Result | undefined>,
): Promise<Result> {
  const key = keyOf(ctx, reference);
  const result = key && (await inTurn(ctx.records, turnOf(ctx, key.name), (db) => work(db, key)));
  if (result === undefined) throw streamNotFound(textOf(reference));
  return result;
}

/** The same, if the stream still has the version that the caller has seen. It has another one then. */
export function changeVersion(
  ctx: Call,
  reference: StreamReference & { CurrentVersion: string },
  change: (stream: Stream) => StreamChange,
): Promise<{ before: Stream; after: Stream }> {
  return changeNamed(ctx, reference, (stream) => {
    checkVersion(stream, reference.CurrentVersion);
    return { ...change(stream), version: ctx.newVersion() };
  });
}

/** @throws ServiceError */
export function checkVersion({ name, version }: Stream, wanted: string): void {
  if (version !== wanted) throw versionMismatch(name, wanted, version);
}

/** Tags in a request: those that it gives, and the keys of those that it takes away. */
export type TagChange = { added?: Readonly<Record<string, string>>; removed?: readonly string[] };

/**
 * What a policy must allow: the operation, on the stream as it is. Of one that is not there the ARN that was given, or any
 * incarnation of the name: who has no rights is refused, and learns nothing of what there is.
 *
 * @throws ServiceError where neither or not the same stream is named, or the ARN is malformed
 */
export async function authorizationOf(
  ctx: Call,
  operation: string,
  reference: StreamReference,
  {
    change = {},
    malformed = malformedArgument,
  }: { change?: TagChange; malformed?: (arn: string) => ServiceError } = {},
): Promise<Authorization> {
  const { StreamName, StreamARN } = reference;
  if (StreamName === undefined && StreamARN === undefined) {
    throw invalidArgument("Either StreamName or StreamARN must be given.");
  }
  const arn = StreamARN === undefined ? undefined : parseArn(StreamARN);
  if (StreamARN !== undefined && arn === undefined) throw malformed(StreamARN);
  if (StreamName !== undefined && arn !== undefined && arn.name !== StreamName) {
    throw invalidArgument(`StreamName ${StreamName} is not the stream of StreamARN ${StreamARN}.`);
  }
  const key = keyOf(ctx, reference);
  const stream = key && (await findStream(ctx.records.db, homeOf(ctx), key));
  return {
    action: `kinesisvideo:${operation}`,
    resource: stream === undefined ? (StreamARN ?? anyStreamNamed(ctx, StreamName!)) : buildStreamArn(stream),
    context: { ...tagConditions("aws:resourcetag", stream?.tags ?? {}), ...requestTagConditions(change) },
  };
}

/** For operations on tags, which have an error of their own for an ARN that is malformed. */
export function tagAuthorizationOf(
  ctx: Call,
  operation: string,
  reference: StreamReference,
  change: TagChange = {},
): Promise<Authorization> {
  return authorizationOf(ctx, operation, reference, { change, malformed: malformedResource });
}

/** The condition keys of what a request says of tags. */
export function requestTagConditions({ added, removed }: TagChange): ConditionContext {
  const keys = [...Object.keys(added ?? {}), ...(removed ?? [])];
  return { ...tagConditions("aws:requesttag", added ?? {}), ...(0 < keys.length && { "aws:tagkeys": keys }) };
}

function tagConditions(prefix: string, tags: Readonly<Record<string, string>>): ConditionContext {
  return Object.fromEntries(Object.entries(tags).map(([key, value]) => [`${prefix}/${key.toLowerCase()}`, value]));
}

export function anyStreamNamed(
  { accountId, region }: Pick<RequestContext, "accountId" | "region">,
  name: string,
): string {
  return `arn:aws:kinesisvideo:${region}:${accountId}:stream/${name}/*`;
}

function malformedArgument(arn: string) {
  return invalidArgument(`StreamARN is no ARN of a stream: ${arn.slice(0, 1024)}`);
}

/** `undefined`: the ARN is that of another account, region or kind of thing, which nobody finds here. */
function keyOf(ctx: RequestContext, { StreamName, StreamARN }: StreamReference): StreamKey | undefined {
  if (StreamARN === undefined) return { name: StreamName! };
  const arn = parseArn(StreamARN);
  return arn && isHere(arn, ctx) ? { name: arn.name, createdAt: arn.createdAt } : undefined;
}

function isHere({ account, region, kind, createdAt }: ParsedArn, ctx: RequestContext): boolean {
  return account === ctx.accountId && region === ctx.region && kind === "stream" && Number.isSafeInteger(createdAt);
}

function textOf({ StreamName, StreamARN }: StreamReference): string {
  return StreamARN ?? StreamName ?? "";
}
