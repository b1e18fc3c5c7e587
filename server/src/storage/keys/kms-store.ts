/**
 * The store of KMS keys: each has generations of bytes (materials) behind it, which lie wrapped by the master key and
 * encrypt by XAES-256-GCM, so that nonces may be drawn at random for ever.
 *
 * What is unwrapped is remembered for minutes; whether a key may be used is read from its row each time.
 */
import type { Clock } from "../../base/clock.ts";
import { uuid } from "../../base/ids.ts";
import type { Random } from "../../base/random.ts";
import { Remembered } from "../../base/remembered.ts";
import { inTurn } from "../records/in-turn.ts";
import { findAlias, insertAlias } from "../records/kms-aliases.ts";
import {
  buildKeyArn,
  changeKey,
  findKey,
  forgetKey,
  insertKey,
  type Key,
  type KeyChange,
  listKeysToDestroy,
  listKeysToRotate,
} from "../records/kms-keys.ts";
import { destroyMaterials, insertMaterial } from "../records/kms-materials.ts";
import type { Home } from "../records/listing.ts";
import type { Records } from "../records/records.ts";
import { scrub } from "../records/scrub.ts";
import type { KmsMaterialRow } from "../records/tables.ts";
import { serviceKeyPolicy } from "./default-key-policies.ts";
import { parseKeyReference } from "./key-reference.ts";
import { type DataKey, type EncryptionContext, KeyFailure, type KeyOwner, type KeyStore } from "./key-store.ts";
import type { KeyWrapper } from "./key-wrapper.ts";
import { bindingOf, buildBlob, parseBlob } from "./kms-blob.ts";
import { openMaterials } from "./materials.ts";
import { openSealed, sealBytes } from "./xaes.ts";

/** What the KMS API does with keys, beside what everybody does. */
export interface KmsStore extends KeyStore {
  find(home: Home, reference: string): Promise<Key | undefined>;
  defaultKey(home: Home, owner: KeyOwner): Promise<Key>;
  create(home: Home, about: Pick<Key, "description" | "policy" | "tags">): Promise<Key>;
  /** Seen at once by everybody in this process. `undefined`: there is no such key any more. */
  change(id: string, change: (key: Key) => KeyChange): Promise<Key | undefined>;
  /** From now on new bytes encrypt; `check` may throw to leave things as they are. */
  rotate(id: string, made: KmsMaterialRow["made"], check?: (key: Key) => void): Promise<Key | undefined>;
  /** The key that a blob names; `undefined`: there is none, or it is no blob. */
  keyOf(blob: Uint8Array): Promise<Key | undefined>;
  /** @throws KeyFailure */
  seal(key: Key, plaintext: Uint8Array, context: EncryptionContext): Promise<{ blob: Uint8Array; materialId: string }>;
  /** @throws KeyFailure */
  open(key: Key, blob: Uint8Array, context: EncryptionContext): Promise<{ plaintext: Uint8Array; materialId: string }>;
  /** Destroys the keys whose last day has come, and rotates those whose period is over. May run in many processes. */
  sweep(signal?: AbortSignal): Promise<void>;
}

export type KmsOptions = { records: Records; wrapper: KeyWrapper; clock: Clock; random: Random };

const dayMs = 86_400_000;
const stateRememberedMs = 500;
const mostRemembered = 10_000;
/** Of AWS's own keys, which rotate every year. */
const serviceRotationDays = 365;
const sweepPage = 100;

