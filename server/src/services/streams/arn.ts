/**
 * ARNs as callers give them: `arn:aws:kinesisvideo:REGION:ACCOUNT:stream/NAME/CREATED_MS`.
 */

export type ParsedArn = { region: string; account: string; kind: string; name: string; createdAt: number };

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
