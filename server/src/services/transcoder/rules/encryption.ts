/**
 * What a job may say of keys: encryption of files and protection of HLS content, and how they are kept.
 *
 * Whether a key can be unwrapped, and how long it is, is known when the job runs (4016 to 4020).
 *
 * @see Developer guide, "Data Encryption Options"
 */
import type { CreateJobPlaylist, Encryption, HlsContentProtection } from "@aws-sdk/client-elastic-transcoder";
import type {
  CipherKeyDocument,
  ContentProtectionDocument,
  EncryptionDocument,
  EncryptionMode,
} from "../../../storage/records/job-document.ts";
import type { JobRequest } from "./job-request.ts";

/** What KMS decrypts at most. */
const maxKeyBytes = 6144;

/** `undefined` where nothing is asked for: some clients send a structure without anything in it. */
export function encryptionOf(asked: Encryption | undefined): EncryptionDocument | undefined {
  const { Mode, ...key } = filled(asked);
  return Mode === undefined ? undefined : { Mode: Mode as EncryptionMode, ...key };
}

export function contentProtectionOf(asked: HlsContentProtection | undefined): ContentProtectionDocument | undefined {
  const { Method, ...rest } = filled(asked);
  return Method === undefined ? undefined : { Method, ...rest };
}

/** Sentences, in the order of the request. */
export function encryptionProblems({ inputs, outputs, playlists }: JobRequest): string[] {
  return [
    ...inputs.flatMap(({ Key, Encryption }) => problemsOf(`input '${Key}'`, Encryption, "decrypt")),
    ...outputs.flatMap(({ Key, Encryption, ThumbnailEncryption, Watermarks }) => [
      ...problemsOf(`output '${Key}'`, Encryption, "encrypt"),
      ...problemsOf(`the thumbnails of '${Key}'`, ThumbnailEncryption, "encrypt"),
      ...(Watermarks ?? []).flatMap(({ InputKey, Encryption }) =>
        InputKey?.startsWith("text:") && encryptionOf(Encryption) !== undefined
          ? [`The Encryption of watermark '${InputKey}' has nothing to decrypt.`]
          : problemsOf(`watermark '${InputKey}'`, Encryption, "decrypt"),
      ),
    ]),
    ...playlists.flatMap(protectionProblems),
    ...togetherProblems({ outputs, playlists }),
  ];
}

/**
 * Keys that are to be made and that the caller must decrypt need a KMS key that the caller may use: the transcoder's own
 * serves only where the key itself is stored, beside its playlists.
 */
export function madeKeyProblems({ outputs, playlists }: JobRequest, keyArn: string | null): string[] {
  if (keyArn !== null) return [];
  const isMade = (asked: CipherKeyDocument | undefined) => asked !== undefined && asked.Key === undefined;
  const needing = [
    ...outputs.flatMap(({ Key, Encryption, ThumbnailEncryption }) =>
      [Encryption, ThumbnailEncryption].some((asked) => asked?.Mode?.startsWith("aes-") && isMade(encryptionOf(asked)))
        ? [`output '${Key}'`]
        : [],
    ),
    ...playlists.flatMap(({ Name, HlsContentProtection }) => {
      const asked = contentProtectionOf(HlsContentProtection);
      return isMade(asked) && asked!.KeyStoragePolicy !== "WithVariantPlaylists" ? [`playlist '${Name}'`] : [];
    }),
  ];
  return needing.map(
    (what) => `The pipeline must have an AwsKmsKeyArn for a key to be made for ${what}, or the job must bring one.`,
  );
}

function problemsOf(what: string, asked: Encryption | undefined, doing: "encrypt" | "decrypt"): string[] {
  const { Mode, ...key } = filled(asked);
  const of = `The Encryption of ${what}`;
  if (Mode === undefined) return Object.keys(key).length === 0 ? [] : [`${of} must have a Mode.`];
  if (Mode === "s3" || Mode === "s3-aws-kms") {
    return Object.keys(key).map((name) => `${of} must not have a ${name}: Mode '${Mode}' has keys of its own.`);
  }
  return keyProblems(of, key, doing === "encrypt");
}

