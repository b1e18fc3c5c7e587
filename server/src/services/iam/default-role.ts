/**
 * The role that Elastic Transcoder's console made for everybody, and that pipelines name by habit.
 */

import type { Clock } from "../../base/clock.ts";
import { iamId } from "../../base/ids.ts";
import type { Random } from "../../base/random.ts";
import { inTurn } from "../../storage/records/in-turn.ts";
import { attachPolicy } from "../../storage/records/policy-attachments.ts";
import type { Records } from "../../storage/records/records.ts";
import { findRole, insertRole } from "../../storage/records/roles.ts";

const name = "Elastic_Transcoder_Default_Role";
const permissions = "arn:aws:iam::aws:policy/service-role/AmazonElasticTranscoderRole";

/** Made when the server starts, where there is none of this name; one that is there stays as it is. */
export async function ensureDefaultRole(
  records: Records,
  account: string,
  clock: Clock,
  random: Random,
): Promise<void> {
  if ((await findRole(records.db, account, name)) !== undefined) return;
  await inTurn(records, `iam:${account}`, async (db) => {
    const id = iamId("AROA", random);
    const role = {
      id,
      account,
      name,
      path: "/",
      createdAt: clock(),
      description: "What Elastic Transcoder does in buckets, topics and keys on behalf of pipelines.",
      maxSessionSeconds: 3600,
      trustPolicy: JSON.stringify({
        Version: "2012-10-17",
        Statement: [
          { Effect: "Allow", Principal: { Service: "elastictranscoder.amazonaws.com" }, Action: "sts:AssumeRole" },
        ],
      }),
      boundary: undefined,
      tags: {},
    };
    if ((await insertRole(db, role)) === "inserted") await attachPolicy(db, id, permissions);
  });
}
