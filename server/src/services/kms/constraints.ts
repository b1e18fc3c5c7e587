/**
 * Lengths, ranges, patterns and enumerations of requests about keys, which the SDK's schemas lack: those of the service
 * model, with the ranges of the API reference where that is tighter.
 */
import type { Constraint, ServiceConstraints } from "../operation.ts";

const algorithm: Constraint = { enum: ["SYMMETRIC_DEFAULT", "RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256", "SM2PKE"] };
const principal: Constraint = { length: [1, 256], pattern: /^[\w+=,.@:/-]+$/ };
const keySpec: Constraint = {
  enum: [
    "RSA_2048",
    "RSA_3072",
    "RSA_4096",
    "ECC_NIST_P256",
    "ECC_NIST_P384",
    "ECC_NIST_P521",
    "ECC_SECG_P256K1",
    "ECC_NIST_EDWARDS25519",
    "SYMMETRIC_DEFAULT",
    "HMAC_224",
    "HMAC_256",
    "HMAC_384",
    "HMAC_512",
    "SM2",
    "ML_DSA_44",
    "ML_DSA_65",
    "ML_DSA_87",
  ],
};

export const kmsConstraints: ServiceConstraints = {
  "*.KeyId": { length: [1, 2048] },
  "*.TargetKeyId": { length: [1, 2048] },
  "*.SourceKeyId": { length: [1, 2048] },
  "*.DestinationKeyId": { length: [1, 2048] },
  "*.AliasName": { length: [1, 256], pattern: /^[a-zA-Z0-9:/_-]+$/ },
  // PostgreSQL's text holds no null character.
  "*.Description": { length: [0, 8192], pattern: /[^\0]*/ },
  "*.Policy": { length: [1, 131_072], pattern: /[\u0009\u000A\u000D\u0020-\u00FF]+/ },
  "*.PolicyName": { length: [1, 128], pattern: /[\w]+/ },
  "*.Limit": { range: [1, 1000], whole: true },
  "*.Marker": { length: [1, 1024], pattern: /[\u0020-\u00FF]*/ },

  "CreateKeyRequest.KeySpec": keySpec,
  "CreateKeyRequest.CustomerMasterKeySpec": keySpec,
  "CreateKeyRequest.KeyUsage": {
    enum: ["SIGN_VERIFY", "ENCRYPT_DECRYPT", "GENERATE_VERIFY_MAC", "KEY_AGREEMENT", "KEY_ENCAPSULATION"],
  },
  "CreateKeyRequest.Origin": { enum: ["AWS_KMS", "EXTERNAL", "AWS_CLOUDHSM", "EXTERNAL_KEY_STORE"] },

  "EncryptRequest.Plaintext": { length: [1, 4096] },
  "*.CiphertextBlob": { length: [1, 6144] },
  "*.EncryptionAlgorithm": algorithm,
  "*.SourceEncryptionAlgorithm": algorithm,
  "*.DestinationEncryptionAlgorithm": algorithm,
  "GenerateDataKeyRequest.KeySpec": { enum: ["AES_256", "AES_128"] },
  "GenerateDataKeyWithoutPlaintextRequest.KeySpec": { enum: ["AES_256", "AES_128"] },
  "*.NumberOfBytes": { range: [1, 1024], whole: true },

  "*.PendingWindowInDays": { range: [7, 30], whole: true },
  "*.RotationPeriodInDays": { range: [90, 2560], whole: true },
  "*.IncludeKeyMaterial": { enum: ["ALL_KEY_MATERIAL", "ROTATIONS_ONLY"] },

  "*.TagKey": { length: [1, 128], pattern: /[^\0]+/ },
  "*.TagValue": { length: [0, 256], pattern: /[^\0]*/ },

  "*.GrantTokens": { length: [0, 10] },
  "*.GrantTokens.member": { length: [1, 8192] },
  "*.GrantToken": { length: [1, 8192] },
  "*.GrantId": { length: [1, 128], pattern: /[^\0]+/ },
  "*.GranteePrincipal": principal,
  "*.RetiringPrincipal": principal,
  "CreateGrantRequest.Name": { length: [1, 256], pattern: /^[a-zA-Z0-9:/_-]+$/ },
  "GrantConstraints.EncryptionContextEquals.key": { pattern: /[^\0]*/ },
  "GrantConstraints.EncryptionContextEquals.value": { pattern: /[^\0]*/ },
  "GrantConstraints.EncryptionContextSubset.key": { pattern: /[^\0]*/ },
  "GrantConstraints.EncryptionContextSubset.value": { pattern: /[^\0]*/ },
};
