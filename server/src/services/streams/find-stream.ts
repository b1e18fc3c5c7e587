/**
 * The stream that a request means: by name, by ARN, or by both if they agree.
 *
 * The API reference calls each of the two optional and asks for one of them.
 */
import type { Kysely } from "kysely";
import { inTurn } from "../../storage/records/in-turn.ts";
import type { Records } from "../../storage/records/records.ts";
import {
  changeStream,
  findStream,
  type Stream,
  type StreamChange,
  type StreamKey,
} from "../../storage/records/streams.ts";
import type { Tables } from "../../storage/records/tables.ts";
import type { Authorization, RequestContext } from "../operation.ts";
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

/**
 * What a policy must allow. A name alone says nothing of when its stream was made: policies write `stream/NAME/*`.
 *
 * @throws ServiceError where neither or not the same stream is named, or the ARN is malformed
 */
export function authorizationOf(
  ctx: Pick<RequestContext, "accountId" | "region">,
  operation: string,
  reference: StreamReference,
  malformed = malformedArgument,
): Authorization {
  const { StreamName, StreamARN } = reference;
  if (StreamName === undefined && StreamARN === undefined) {
    throw invalidArgument("Either StreamName or StreamARN must be given.");
  }
  const arn = StreamARN === undefined ? undefined : parseArn(StreamARN);
  if (StreamARN !== undefined && arn === undefined) throw malformed(StreamARN);
  if (StreamName !== undefined && arn !== undefined && arn.name !== StreamName) {
    throw invalidArgument(`StreamName ${StreamName} is not the stream of StreamARN ${StreamARN}.`);
  }
  return { action: `kinesisvideo:${operation}`, resource: StreamARN ?? anyStreamNamed(ctx, StreamName!) };
}

/** For operations on tags, which have an error of their own for an ARN that is malformed. */
export function tagAuthorizationOf(
  ctx: Pick<RequestContext, "accountId" | "region">,
  operation: string,
  reference: StreamReference,
): Authorization {
  return authorizationOf(ctx, operation, reference, malformedResource);
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
