import type { Cases } from "./cases.ts";
import { account, region, type World } from "./world.ts";

const arn = (rest: string) => `arn:aws:kms:${region}:${account}:${rest}`;

async function newKey({ kms }: World): Promise<string> {
  const { KeyMetadata } = await kms.createKey({});
  return KeyMetadata!.KeyId!;
}

async function newAlias(world: World): Promise<{ keyId: string; alias: string }> {
  const [keyId, alias] = [await newKey(world), `alias/${world.fresh("alias")}`];
  await world.kms.createAlias({ AliasName: alias, TargetKeyId: keyId });
  return { keyId, alias };
}

async function newGrant(world: World): Promise<{ KeyId: string; GrantId: string }> {
  const KeyId = await newKey(world);
  const GranteePrincipal = `arn:aws:iam::${account}:root`;
  const { GrantId } = await world.kms.createGrant({ KeyId, GranteePrincipal, Operations: ["Encrypt"] });
  return { KeyId, GrantId: GrantId! };
}

async function newBlob({ kms }: World, KeyId: string): Promise<Uint8Array> {
  const { CiphertextBlob } = await kms.encrypt({ KeyId, Plaintext: Uint8Array.of(1, 2, 3) });
  return CiphertextBlob!;
}

type More = (keyId: string, world: World) => object | Promise<object>;

/** KMS's actions are called as its operations are, but for ReEncrypt. */
const onKey =
  (more: More = () => ({})): Cases[string] =>
  async (world, operation) => {
    const KeyId = await newKey(world);
    return {
      needs: [[`kms:${operation}`, arn(`key/${KeyId}`)]],
      input: { KeyId, ...(await more(KeyId, world)) },
    };
  };

const onAll =
  (input: object = {}): Cases[string] =>
  (_, operation) => ({ needs: [[`kms:${operation}`, "*"]], input });

const onGrant: Cases[string] = async (world, operation) => {
  const grant = await newGrant(world);
  return { needs: [[`kms:${operation}`, arn(`key/${grant.KeyId}`)]], input: grant };
};

const Tags = [{ TagKey: "team", TagValue: "a" }];

export const kmsCases: Cases = {
  CancelKeyDeletion: onKey(async (KeyId, { kms }) => {
    await kms.scheduleKeyDeletion({ KeyId });
    return {};
  }),
  async CreateAlias(world) {
    const [keyId, alias] = [await newKey(world), `alias/${world.fresh("alias")}`];
    return {
      needs: [
        ["kms:CreateAlias", arn(alias)],
        ["kms:CreateAlias", arn(`key/${keyId}`)],
      ],
      input: { AliasName: alias, TargetKeyId: keyId },
    };
  },
  CreateGrant: onKey(() => ({ GranteePrincipal: `arn:aws:iam::${account}:root`, Operations: ["Encrypt"] })),
  CreateKey: onAll(),
  "CreateKey with tags": () => ({
    needs: [
      ["kms:CreateKey", "*"],
      ["kms:TagResource", arn("key/*")],
    ],
    input: { Tags },
  }),
  Decrypt: onKey(async (KeyId, world) => ({ CiphertextBlob: await newBlob(world, KeyId) })),
  async "Decrypt by the blob alone"(world) {
    const keyId = await newKey(world);
    return {
      needs: [["kms:Decrypt", arn(`key/${keyId}`)]],
      input: { CiphertextBlob: await newBlob(world, keyId) },
    };
  },
  async DeleteAlias(world) {
    const { keyId, alias } = await newAlias(world);
    return {
      needs: [
        ["kms:DeleteAlias", arn(alias)],
        ["kms:DeleteAlias", arn(`key/${keyId}`)],
      ],
      input: { AliasName: alias },
    };
  },
  DescribeKey: onKey(),
  async "DescribeKey by alias"(world) {
    const { keyId, alias } = await newAlias(world);
    return { needs: [["kms:DescribeKey", arn(`key/${keyId}`)]], input: { KeyId: alias } };
  },
  "DescribeKey of none"() {
    const KeyId = arn("key/00000000-0000-4000-8000-000000000000");
    return { needs: [["kms:DescribeKey", KeyId]], input: { KeyId }, fails: "NotFoundException" };
  },
  DisableKey: onKey(),
  DisableKeyRotation: onKey(),
  EnableKey: onKey(),
  EnableKeyRotation: onKey(),
  Encrypt: onKey(() => ({ Plaintext: Uint8Array.of(1) })),
  GenerateDataKey: onKey(() => ({ KeySpec: "AES_256" })),
  GenerateDataKeyWithoutPlaintext: onKey(() => ({ KeySpec: "AES_256" })),
  GenerateRandom: onAll({ NumberOfBytes: 8 }),
  GetKeyPolicy: onKey(),
  GetKeyRotationStatus: onKey(),
  ListAliases: onAll(),
  ListGrants: onKey(),
  ListKeyPolicies: onKey(),
  ListKeyRotations: onKey(),
  ListKeys: onAll(),
  ListResourceTags: onKey(),
  ListRetirableGrants: onAll({ RetiringPrincipal: `arn:aws:iam::${account}:root` }),
  PutKeyPolicy: onKey(() => ({
    BypassPolicyLockoutSafetyCheck: true,
    Policy: JSON.stringify({
      Version: "2012-10-17",
      Statement: { Effect: "Allow", Principal: { AWS: account }, Action: "kms:*", Resource: "*" },
    }),
  })),
  async ReEncrypt(world) {
    const [from, to] = [await newKey(world), await newKey(world)];
    return {
      needs: [
        ["kms:ReEncryptFrom", arn(`key/${from}`)],
        ["kms:ReEncryptTo", arn(`key/${to}`)],
      ],
      input: { CiphertextBlob: await newBlob(world, from), DestinationKeyId: to },
    };
  },
  RetireGrant: onGrant,
  RevokeGrant: onGrant,
  RotateKeyOnDemand: onKey(),
  ScheduleKeyDeletion: onKey(),
  TagResource: onKey(() => ({ Tags })),
  UntagResource: onKey(() => ({ TagKeys: ["team"] })),
  async UpdateAlias(world) {
    const [{ keyId, alias }, to] = [await newAlias(world), await newKey(world)];
    return {
      needs: [
        ["kms:UpdateAlias", arn(alias)],
        ["kms:UpdateAlias", arn(`key/${keyId}`)],
        ["kms:UpdateAlias", arn(`key/${to}`)],
      ],
      input: { AliasName: alias, TargetKeyId: to },
    };
  },
  UpdateKeyDescription: onKey(() => ({ Description: "d" })),
};
