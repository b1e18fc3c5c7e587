/**
 * Lengths, ranges and patterns of IAM's requests, which the SDK's schemas lack: those of the API reference.
 */
import type { Constraint, ServiceConstraints } from "../operation.ts";

const name = /^[\w+=,.@-]+$/;
const existing: Constraint = { length: [1, 128], pattern: name };
const newName: Constraint = { length: [1, 64], pattern: name };
const path: Constraint = { length: [1, 512], pattern: /^\/(?:[!-\x7e]+\/)?$/ };
const arn: Constraint = { length: [20, 2048] };
const text = /^[\t\n\r\x20-\xff]+$/;
const document: Constraint = { length: [1, 131_072], pattern: text };
const description: Constraint = { length: [0, 1000], pattern: /^[\t\n\r\x20-\x7e\xa1-\xff]*$/ };
const seconds: Constraint = { range: [3600, 43_200], whole: true };
const tagText = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;
const entity = ["User", "Role", "Group", "LocalManagedPolicy", "AWSManagedPolicy"];

export const iamConstraints: ServiceConstraints = {
  "*.UserName": existing,
  "CreateUserRequest.UserName": newName,
  "*.NewUserName": newName,
  "*.GroupName": existing,
  "*.NewGroupName": existing,
  "*.RoleName": newName,
  "*.PolicyName": existing,
  "*.Path": path,
  "*.NewPath": path,
  "*.PathPrefix": { length: [1, 512], pattern: /^\/[!-\x7f]*$/ },
  "*.PolicyArn": arn,
  "*.PermissionsBoundary": arn,
  "*.PolicySourceArn": arn,
  "*.OpenIDConnectProviderArn": arn,
  "*.PolicyDocument": document,
  "*.AssumeRolePolicyDocument": document,
  "*.Description": description,
  "*.MaxSessionDuration": seconds,
  "*.VersionId": { pattern: /^v[1-9][0-9]*(?:\.[A-Za-z0-9-]*)?$/ },
  "*.AccessKeyId": { length: [16, 128], pattern: /^\w+$/ },
  "*.Status": { enum: ["Active", "Inactive"] },
  "*.Marker": { length: [1, 700], pattern: text },
  "*.MaxItems": { range: [1, 1000], whole: true },
  "*.Tags": { length: [0, 50] },
  "*.TagKeys": { length: [0, 50] },
  "*.TagKeys.member": { length: [1, 128], pattern: tagText },
  "Tag.Key": { length: [1, 128], pattern: tagText },
  "Tag.Value": { length: [0, 256], pattern: tagText },
  "*.Scope": { enum: ["All", "AWS", "Local"] },
  "*.PolicyUsageFilter": { enum: ["PermissionsPolicy", "PermissionsBoundary"] },
  "*.EntityFilter": { enum: entity },
  "*.Filter.member": { enum: entity },
  "*.Url": { length: [1, 255] },
  "*.ClientID": { length: [1, 255] },
  "*.ClientIDList.member": { length: [1, 255] },
  "*.ThumbprintList.member": { length: [40, 40], pattern: /^[0-9A-Fa-f]*$/ },
  "*.ActionNames": { length: [0, 1000] },
  "*.ActionNames.member": { length: [3, 128] },
  "*.ResourceArns": { length: [0, 1000] },
  "*.ResourceArns.member": { length: [1, 2048] },
  "*.PolicyInputList.member": document,
  "*.PermissionsBoundaryPolicyInputList": { length: [0, 1] },
  "*.PermissionsBoundaryPolicyInputList.member": document,
  "*.ResourcePolicy": document,
  "*.CallerArn": { length: [1, 2048] },
  "*.ResourceOwner": { length: [1, 2048] },
  "ContextEntry.ContextKeyName": { length: [5, 256] },
};
