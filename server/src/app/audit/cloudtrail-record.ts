/**
 * A call in the form in which CloudTrail records it.
 *
 * @see https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
 * @see https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
 */
import type { CallRecord } from "../../edge/call-record.ts";
import type { Caller } from "../../services/operation.ts";
import { requestParameters } from "./request-parameters.ts";

export type CloudTrailRecord = {
  eventVersion: "1.11";
  userIdentity: UserIdentity;
  /** ISO 8601, whole seconds as CloudTrail has them. */
  eventTime: string;
  eventSource: string;
  eventName: string;
  awsRegion: string;
  sourceIPAddress: string;
  userAgent: string;
  errorCode?: string;
  errorMessage?: string;
  requestParameters: Record<string, unknown> | null;
  responseElements: null;
  additionalEventData: {
    httpStatus: number;
    durationMs: number;
    authenticationMethod?: "AuthHeader" | "QueryString" | "PostPolicy" | "SessionURL";
    /** What was asked of the policies, in order. */
    decisions?: { action: string; resource: string; decision: string; reason: string }[];
  };
  requestID: string;
  eventID: string;
  readOnly: boolean;
  resources?: { ARN: string; accountId?: string }[];
  eventType: "AwsApiCall";
  managementEvent: boolean;
  recipientAccountId: string;
  eventCategory: "Management" | "Data";
};

export type UserIdentity = {
  type: "Root" | "IAMUser" | "AssumedRole" | "FederatedUser" | "AWSAccount" | "Unknown";
  principalId: string;
  arn?: string;
  accountId?: string;
  accessKeyId?: string;
  userName?: string;
  sessionContext?: SessionContext;
};

type SessionContext = {
  sessionIssuer?: {
    type: "Role" | "IAMUser" | "Root";
    principalId: string;
    arn: string;
    accountId: string;
    userName?: string;
  };
  webIdFederationData?: { federatedProvider: string };
  sourceIdentity?: string;
  attributes: { creationDate: string; mfaAuthenticated: "false" };
};

/** `accountId` owns the server; `eventId` is the record's own. */
export function cloudTrailRecord(call: CallRecord, accountId: string, eventId: string): CloudTrailRecord {
  const { request, service, operation = "", kind, error, decisions } = call;
  const isData = dataOperations.has(operation) || kind === "link";
  // No spreads: each would make the rest of the record slow to build, and there is one for every call.
  const record: CloudTrailRecord = {
    eventVersion: "1.11",
    userIdentity: userIdentity(call),
    eventTime: isoSeconds(call.startedAtMs),
    eventSource: `${/^[\w-]{1,64}$/.test(service) ? service : "unknown"}.amazonaws.com`,
    eventName: operation,
    awsRegion: call.region ?? "us-east-1",
    sourceIPAddress: v4Of(request.remoteAddress),
    userAgent: cut(request.headers["user-agent"] ?? "", 512),
    requestParameters: requestParameters(call.inputType, call.input) ?? null,
    responseElements: null,
    additionalEventData: { httpStatus: call.status, durationMs: call.endedAtMs - call.startedAtMs },
    requestID: call.requestId,
    eventID: eventId,
    readOnly: reading.test(operation),
    eventType: "AwsApiCall",
    managementEvent: !isData,
    recipientAccountId: call.caller?.accountId ?? accountId,
    eventCategory: isData ? "Data" : "Management",
  };
  if (error !== undefined) {
    record.errorCode = error.code;
    record.errorMessage = cut(error.message, 1024);
  }
  if (kind !== undefined && kind !== "anonymous") record.additionalEventData.authenticationMethod = methods[kind];
  if (0 < decisions.length) {
    record.additionalEventData.decisions = decisions.map(shownDecision);
    record.resources = resourcesOf(call);
  }
  return record;
}

function shownDecision({ wanted, decision: { decision, reason } }: CallRecord["decisions"][number]) {
  return { action: wanted.action, resource: cut(wanted.resource, 2048), decision, reason: cut(reason, 1024) };
}

/** Of an address of IPv4 in the form of IPv6. */
function v4Of(address: string): string {
  return address.startsWith(":") ? address.replace(/^::ffff:(?=\d+\.)/i, "") : address;
}

const methods = {
  header: "AuthHeader",
  presigned: "QueryString",
  "presigned-v2": "QueryString",
  form: "PostPolicy",
  link: "SessionURL",
} as const;

