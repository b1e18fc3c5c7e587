/**
 * Operations of KMS that are not served: each is answered 501 NotImplemented, by name and with the reason.
 */

const symmetric = "There are only symmetric keys, which encrypt and decrypt.";
const customStore = "There are no custom key stores; the master key may lie in an external KMS (--master-kms).";
const imported = "Keys are made here, and not imported.";
const multiRegion = "There are no multi-Region keys.";

export const kmsNotDone = {
  ConnectCustomKeyStore: customStore,
  CreateCustomKeyStore: customStore,
  Decapsulate: symmetric,
  DeleteCustomKeyStore: customStore,
  DeleteImportedKeyMaterial: imported,
  DeriveSharedSecret: symmetric,
  DescribeCustomKeyStores: customStore,
  DisconnectCustomKeyStore: customStore,
  Encapsulate: symmetric,
  GenerateDataKeyPair: symmetric,
  GenerateDataKeyPairWithoutPlaintext: symmetric,
  GenerateMac: symmetric,
  GetKeyLastUsage: "When a key was last used is not written down with the key; the audit log tells.",
  GetParametersForImport: imported,
  GetPublicKey: symmetric,
  ImportKeyMaterial: imported,
  ReplicateKey: multiRegion,
  Sign: symmetric,
  UpdateCustomKeyStore: customStore,
  UpdatePrimaryRegion: multiRegion,
  Verify: symmetric,
  VerifyMac: symmetric,
} as const;
