/**
 * ARNs of streams: `arn:aws:kinesisvideo:REGION:ACCOUNT:stream/NAME/CREATED_MS`. A stream that is made again under the
 * same name has another one.
 */
import type { Stream } from "../../storage/records/streams.ts";

export type ParsedArn = { region: string; account: string; kind: string; name: string; createdAt: number };

export function buildStreamArn({
  region,
  account,
  name,
  createdAt,
}: Pick<Stream, "region" | "account" | "name" | "createdAt">): string {
  return `arn:aws:kinesisvideo:${region}:${account}:stream/${name}/${createdAt}`;
}

/** Of a stream or a channel. `undefined`: it has not the form of an ARN of this service. */
export function parseArn(arn: string): ParsedArn | undefined {
  if (maxLength < arn.length) return undefined;
  const match = arnPattern.exec(arn);
  if (match === null) return undefined;
  const [, region, account, kind, name, createdAt] = match as unknown as string[];
  return { region: region!, account: account!, kind: kind!, name: name!, createdAt: Number(createdAt) };
}

const maxLength = 1024;

/** The service model's, which is part of its messages. */
export const arnPattern = /^arn:[a-z\d-]+:kinesisvideo:([a-z0-9-]+):([0-9]+):([a-z]+)\/([a-zA-Z0-9_.-]+)\/([0-9]+)$/;