export function openKmsStore({ records, wrapper, clock, random }: KmsOptions): KmsStore {
  const states = new Remembered<Key | undefined>({ clock, forMs: stateRememberedMs, most: mostRemembered });
  const materials = openMaterials({ records, wrapper, clock, random });

  async function find(home: Home, reference: string): Promise<Key | undefined> {
    const parsed = parseKeyReference(reference);
    if (parsed === undefined) return undefined;
    const { home: named = home } = parsed;
    if (named.account !== home.account || named.region !== home.region) return undefined;
    if ("id" in parsed) return ofHome(home, await findKey(records.db, parsed.id));
    const alias = await findAlias(records.db, home, parsed.alias);
    if (alias !== undefined) return ofHome(home, await findKey(records.db, alias.key_id));
    const owner = owners.find((name) => parsed.alias === defaultAlias(name));
    return owner && defaultKey(home, owner);
  }

  async function defaultKey(home: Home, owner: KeyOwner): Promise<Key> {
    const name = defaultAlias(owner);
    const known = await findAlias(records.db, home, name);
    if (known !== undefined) return (await findKey(records.db, known.key_id))!;
    const now = clock();
    const { key, material } = await newKey(home, {
      manager: "AWS",
      description: `Default key that protects data of ${owner} when no other key is defined`,
      policy: serviceKeyPolicy(home, owner),
      tags: {},
      rotationDays: serviceRotationDays,
      rotatesAt: now + serviceRotationDays * dayMs,
    });
    return inTurn(records, `kms-default:${home.account}:${home.region}`, async (db) => {
      // Another process may have been first.
      const row = { ...home, name, key_id: key.id, created_at: now, updated_at: now };
      if ((await insertAlias(db, row)) === "exists") {
        return (await findKey(db, (await findAlias(db, home, name))!.key_id))!;
      }
      await insertKey(db, key);
      await insertMaterial(db, material);
      return key;
    });
  }

  async function newKey(
    home: Home,
    about: Pick<Key, "manager" | "description" | "policy" | "tags" | "rotationDays" | "rotatesAt">,
  ): Promise<{ key: Key; material: KmsMaterialRow }> {
    const id = uuid(random);
    const arn = buildKeyArn({ ...home, id });
    const key: Key = {
      id,
      arn,
      ...home,
      createdAt: clock(),
      state: "Enabled",
      material: 0,
      deletesAt: undefined,
      ...about,
    };
    return { key, material: await materials.make(id, 0, "FIRST") };
  }

  async function usable(home: Home, reference: string): Promise<Key> {
    const key = await find(home, reference);
    if (key === undefined) throw notFound(home, reference);
    refuseUnusable(key);
    return key;
  }

  async function seal(key: Key, plaintext: Uint8Array, context: EncryptionContext) {
    refuseUnusable(key);
    const material = await materials.find(key, key.material);
    // Destroyed since the key was looked up.
    if (material === undefined) throw goneKey(key.arn);
    const header = { keyId: key.id, material: key.material };
    const sealed = sealBytes(material.key, plaintext, bindingOf(header, context), random);
    return { blob: buildBlob({ ...header, sealed }), materialId: material.id };
  }

  async function open(key: Key, blob: Uint8Array, context: EncryptionContext) {
    refuseUnusable(key);
    const parsed = parseBlob(blob);
    const material = parsed?.keyId === key.id ? await materials.find(key, parsed.material) : undefined;
    if (parsed === undefined || material === undefined) throw invalidCiphertext();
    const plaintext = await openSealed(material.key, parsed.sealed, bindingOf(parsed, context));
    if (plaintext === undefined) throw invalidCiphertext();
    return { plaintext, materialId: material.id };
  }

  async function keyOf(blob: Uint8Array): Promise<Key | undefined> {
    const parsed = parseBlob(blob);
    return parsed && findKey(records.db, parsed.keyId);
  }

  async function rotate(id: string, made: KmsMaterialRow["made"], check: (key: Key) => void = () => {}) {
    // The number is given in turn; what is wrapped is not bound to it.
    const material = await materials.make(id, 0, made);
    const rotated = await inTurn(records, turnOf(id), async (db) => {
      const key = await findKey(db, id);
      if (key === undefined) return undefined;
      check(key);
      const number = key.material + 1;
      await insertMaterial(db, { ...material, number });
      return changeKey(db, id, ({ rotationDays }) => ({
        material: number,
        ...(made === "AUTOMATIC" && { rotatesAt: clock() + rotationDays! * dayMs }),
      }));
    });
    if (rotated !== undefined) states.forget(rotated.arn);
    return rotated;
  }

  async function destroy(id: string): Promise<void> {
    const destroyed = await inTurn(records, turnOf(id), async (db) => {
      const key = await findKey(db, id);
      if (key?.deletesAt === undefined || clock() < key.deletesAt) return undefined;
      await destroyMaterials(db, id);
      await forgetKey(db, id);
      return key;
    });
    if (destroyed !== undefined) {
      states.forget(destroyed.arn);
      await scrub(records);
    }
    materials.forget(id);
  }

  return {
    find,
    defaultKey,
    seal,
    open,
    keyOf,
    rotate,

    async create(home, about) {
      const never = { rotationDays: undefined, rotatesAt: undefined };
      const { key, material } = await newKey(home, { manager: "CUSTOMER", ...about, ...never });
      await records.transaction(async (db) => {
        await insertKey(db, key);
        await insertMaterial(db, material);
      });
      return key;
    },

    async change(id, change) {
      const changed = await inTurn(records, turnOf(id), (db) => changeKey(db, id, change));
      if (changed !== undefined) states.forget(changed.arn);
      return changed;
    },

    async generateDataKey(home, reference, context, bytes): Promise<DataKey> {
      const key = await usable(home, reference);
      const plaintext = random(bytes);
      const { blob } = await seal(key, plaintext, context);
      return { plaintext, blob, keyArn: key.arn };
    },

    async encrypt(home, reference, plaintext, context) {
      const key = await usable(home, reference);
      const { blob } = await seal(key, plaintext, context);
      return { blob, keyArn: key.arn };
    },

    async decrypt(blob, context) {
      const key = await keyOf(blob);
      if (key === undefined) throw invalidCiphertext();
      const { plaintext } = await open(key, blob, context);
      return { plaintext, keyArn: key.arn };
    },

    async check(keyArn) {
      const { id } = { id: undefined, ...parseKeyReference(keyArn) };
      const key = await states.get(keyArn, async () => (id === undefined ? undefined : findKey(records.db, id)));
      if (key?.arn !== keyArn) throw goneKey(keyArn);
      refuseUnusable(key);
    },

    async sweep(signal) {
      for (const id of await listKeysToDestroy(records.db, clock(), sweepPage)) {
        if (signal?.aborted) return;
        await destroy(id);
      }
      for (const id of await listKeysToRotate(records.db, clock(), sweepPage)) {
        if (signal?.aborted) return;
        await rotate(id, "AUTOMATIC", refuseEarlyRotation).catch((error: unknown) => {
          if (error !== early) throw error;
        });
      }
    },
  };

  function refuseEarlyRotation({ rotatesAt, state }: Key): void {
    if (rotatesAt === undefined || clock() < rotatesAt || state !== "Enabled") throw early;
  }
}

