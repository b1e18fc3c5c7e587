import assert from "node:assert/strict";
import { test } from "node:test";
import type { CreateJobOutput, Encryption, HlsContentProtection } from "@aws-sdk/client-elastic-transcoder";
import { contentProtectionOf, encryptionOf, encryptionProblems, madeKeyProblems } from "./encryption.ts";
import type { JobRequest } from "./job-request.ts";

const base64 = (bytes: number) => Buffer.alloc(bytes, 1).toString("base64");
const key = { Key: base64(150), KeyMd5: base64(16), InitializationVector: base64(16) };
const stored = { Method: "aes-128", KeyStoragePolicy: "WithVariantPlaylists" };
const licence = { Method: "aes-128", LicenseAcquisitionUrl: "https://keys.example/1?a=b" };

function request(part: Partial<JobRequest>): JobRequest {
  const outputs = [{ Key: "out", PresetId: "p" }];
  return { inputs: [{ Key: "in" }], outputs, playlists: [], outputKeyPrefix: "", userMetadata: {}, ...part };
}
const input = (Encryption: Encryption) => request({ inputs: [{ Key: "in", Encryption }] });
const output = (part: CreateJobOutput) => request({ outputs: [{ Key: "out", PresetId: "p", ...part }] });
const playlist = (HlsContentProtection: HlsContentProtection, part: CreateJobOutput = {}) => ({
  ...output(part),
  playlists: [{ Name: "i", Format: "HLSv3", OutputKeys: ["out"], HlsContentProtection }],
});
const isOf = (what: string) => `The Encryption of ${what}`;
const ofPlaylist = "The HlsContentProtection of playlist 'i'";
const undecryptable = "the file cannot be decrypted without.";
const orNone = "or else none of Key, KeyMd5, InitializationVector.";

const cases: [what: string, request: JobRequest, problems: string[]][] = [
  ["nothing", request({}), []],
  ["structures without anything in them", output({ Encryption: {}, ThumbnailEncryption: { Mode: "", Key: "" } }), []],
  ["each mode of an input", request({ inputs: ["aes-cbc-pkcs7", "aes-ctr", "aes-gcm", "s3"].map(inputOf) }), []],
  ["an output whose key is to be made", output({ Encryption: { Mode: "aes-ctr", Key: "" } }), []],
  ["an output and thumbnails with keys", output({ Encryption: aes(key), ThumbnailEncryption: aes(key) }), []],
  ["no mode", input(key), [`${isOf("input 'in'")} must have a Mode.`]],
  [
    "an input without a key",
    input({ Mode: "aes-gcm" }),
    ["Key", "KeyMd5", "InitializationVector"].map(
      (name) => `${isOf("input 'in'")} must have a ${name}: ${undecryptable}`,
    ),
  ],
  [
    "half a key of an output",
    output({ Encryption: aes({ Key: key.Key }) }),
    ["KeyMd5", "InitializationVector"].map((name) => `${isOf("output 'out'")} must have a ${name}, ${orNone}`),
  ],
  [
    "a key that S3 would not use",
    output({ ThumbnailEncryption: { Mode: "s3", Key: key.Key } }),
    [`${isOf("the thumbnails of 'out'")} must not have a Key: Mode 's3' has keys of its own.`],
  ],
  [
    "vectors and digests of another length, and no base64",
    input({ ...aes(key), KeyMd5: base64(15), InitializationVector: "x" }),
    ["KeyMd5", "InitializationVector"].map(
      (name) => `${isOf("input 'in'")} has a ${name} that is not 16 bytes in base64.`,
    ),
  ],
  [
    "a key that KMS cannot have made",
    input({ ...aes(key), Key: base64(6145) }),
    [`${isOf("input 'in'")} has a Key of more than 6144 bytes: it must be what AWS KMS encrypted.`],
  ],
  [
    "a watermark without a key, and one of text",
    output({
      Watermarks: [
        { PresetWatermarkId: "a", InputKey: "a.png", Encryption: { ...aes(key), KeyMd5: "" } },
        { PresetWatermarkId: "b", InputKey: "text:b", Encryption: aes(key) },
      ],
    }),
    [
      `${isOf("watermark 'a.png'")} must have a KeyMd5: ${undecryptable}`,
      `${isOf("watermark 'text:b'")} has nothing to decrypt.`,
    ],
  ],
  ["a playlist whose key lies beside it", playlist(stored), []],
  ["a playlist whose key is elsewhere", playlist({ ...licence, ...key }), []],
  ["a playlist without a method", playlist({ ...licence, Method: "" }), [`${ofPlaylist} must have a Method.`]],
  [
    "a playlist whose key nobody would find",
    playlist({ Method: "aes-128", KeyStoragePolicy: "NoStore" }),
    [`${ofPlaylist} must have a LicenseAcquisitionUrl: the key is not stored.`],
  ],
  [
    "a playlist whose key would lie in two places",
    playlist({ ...stored, ...licence }),
    [`${ofPlaylist} must not have a LicenseAcquisitionUrl: the key is stored.`],
  ],
  ...["keys/1", 'https://a/"', "https://a/ b", "https://a/\n"].map((LicenseAcquisitionUrl): (typeof cases)[number] => [
    `the address ${JSON.stringify(LicenseAcquisitionUrl)}`,
    playlist({ Method: "aes-128", LicenseAcquisitionUrl }),
    [`${ofPlaylist} has a LicenseAcquisitionUrl that is no absolute URL.`],
  ]),
  [
    "half a key of a playlist",
    playlist({ ...stored, InitializationVector: key.InitializationVector }),
    ["Key", "KeyMd5"].map((name) => `${ofPlaylist} must have a ${name}, ${orNone}`),
  ],
  [
    "a playlist of another kind",
    request({ playlists: [{ Name: "i", Format: "Smooth", OutputKeys: ["out"], HlsContentProtection: stored }] }),
    [`${ofPlaylist} is available only for HLS playlists.`],
  ],
  [
    "protection of what is encrypted already",
    playlist(stored, { Encryption: { Mode: "s3" } }),
    ["HlsContentProtection of playlist 'i' and Encryption of output 'out' are mutually exclusive."],
  ],
  ["protection and encrypted thumbnails", playlist(stored, { ThumbnailEncryption: { Mode: "aes-gcm" } }), []],
  [
    "protection and DRM",
    request({
      playlists: [
        {
          Name: "i",
          Format: "HLSv3",
          OutputKeys: ["out"],
          HlsContentProtection: stored,
          PlayReadyDrm: { Format: "a" },
        },
      ],
    }),
    ["HlsContentProtection and PlayReadyDrm of playlist 'i' are mutually exclusive."],
  ],
  [
    "one output in two playlists, of which one is protected",
    request({
      playlists: [
        { Name: "i", Format: "HLSv3", OutputKeys: ["out"], HlsContentProtection: stored },
        { Name: "j", Format: "HLSv3", OutputKeys: ["out"] },
      ],
    }),
    ["Output 'out' is in more than one playlist, and 'i' has HlsContentProtection."],
  ],
];

