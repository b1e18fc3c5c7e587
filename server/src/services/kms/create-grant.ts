import type { CreateGrantRequest, CreateGrantResponse } from "@aws-sdk/client-kms";
import { inTurn } from "../../storage/records/in-turn.ts";
import { countGrants, type Grant, insertGrant, listGrantsTo } from "../../storage/records/kms-grants.ts";
import type { Key } from "../../storage/records/kms-keys.ts";
import type { Operation, With } from "../operation.ts";
import type { Call, KmsContext } from "./context.ts";
import { invalid, invalidArn, limitExceeded, unsupported, wouldHaveSucceeded } from "./errors.ts";
import { authorizeUse, findKey, refuseDisabled, refusePending } from "./find-key.ts";
import { buildGrantToken } from "./grant-tokens.ts";
import { grantable, isWithin } from "./grants.ts";

/** Developer guide, "Resource quotas". */
const most = 50_000;

const accepts = { foreign: true };

type Input = With<CreateGrantRequest, "KeyId" | "Operations">;

/** Holds at once. Asked for again under the same name and with the same content, it is the one that is there. */
export const createGrant: Operation<Input, CreateGrantResponse, KmsContext> = {
  authorize: (input, ctx) => {
    const { KeyId, Operations, GranteePrincipal, RetiringPrincipal, Constraints, GrantTokens: grantTokens } = input;
    const conditions: Record<string, string | readonly string[]> = {
      "kms:grantoperations": Operations,
      "kms:grantisforawsresource": "false",
    };
    if (GranteePrincipal !== undefined) conditions["kms:granteeprincipal"] = GranteePrincipal;
    if (RetiringPrincipal !== undefined) conditions["kms:retiringprincipal"] = RetiringPrincipal;
    const kinds = Object.keys(Constraints ?? {});
    if (0 < kinds.length) conditions["kms:grantconstrainttype"] = kinds;
    const counts = (grant: Grant) => isWithin(grant, Operations, Constraints);
    return authorizeUse(ctx, "CreateGrant", KeyId, { accepts, grantTokens, conditions, counts });
  },

  async run(input, ctx) {
    const key = await findKey(ctx, input.KeyId, accepts);
    refusePending(key);
    refuseDisabled(key);
    const asked = grantOf(input, key, ctx);
    if (input.DryRun) throw wouldHaveSucceeded();
    const grant = await inTurn(ctx.records, `kms-grants:${key.id}`, async (db) => {
      const known = (await listGrantsTo(db, key.id, [asked.grantee])).find((grant) => isSame(grant, asked));
      if (known !== undefined) return known;
      if (most <= (await countGrants(db, key.id))) throw limitExceeded(`A key may have ${most} grants.`);
      await insertGrant(db, asked);
      return asked;
    });
    return { GrantId: grant.id, GrantToken: buildGrantToken({ keyId: key.id, grantId: grant.id }) };
  },
};

/** @throws ServiceError */
function grantOf(input: Input, key: Key, ctx: Call): Grant {
  const { GranteePrincipal, GranteeServicePrincipal, RetiringPrincipal, RetiringServicePrincipal } = input;
  const { Operations, Constraints, Name } = input;
  if (GranteeServicePrincipal !== undefined || RetiringServicePrincipal !== undefined) {
    throw unsupported("Grants are given to principals of IAM, not to services.");
  }
  if (GranteePrincipal === undefined) throw invalid("GranteePrincipal is missing.");
  for (const principal of [GranteePrincipal, RetiringPrincipal]) {
    if (principal !== undefined && !principalArn.test(principal)) {
      throw invalidArn(`${principal} is not the ARN of a user, a role, a session or an account.`);
    }
  }
  const other = Operations.find((operation) => !grantable.includes(operation));
  if (other !== undefined) throw invalid(`A grant of a symmetric key cannot allow ${other}.`);
  if (Constraints?.SourceArn !== undefined) throw unsupported("Grants are not constrained by SourceArn.");
  const { EncryptionContextEquals, EncryptionContextSubset } = Constraints ?? {};
  const constraints = {
    ...(EncryptionContextEquals !== undefined && { EncryptionContextEquals }),
    ...(EncryptionContextSubset !== undefined && { EncryptionContextSubset }),
  };
  return {
    id: Buffer.from(ctx.random(32)).toString("hex"),
    keyId: key.id,
    account: key.account,
    region: key.region,
    createdAt: ctx.clock(),
    name: Name,
    grantee: GranteePrincipal,
    retiring: RetiringPrincipal,
    issuer: ctx.accountId,
    operations: Operations,
    constraints: 0 < Object.keys(constraints).length ? constraints : undefined,
  };
}

const principalArn =
  /^arn:aws:(?:iam::\d{12}:(?:root|(?:user|role)\/.+)|sts::\d{12}:(?:assumed-role|federated-user)\/.+)$/;

function isSame(grant: Grant, asked: Grant): boolean {
  if (asked.name === undefined || grant.name !== asked.name) return false;
  const content = ({ grantee, retiring, operations, constraints }: Grant) =>
    JSON.stringify([grantee, retiring, [...operations].sort(), constraints]);
  return content(grant) === content(asked);
}