function keyProblems(of: string, key: CipherKeyDocument, mayBeBlank: boolean): string[] {
  const names = ["Key", "KeyMd5", "InitializationVector"] as const;
  const blank = names.filter((name) => key[name] === undefined);
  if (mayBeBlank && blank.length === names.length) return [];
  const problems = blank.map((name) =>
    mayBeBlank
      ? `${of} must have a ${name}, or else none of ${names.join(", ")}.`
      : `${of} must have a ${name}: the file cannot be decrypted without.`,
  );
  const { Key, KeyMd5, InitializationVector } = key;
  if (Key !== undefined && maxKeyBytes < bytesOf(Key)!) {
    problems.push(`${of} has a Key of more than ${maxKeyBytes} bytes: it must be what AWS KMS encrypted.`);
  }
  for (const [name, value] of Object.entries({ KeyMd5, InitializationVector })) {
    if (value !== undefined && bytesOf(value) !== 16) {
      problems.push(`${of} has a ${name} that is not 16 bytes in base64.`);
    }
  }
  return problems;
}

function protectionProblems({ Name, Format, HlsContentProtection: asked }: CreateJobPlaylist): string[] {
  const of = `The HlsContentProtection of playlist '${Name}'`;
  const { Method, LicenseAcquisitionUrl: url, KeyStoragePolicy: policy = "NoStore", ...key } = filled(asked);
  if (Object.keys(filled(asked)).length === 0) return [];
  const problems: string[] = [];
  if (Method === undefined) problems.push(`${of} must have a Method.`);
  if (Format !== "HLSv3" && Format !== "HLSv4") problems.push(`${of} is available only for HLS playlists.`);
  if (policy === "WithVariantPlaylists") {
    if (url !== undefined) problems.push(`${of} must not have a LicenseAcquisitionUrl: the key is stored.`);
  } else if (url === undefined) {
    problems.push(`${of} must have a LicenseAcquisitionUrl: the key is not stored.`);
  } else if (!URL.canParse(url) || /[\s"\p{Cc}]/u.test(url)) {
    problems.push(`${of} has a LicenseAcquisitionUrl that is no absolute URL.`);
  }
  return [...problems, ...keyProblems(of, key, true)];
}

function togetherProblems({ outputs, playlists }: Pick<JobRequest, "outputs" | "playlists">): string[] {
  const problems: string[] = [];
  for (const { Name, OutputKeys, HlsContentProtection, PlayReadyDrm } of playlists) {
    if (contentProtectionOf(HlsContentProtection) === undefined) continue;
    if (Object.keys(filled(PlayReadyDrm)).length > 0) {
      problems.push(`HlsContentProtection and PlayReadyDrm of playlist '${Name}' are mutually exclusive.`);
    }
    for (const { Key, Encryption } of outputs.filter((output) => OutputKeys.includes(output.Key))) {
      if (encryptionOf(Encryption) !== undefined) {
        problems.push(
          `HlsContentProtection of playlist '${Name}' and Encryption of output '${Key}' are mutually exclusive.`,
        );
      }
      if (1 < playlists.filter((other) => other.OutputKeys.includes(Key)).length) {
        problems.push(`Output '${Key}' is in more than one playlist, and '${Name}' has HlsContentProtection.`);
      }
    }
  }
  return problems;
}

/** Members that say something. */
function filled<Settings extends object>(asked: Settings | undefined): { [Name in keyof Settings]?: string } {
  const members = Object.entries(asked ?? {}).filter(([, value]) => value !== undefined && value !== null);
  return Object.fromEntries(members.filter(([, value]) => value !== "")) as { [Name in keyof Settings]?: string };
}

/** `undefined`: it is no base64. */
function bytesOf(base64: string): number | undefined {
  const bytes = Buffer.from(base64, "base64");
  return bytes.toString("base64") === base64 ? bytes.length : undefined;
}
