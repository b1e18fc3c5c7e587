/**
 * The role that pipelines of tests have: rows as IAM makes them, judged as any other role is.
 */
import { type Clock, systemClock } from "../../src/base/clock.ts";
import { iamId } from "../../src/base/ids.ts";
import { silentLog } from "../../src/base/log.ts";
import { systemRandom } from "../../src/base/random.ts";
import { type Access, openAccess } from "../../src/engine/access/access.ts";
import { bucketRulesOf } from "../../src/engine/jobs/bucket-rules.ts";
import type { RoleRightsOptions } from "../../src/engine/jobs/role-rights.ts";
import { putInlinePolicy } from "../../src/storage/records/inline-policies.ts";
import type { Records } from "../../src/storage/records/records.ts";
import { insertRole } from "../../src/storage/records/roles.ts";

/** What the console gave to `Elastic_Transcoder_Default_Role`. */
export const defaultStatements = [
  { Effect: "Allow", Action: ["s3:Put*", "s3:ListBucket", "s3:*MultipartUpload*", "s3:Get*"], Resource: "*" },
  { Effect: "Allow", Action: "kms:*", Resource: "*" },
];

export const transcoderTrust = { Service: "elastictranscoder.amazonaws.com" };

type RoleChoice = { account: string; name: string; statements?: readonly object[]; trust?: object };

/** @returns the role's ARN */
export async function addTranscoderRole(
  records: Records,
  { account, name, statements = defaultStatements, trust = transcoderTrust }: RoleChoice,
): Promise<string> {
  const id = iamId("AROA", systemRandom);
  const document = (Statement: unknown) => JSON.stringify({ Version: "2012-10-17", Statement });
  await insertRole(records.db, {
    ...{ id, account, name, path: "/", createdAt: Date.now(), description: undefined, maxSessionSeconds: 3600 },
    ...{ boundary: undefined, tags: {} },
    trustPolicy: document({ Effect: "Allow", Action: "sts:AssumeRole", Principal: trust }),
  });
  await putInlinePolicy(records.db, id, { name: "p", document: document(statements) });
  return `arn:aws:iam::${account}:role/${name}`;
}

/** As the program wires them, over the built-in buckets. */
export function openTestRights(
  records: Records,
  clock: Clock = systemClock,
  access: Access = openAccess({ records, clock, log: silentLog }),
): RoleRightsOptions {
  return { access, bucketRuleOf: bucketRulesOf(records) };
}
