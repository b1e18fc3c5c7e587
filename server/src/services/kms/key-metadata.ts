/**
 * A key as the API describes it.
 */
import type { KeyMetadata } from "@aws-sdk/client-kms";
import type { Key } from "../../storage/records/kms-keys.ts";
import { findMaterial } from "../../storage/records/kms-materials.ts";
import type { KmsContext } from "./context.ts";

export async function keyMetadata({ records }: KmsContext, key: Key): Promise<KeyMetadata> {
  const material = await findMaterial(records.db, key.id, key.material);
  return {
    AWSAccountId: key.account,
    KeyId: key.id,
    Arn: key.arn,
    CreationDate: new Date(key.createdAt),
    Enabled: key.state === "Enabled",
    Description: key.description,
    KeyUsage: "ENCRYPT_DECRYPT",
    KeyState: key.state,
    ...(key.deletesAt !== undefined && { DeletionDate: new Date(key.deletesAt) }),
    Origin: "AWS_KMS",
    KeyManager: key.manager,
    CustomerMasterKeySpec: "SYMMETRIC_DEFAULT",
    KeySpec: "SYMMETRIC_DEFAULT",
    EncryptionAlgorithms: ["SYMMETRIC_DEFAULT"],
    MultiRegion: false,
    ...(material !== undefined && { CurrentKeyMaterialId: material.id }),
  };
}
