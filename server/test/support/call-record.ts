/**
 * A call as the edge tells of it, for tests of what records calls.
 */
import type { CallRecord } from "../../src/edge/call-record.ts";
import { edgeRequest } from "./edge-request.ts";

export const startedAtMs = Date.UTC(2026, 3, 2, 9, 15, 1, 250);

/** A GetObject by ada that was allowed, unless told otherwise. */
export function callRecord(changed: Partial<CallRecord> = {}): CallRecord {
  const resource = "arn:aws:s3:::b/k";
  const reason = "";
  return {
    requestId: "11111111-2222-4333-8444-555555555555",
    request: edgeRequest("GET", "http://localhost:4580/b/k", { "user-agent": "aws-cli/2" }),
    service: "s3",
    startedAtMs,
    endedAtMs: startedAtMs + 12,
    status: 200,
    error: undefined,
    caller: {
      accountId: "000000000000",
      accessKeyId: "AKIAMILLRACE",
      principalArn: "arn:aws:iam::000000000000:user/team/ada",
      isRoot: false,
      userId: "AIDAEXAMPLE",
    },
    kind: "header",
    region: "eu-mill-1",
    operation: "GetObject",
    input: { Bucket: "b", Key: "k" },
    decisions: [
      {
        wanted: { action: "s3:GetObject", resource },
        decision: { allowed: true, decision: "allowed", reason, matched: [], missingContext: [] },
      },
    ],
    ...changed,
  };
}
