/**
 * How each output's files are to be stored: encrypted by us, by S3, as protected HLS content, or as they are.
 *
 * Keys that the request left to us are made here, once for all attempts: the document carries them on.
 */
import type { WriteEncryption } from "../../storage/buckets/bucket-store.ts";
import type {
  ContentProtectionDocument,
  EncryptionDocument,
  JobDocument,
  OutputDocument,
} from "../../storage/records/job-document.ts";
import { keySuffix } from "../ffmpeg/plan-output-files.ts";
import type { Failure, ProducedFile } from "../ffmpeg/transcode.types.ts";
import { encryptedSize, type FileCipher } from "./ciphers.ts";
import type { AesKey, JobKeys } from "./job-keys.ts";
import { withOutput, withPlaylist } from "./job-states.ts";

/** At most one of the two. */
export type Sealing = { cipher?: FileCipher; encryption?: WriteEncryption };

export type OutputProtection = {
  media: Sealing;
  thumbnails: Sealing;
  /** Of protected HLS content: what the playlist says of the key, and the key itself if it is to lie beside it. */
  content?: { uri: string; iv: Uint8Array; storedKey?: Uint8Array };
};

export type Protected = {
  document: JobDocument;
  /** By the id of each output that is still to be done. */
  outputs: ReadonlyMap<string, OutputProtection | { failure: Failure }>;
};

/** `storageKey`: the pipeline's KMS key. @throws KeyFailure as JobKeys does */
export async function protectOutputs(
  document: JobDocument,
  keys: JobKeys,
  storageKey: string | undefined,
): Promise<Protected> {
  const protecting = new Protecting(document, keys, storageKey);
  const outputs = new Map<string, OutputProtection | { failure: Failure }>();
  for (const output of document.outputs.filter(({ Status }) => Status === "Progressing")) {
    outputs.set(output.Id, await protecting.protect(output));
  }
  return { document: protecting.document, outputs };
}

/** Playlists and the key beside them are never encrypted by us. */
export function sealingOf(file: ProducedFile, { media, thumbnails }: OutputProtection): Sealing {
  switch (file.kind) {
    case "media":
      return media;
    case "thumbnail":
      return thumbnails;
    case "key":
      return { encryption: { mode: "AES256" } };
    case "playlist":
      return {};
  }
}

export function storedSize({ cipher }: Sealing, plainBytes: number): number {
  return cipher === undefined ? plainBytes : encryptedSize(cipher.mode, plainBytes);
}

class Protecting {
  document: JobDocument;
  readonly #keys: JobKeys;
  readonly #storageKey: string | undefined;
  readonly #contentKeys = new Map<string, Promise<AesKey | { failure: Failure }>>();

  constructor(document: JobDocument, keys: JobKeys, storageKey: string | undefined) {
    this.document = document;
    this.#keys = keys;
    this.#storageKey = storageKey;
  }

  async protect(output: OutputDocument): Promise<OutputProtection | { failure: Failure }> {
    const { Id, Key } = output;
    const media = await this.#seal(`output '${Key}'`, output.Encryption, (Encryption) => {
      this.document = withOutput(this.document, Id, { Encryption });
    });
    if ("failure" in media) return media;
    const asked = output.ThumbnailPattern ? output.ThumbnailEncryption : undefined;
    const thumbnails = await this.#seal(`the thumbnails of '${Key}'`, asked, (ThumbnailEncryption) => {
      this.document = withOutput(this.document, Id, { ThumbnailEncryption });
    });
    if ("failure" in thumbnails) return thumbnails;
    const playlist = this.document.playlists.find(
      ({ HlsContentProtection, OutputKeys }) => HlsContentProtection && OutputKeys.includes(Key),
    );
    if (playlist === undefined) return { media, thumbnails };

    const { Name } = playlist;
    const opening = this.#contentKeys.get(Name) ?? this.#contentKey(Name, playlist.HlsContentProtection!);
    this.#contentKeys.set(Name, opening);
    const key = await opening;
    if ("failure" in key) return key;
    const { LicenseAcquisitionUrl = "" } = playlist.HlsContentProtection!;
    const liesBeside = isStored(playlist.HlsContentProtection!);
    return {
      media: { cipher: { mode: "aes-cbc-pkcs7", ...key } },
      thumbnails,
      content: {
        uri: liesBeside ? uriOf(`${Key.slice(Key.lastIndexOf("/") + 1)}${keySuffix}`) : LicenseAcquisitionUrl,
        iv: key.iv,
        ...(liesBeside && { storedKey: key.key }),
      },
    };
  }

  async #seal(
    what: string,
    encryption: EncryptionDocument | undefined,
    keep: (made: EncryptionDocument) => void,
  ): Promise<Sealing | { failure: Failure }> {
    if (encryption === undefined) return {};
    const { Mode } = encryption;
    if (Mode === "s3") return { encryption: { mode: "AES256" } };
    if (Mode === "s3-aws-kms") {
      return { encryption: { mode: "aws:kms", ...(this.#storageKey !== undefined && { keyId: this.#storageKey }) } };
    }
    let full = encryption;
    if (encryption.Key === undefined) {
      const made = await this.#keys.generate(what);
      if ("failure" in made) return made;
      full = { Mode, ...made };
      keep(full);
    }
    const key = await this.#keys.unwrap(what, full);
    return "failure" in key ? key : { cipher: { mode: Mode, ...key } };
  }

  async #contentKey(name: string, protection: ContentProtectionDocument): Promise<AesKey | { failure: Failure }> {
    const what = `playlist '${name}'`;
    let full = protection;
    if (protection.Key === undefined) {
      const made = await this.#keys.generate(what, { isStored: isStored(protection) });
      if ("failure" in made) return made;
      full = { ...protection, ...made };
      this.document = withPlaylist(this.document, name, { HlsContentProtection: full });
    }
    return this.#keys.unwrap(what, full, [16]);
  }
}

function isStored({ KeyStoragePolicy }: ContentProtectionDocument): boolean {
  return KeyStoragePolicy === "WithVariantPlaylists";
}

function uriOf(name: string): string {
  return encodeURIComponent(name.toWellFormed());
}
