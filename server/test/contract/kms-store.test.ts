/** The store of KMS keys, held to the same behaviour on both engines. */
import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { systemRandom } from "../../src/base/random.ts";
import { accountKeyPolicy } from "../../src/storage/keys/default-key-policies.ts";
import type { KeyFailure } from "../../src/storage/keys/key-store.ts";
import { masterKeyWrapper } from "../../src/storage/keys/key-wrapper.ts";
import { type KmsStore, openKmsStore } from "../../src/storage/keys/kms-store.ts";
import { findAlias, insertAlias } from "../../src/storage/records/kms-aliases.ts";
import { listMaterials } from "../../src/storage/records/kms-materials.ts";
import type { Records } from "../../src/storage/records/records.ts";
import { openSqliteRecords } from "../../src/storage/records/sqlite.ts";
import { openTemporaryPostgres, postgresMissing } from "../support/postgres.ts";

const engines: Record<string, (folder: string) => Promise<{ records: Records; close(): Promise<void> }>> = {
  async sqlite(folder) {
    const records = await openSqliteRecords({ path: join(folder, "millrace.db") });
    return { records, close: () => records.close() };
  },
  postgres: () => openTemporaryPostgres(),
};

const day = 86_400_000;
const home = { account: "123456789012", region: "us-east-1" };
const about = { description: "", policy: accountKeyPolicy(home.account), tags: {} };
const secret = Buffer.from("thirty-two bytes of a secret key");
const failure = (problem: KeyFailure["problem"]) => ({ name: "KeyFailure", problem });