/** KMS's uses of keys and STS's credentials change nothing either, as CloudTrail sees it. */
const reading =
  /^(Get|List|Describe|Head|Read|Test|Simulate|Select|Assume|Decode|Lookup|Generate(DataKey|Mac|Random)|(De|En|ReEn)crypt|Sign$|Verify)/;

/** What CloudTrail calls data events: of objects and media, many and small. */
const dataOperations: ReadonlySet<string> = new Set([
  ...["PutMedia", "GetMedia", "GetMediaForFragmentList", "ListFragments", "GetClip", "GetImages"],
  ...["GetHLSStreamingSessionURL", "GetDASHStreamingSessionURL"],
  ...["GetObject", "HeadObject", "PutObject", "PostObject", "CopyObject", "DeleteObject", "DeleteObjects"],
  ...[
    "GetObjectAttributes",
    "GetObjectTagging",
    "PutObjectTagging",
    "DeleteObjectTagging",
    "GetObjectAcl",
    "PutObjectAcl",
  ],
  ...["ListObjects", "ListObjectsV2", "ListObjectVersions", "ListMultipartUploads", "ListParts"],
  ...["CreateMultipartUpload", "UploadPart", "UploadPartCopy", "CompleteMultipartUpload", "AbortMultipartUpload"],
]);

function userIdentity({ caller, kind, request }: CallRecord): UserIdentity {
  if (caller === undefined) {
    const accessKeyId = claimedKey(request);
    if (accessKeyId !== undefined) return { type: "Unknown", principalId: "", accessKeyId };
    const nobody = kind === "anonymous" || kind === "link" || kind === undefined;
    return { type: nobody ? "AWSAccount" : "Unknown", principalId: "", accountId: "ANONYMOUS_PRINCIPAL" };
  }
  const { accountId, accessKeyId, principalArn, userId, session } = caller;
  const type = typeOf(caller);
  const identity: UserIdentity = { type, principalId: userId ?? accountId, arn: principalArn, accountId, accessKeyId };
  if (type === "IAMUser") identity.userName = principalArn.slice(principalArn.lastIndexOf("/") + 1);
  if (session !== undefined) identity.sessionContext = sessionContext(caller, session);
  return identity;
}

function typeOf({ session, principalArn, isRoot }: Caller): UserIdentity["type"] {
  if (session?.role !== undefined) return "AssumedRole";
  if (principalArn.includes(":federated-user/")) return "FederatedUser";
  return isRoot ? "Root" : "IAMUser";
}

function sessionContext({ accountId }: Caller, session: NonNullable<Caller["session"]>): SessionContext {
  const { role, federatedProvider, sourceIdentity, issuedAtMs } = session;
  return {
    ...(role !== undefined && {
      sessionIssuer: { type: "Role" as const, principalId: role.id, arn: role.arn, accountId, userName: role.name },
    }),
    ...(federatedProvider !== undefined && { webIdFederationData: { federatedProvider } }),
    ...(sourceIdentity !== undefined && { sourceIdentity }),
    attributes: { creationDate: isoSeconds(issuedAtMs), mfaAuthenticated: "false" },
  };
}

/** Whose key a proof names that did not hold. */
function claimedKey({ headers, rawQuery }: CallRecord["request"]): string | undefined {
  const inHeader = /Credential=([A-Za-z0-9_]{1,128})\//.exec(headers.authorization?.slice(0, 512) ?? "")?.[1];
  return inHeader ?? /(?:^|&)(?:X-Amz-Credential|AWSAccessKeyId)=([A-Za-z0-9_]{1,128})/.exec(rawQuery)?.[1];
}

function resourcesOf({ decisions, caller }: CallRecord): CloudTrailRecord["resources"] {
  const owners = new Map(
    decisions.map(({ wanted }) => [cut(wanted.resource, 2048), wanted.accountId ?? caller?.accountId]),
  );
  return [...owners].map(([ARN, accountId]) => (accountId === undefined ? { ARN } : { ARN, accountId }));
}

let lastSecond = -1;
let lastText = "";

/** Busy servers answer many calls in a second: the text of the last is kept. */
function isoSeconds(timeMs: number): string {
  const second = Math.floor(timeMs / 1000);
  if (second !== lastSecond) {
    lastText = `${new Date(timeMs).toISOString().slice(0, 19)}Z`;
    lastSecond = second;
  }
  return lastText;
}

function cut(text: string, characters: number): string {
  return text.length <= characters ? text : `${text.slice(0, characters)}…`;
}
