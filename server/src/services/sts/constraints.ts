/**
 * Lengths, ranges and patterns of requests for sessions, which the SDK's schemas lack: those of the API reference.
 */
import type { Constraint, ServiceConstraints } from "../operation.ts";

const arn: Constraint = { length: [20, 2048], pattern: /^[\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd]+$/ };
const sessionName: Constraint = { length: [2, 64], pattern: /^[\w+=,.@-]*$/ };
const session: Constraint = { range: [900, 43_200], whole: true };
const longSession: Constraint = { range: [900, 129_600], whole: true };
const tagText = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

export const stsConstraints: ServiceConstraints = {
  "*.RoleArn": arn,
  "*.RoleSessionName": sessionName,
  "*.SourceIdentity": sessionName,
  "*.Policy": { length: [1, 2048], pattern: /^[\t\n\r\x20-\xff]+$/ },
  "*.PolicyArns": { length: [0, 10] },
  "PolicyDescriptorType.arn": arn,
  "*.Tags": { length: [0, 50] },
  "Tag.Key": { length: [1, 128], pattern: tagText },
  "Tag.Value": { length: [0, 256], pattern: tagText },
  "*.TransitiveTagKeys": { length: [0, 50] },
  "*.TransitiveTagKeys.member": { length: [1, 128], pattern: tagText },
  "AssumeRoleRequest.DurationSeconds": session,
  "AssumeRoleRequest.ExternalId": { length: [2, 1224], pattern: /^[\w+=,.@:/-]*$/ },
  "AssumeRoleWithWebIdentityRequest.DurationSeconds": session,
  "AssumeRoleWithWebIdentityRequest.WebIdentityToken": { length: [4, 20_000] },
  "AssumeRoleWithWebIdentityRequest.ProviderId": { length: [4, 2048] },
  "GetSessionTokenRequest.DurationSeconds": longSession,
  "GetFederationTokenRequest.DurationSeconds": longSession,
  "GetFederationTokenRequest.Name": { length: [2, 32], pattern: /^[\w+=,.@-]*$/ },
  "GetAccessKeyInfoRequest.AccessKeyId": { length: [16, 128], pattern: /^\w*$/ },
};