for (const [what, asked, problems] of cases) {
  test(`${problems.length === 0 ? "takes" : "refuses"} ${what}`, () =>
    assert.deepEqual(encryptionProblems(asked), problems));
}

test("has keys made only where the caller can decrypt them", () => {
  const noKey = "The pipeline must have an AwsKmsKeyArn for a key to be made for";
  const needing: [request: JobRequest, problems: string[]][] = [
    [output({ Encryption: { Mode: "s3-aws-kms" }, ThumbnailEncryption: { Mode: "s3" } }), []],
    [output({ Encryption: aes(key), ThumbnailEncryption: aes(key) }), []],
    [output({ Encryption: aes({}) }), [`${noKey} output 'out', or the job must bring one.`]],
    [output({ ThumbnailEncryption: aes({ Key: "" }) }), [`${noKey} output 'out', or the job must bring one.`]],
    [playlist(stored), []],
    [playlist({ ...licence, ...key }), []],
    [playlist(licence), [`${noKey} playlist 'i', or the job must bring one.`]],
  ];
  for (const [request, problems] of needing) {
    assert.deepEqual(madeKeyProblems(request, null), problems);
    assert.deepEqual(madeKeyProblems(request, "arn:aws:kms:us-east-1:123456789012:key/a"), []);
  }
});

test("keeps what was said, and nothing of what was left blank", () => {
  assert.equal(encryptionOf(undefined), undefined);
  assert.equal(encryptionOf({ Mode: "", Key: "" }), undefined);
  assert.deepEqual(encryptionOf({ Mode: "s3", Key: "", KeyMd5: undefined }), { Mode: "s3" });
  assert.deepEqual(encryptionOf(aes(key)), aes(key));
  assert.equal(contentProtectionOf({}), undefined);
  assert.deepEqual(contentProtectionOf({ ...stored, LicenseAcquisitionUrl: "" }), stored);
});

function aes(key: Encryption): Encryption {
  return { Mode: "aes-cbc-pkcs7", ...key };
}

function inputOf(Mode: string) {
  return { Key: Mode, Encryption: { Mode, ...(Mode === "s3" ? {} : key) } };
}