const owners: readonly KeyOwner[] = ["kinesisvideo", "s3", "elastictranscoder"];

/** Another process was first. */
const early = new Error("the key needs no rotation any more");

function defaultAlias(owner: KeyOwner): string {
  return `alias/aws/${owner}`;
}

function turnOf(id: string): string {
  return `kms:${id}`;
}

function ofHome(home: Home, key: Key | undefined): Key | undefined {
  return key?.account === home.account && key.region === home.region ? key : undefined;
}

/** @throws KeyFailure */
function refuseUnusable({ arn, state }: Key): void {
  if (state === "Disabled") throw new KeyFailure("Disabled", arn, `${arn} is disabled.`);
  if (state === "PendingDeletion") throw new KeyFailure("KMSInvalidState", arn, `${arn} is pending deletion.`);
}

function goneKey(arn: string): KeyFailure {
  return new KeyFailure("NotFound", arn, `Key '${arn}' does not exist`);
}

function invalidCiphertext(): KeyFailure {
  return new KeyFailure("InvalidCiphertext", "", "The ciphertext is not one that this key and context have made.");
}

function notFound({ account, region }: Home, reference: string): KeyFailure {
  const parsed = parseKeyReference(reference);
  if (parsed === undefined) return new KeyFailure("NotFound", reference, `Invalid keyId '${reference}'`);
  const arn = `arn:aws:kms:${region}:${account}`;
  const message =
    "alias" in parsed
      ? `Alias ${arn}:${parsed.alias} is not found.`
      : `Key '${parsed.home === undefined ? `${arn}:key/${reference}` : reference}' does not exist`;
  return new KeyFailure("NotFound", reference, message);
}