for (const [engine, openRecords] of Object.entries(engines)) {
  describe(`KMS keys on ${engine}`, { skip: engine === "postgres" && postgresMissing }, () => {
    let folder: string;
    let opened: Awaited<ReturnType<typeof openRecords>>;
    let records: Records;
    let now = Date.UTC(2026, 0, 1);
    let one: KmsStore;
    let other: KmsStore;
    const master = systemRandom(32);
    const open = (wrapper = masterKeyWrapper(master, systemRandom)) =>
      openKmsStore({ records, wrapper, clock: () => now, random: systemRandom });

    before(async () => {
      folder = await mkdtemp(join(tmpdir(), "millrace-kms-"));
      opened = await openRecords(folder);
      records = opened.records;
      one = open();
      other = open();
    });
    after(async () => {
      await opened.close();
      await rm(folder, { recursive: true });
    });

    /** How many of these lie in the files of the rows. */
    async function countOnDisk(needles: readonly Buffer[]): Promise<number> {
      const files = await readdir(folder);
      const texts = await Promise.all(files.map((name) => readFile(join(folder, name))));
      return needles.filter((needle) => texts.some((text) => text.includes(needle))).length;
    }

    test("what one process encrypts, another one decrypts, under the same context in any order", async () => {
      const key = await one.create(home, about);
      const { blob, keyArn } = await one.encrypt(home, key.id, secret, { a: "1", b: "2" });
      assert.equal(keyArn, key.arn);
      const decrypted = await other.decrypt(blob, { b: "2", a: "1" });
      assert.deepEqual([Buffer.from(decrypted.plaintext), decrypted.keyArn], [secret, key.arn]);
      const dataKey = await other.generateDataKey(home, key.arn, {}, 32);
      assert.equal(dataKey.plaintext.length, 32);
      assert.deepEqual(new Uint8Array((await one.decrypt(dataKey.blob, {})).plaintext), dataKey.plaintext);
      assert.equal(Buffer.from(blob).indexOf(secret), -1);
    });

    test("a blob with any bit changed, any part missing, or anything added, is refused in one way", async () => {
      const key = await one.create(home, about);
      const { blob } = await one.encrypt(home, key.id, secret, { a: "1" });
      for (let bit = 0; bit < 8 * blob.length; bit++) {
        const changed = blob.slice();
        changed[bit >> 3]! ^= 1 << (bit & 7);
        await assert.rejects(one.decrypt(changed, { a: "1" }), failure("InvalidCiphertext"), `bit ${bit}`);
      }
      for (let size = 0; size < blob.length; size++) {
        await assert.rejects(one.decrypt(blob.subarray(0, size), { a: "1" }), failure("InvalidCiphertext"), `${size}`);
      }
      await assert.rejects(one.decrypt(Buffer.concat([blob, secret]), { a: "1" }), failure("InvalidCiphertext"));
      const foreign = await one.create(home, about);
      await assert.rejects(one.open(foreign, blob, { a: "1" }), failure("InvalidCiphertext"));
    });

    test("only the very same context opens a blob", async () => {
      const key = await one.create(home, about);
      const contexts: Record<string, string>[] = [
        {},
        { a: "bc" },
        { ab: "c" },
        { A: "bc" },
        { a: "bc", d: "" },
        { a: "", bc: "" },
        { a: 'bc"],["d","' },
        { a: "b", c: "d" },
        { a: "d", c: "b" },
        { "": "abc" },
        { abc: "" },
        { a: "\u00e9" },
        { a: "e\u0301" },
      ];
      const blobs = await Promise.all(contexts.map((context) => one.encrypt(home, key.id, secret, context)));
      for (const [made, { blob }] of blobs.entries()) {
        for (const [asked, context] of contexts.entries()) {
          const opening = one.decrypt(blob, context);
          if (made === asked) assert.deepEqual(Buffer.from((await opening).plaintext), secret);
          else await assert.rejects(opening, failure("InvalidCiphertext"), `${made} by ${asked}`);
        }
      }
    });

    test("finds keys by id, ARN, alias and an alias's ARN, of their own account and region only", async () => {
      const key = await one.create(home, { ...about, description: "mine", tags: { site: "north" } });
      const times = { created_at: now, updated_at: now };
      await insertAlias(records.db, { ...home, name: "alias/a/b_c-1", key_id: key.id, ...times });
      const aliasArn = "arn:aws:kms:us-east-1:123456789012:alias/a/b_c-1";
      for (const reference of [key.id, key.arn, "alias/a/b_c-1", aliasArn]) {
        assert.deepEqual(await one.find(home, reference), key, reference);
        for (const elsewhere of [
          { ...home, account: "210987654321" },
          { ...home, region: "eu-west-1" },
        ]) {
          assert.equal(await one.find(elsewhere, reference), undefined, reference);
        }
      }
      const wrong = ["", "alias/", "alias/no", "x", key.id.toUpperCase(), `${key.id}\n`, `${key.arn}/x`, "arn:aws:kms"];
      for (const reference of wrong) {
        assert.equal(await one.find(home, reference), undefined, reference);
        await assert.rejects(one.encrypt(home, reference, secret, {}), failure("NotFound"));
      }
    });

    test("a service's key is made once, when it is first asked for, by whatever name", async () => {
      const made = await Promise.all([
        one.defaultKey(home, "s3"),
        other.defaultKey(home, "s3"),
        one.find(home, "alias/aws/s3"),
        other.find(home, "arn:aws:kms:us-east-1:123456789012:alias/aws/s3"),
      ]);
      assert.equal(new Set(made.map((key) => key!.id)).size, 1);
      assert.deepEqual([made[0].manager, made[0].state, made[0].rotationDays], ["AWS", "Enabled", 365]);
      const elsewhere = await one.defaultKey({ ...home, region: "eu-west-1" }, "s3");
      assert.notEqual(elsewhere.id, made[0].id);
      assert.equal((await findAlias(records.db, home, "alias/aws/s3"))!.key_id, made[0].id);
      assert.equal(await one.find(home, "alias/aws/lambda"), undefined);
    });

    test("a disabled key is of no use at once in the process that disabled it, within half a second in others", async () => {
      const key = await one.create(home, about);
      const { blob } = await one.encrypt(home, key.id, secret, {});
      await one.check(key.arn);
      await other.check(key.arn);
      await one.change(key.id, () => ({ state: "Disabled" }));
      await assert.rejects(one.check(key.arn), failure("Disabled"));
      for (const store of [one, other]) {
        await assert.rejects(store.decrypt(blob, {}), failure("Disabled"));
        await assert.rejects(store.encrypt(home, key.id, secret, {}), failure("Disabled"));
        await assert.rejects(store.generateDataKey(home, key.id, {}, 16), failure("Disabled"));
      }
      // Its state is told before anything about the blob.
      const tampered = blob.with(-1, blob.at(-1)! ^ 1);
      await assert.rejects(one.decrypt(tampered, { a: "b" }), failure("Disabled"));
      now += 499;
      await other.check(key.arn);
      now += 1;
      await assert.rejects(other.check(key.arn), failure("Disabled"));
      await one.change(key.id, () => ({ state: "Enabled" }));
      await one.check(key.arn);
      await one.decrypt(blob, {});
      await assert.rejects(one.check(`${key.arn.slice(0, -1)}g`), failure("NotFound"));
      await assert.rejects(one.check(key.arn.replace("us-east-1", "eu-west-1")), failure("NotFound"));
    });

    test("rotation encrypts with new bytes and decrypts with the old", async () => {
      const key = await one.create(home, about);
      const blobs = [await one.encrypt(home, key.id, secret, {})];
      await one.decrypt(blobs[0]!.blob, {});
      await Promise.all([one.rotate(key.id, "ON_DEMAND"), other.rotate(key.id, "ON_DEMAND")]);
      blobs.push(await one.encrypt(home, key.id, secret, {}));
      const materials = await listMaterials(records.db, key.id, { limit: 10 });
      assert.deepEqual(
        materials.map(({ number }) => number),
        [0, 1, 2],
      );
      assert.equal(new Set(materials.map(({ id }) => id)).size, 3);
      const rotated = (await one.find(home, key.id))!;
      const opened = await Promise.all(blobs.map(({ blob }) => other.open(rotated, blob, {})));
      assert.deepEqual(
        opened.map(({ materialId }) => materialId),
        [materials[0]!.id, materials[2]!.id],
      );
      for (const { plaintext } of opened) assert.deepEqual(Buffer.from(plaintext), secret);
    });

    test("a key whose period is over is rotated once, by whichever process sees it first", async () => {
      const key = await one.create(home, about);
      await one.change(key.id, () => ({ rotationDays: 90, rotatesAt: now + 90 * day }));
      const material = async () => (await one.find(home, key.id))!.material;
      now += 90 * day - 1;
      await one.sweep();
      assert.equal(await material(), 0);
      now += 1;
      await one.change(key.id, () => ({ state: "Disabled" }));
      await one.sweep();
      assert.equal(await material(), 0, "a disabled key waits");
      await one.change(key.id, () => ({ state: "Enabled" }));
      await Promise.all([one.sweep(), other.sweep()]);
      assert.equal(await material(), 1);
      assert.equal((await one.find(home, key.id))!.rotatesAt, now + 90 * day);
    });

    test("on its last day a key is destroyed: nothing that it made is ever read again", async () => {
      const key = await one.create(home, about);
      await one.rotate(key.id, "ON_DEMAND");
      const { blob } = await one.encrypt(home, key.id, secret, {});
      await other.decrypt(blob, {});
      const leaving = { state: "PendingDeletion", deletesAt: now + 7 * day } as const;
      await one.change(key.id, () => leaving);
      await assert.rejects(one.decrypt(blob, {}), failure("KMSInvalidState"));
      await assert.rejects(one.check(key.arn), failure("KMSInvalidState"));
      now += 7 * day - 1;
      await one.sweep();
      assert.equal((await one.find(home, key.id))!.state, "PendingDeletion");
      now += 1;
      const wrapped = (await listMaterials(records.db, key.id, { limit: 10 })).map((row) => Buffer.from(row.wrapped));
      assert.equal(wrapped.length, 2);
      if (engine === "sqlite") assert.ok(0 < (await countOnDisk(wrapped)));
      await Promise.all([one.sweep(), other.sweep()]);
      assert.equal(await one.find(home, key.id), undefined);
      assert.deepEqual(await listMaterials(records.db, key.id, { limit: 10 }), []);
      if (engine === "sqlite") assert.equal(await countOnDisk(wrapped), 0);
      for (const store of [one, other, open()]) {
        await assert.rejects(store.decrypt(blob, {}), failure("InvalidCiphertext"));
        await assert.rejects(store.check(key.arn), failure("NotFound"));
      }
    });

    test("materials lie wrapped, and another master key cannot use them", async () => {
      const key = await one.create(home, about);
      const { blob } = await one.encrypt(home, key.id, secret, {});
      const stranger = open(masterKeyWrapper(systemRandom(32), systemRandom));
      await assert.rejects(stranger.decrypt(blob, {}), failure("KeyUnavailable"));
      // Bytes that were moved to another key open nothing there.
      const [row] = await listMaterials(records.db, key.id, { limit: 1 });
      const target = await one.create(home, about);
      await records.db
        .updateTable("kms_materials")
        .set({ wrapped: row!.wrapped })
        .where("key_id", "=", target.id)
        .execute();
      await assert.rejects(open().encrypt(home, target.id, secret, {}), /a wrapped key is damaged/);
    });
  });
}
