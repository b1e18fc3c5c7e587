/** KMS by the AWS SDK: what each operation does, and what it says when it does not. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { KMS, ListKeysResponse } from "@aws-sdk/client-kms";
import { account, region } from "../support/identities.ts";
import { startKms } from "./kms-server.ts";

const day = 86_400_000;
const secret = Buffer.from("thirty-two bytes of a secret key");
const named = (name: string) => ({ name });

async function newKey(kms: KMS): Promise<string> {
  return (await kms.createKey({})).KeyMetadata!.KeyId!;
}

test("keys are made, described by each of their names, and listed page by page", async (t) => {
  const kms = (await startKms(t)).kms();
  const { KeyMetadata } = await kms.createKey({ Description: "films", Tags: [{ TagKey: "site", TagValue: "north" }] });
  const { KeyId, Arn, CreationDate, CurrentKeyMaterialId, ...rest } = KeyMetadata!;
  assert.match(KeyId!, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/);
  assert.equal(Arn, `arn:aws:kms:${region}:${account}:key/${KeyId}`);
  assert.ok(Math.abs(CreationDate!.getTime() - Date.now()) < 60_000);
  assert.match(CurrentKeyMaterialId!, /^[0-9a-f]{64}$/);
  assert.deepEqual(rest, {
    AWSAccountId: account,
    Enabled: true,
    Description: "films",
    KeyUsage: "ENCRYPT_DECRYPT",
    KeyState: "Enabled",
    Origin: "AWS_KMS",
    KeyManager: "CUSTOMER",
    CustomerMasterKeySpec: "SYMMETRIC_DEFAULT",
    KeySpec: "SYMMETRIC_DEFAULT",
    EncryptionAlgorithms: ["SYMMETRIC_DEFAULT"],
    MultiRegion: false,
  });
  await kms.createAlias({ AliasName: "alias/films/1", TargetKeyId: KeyId! });
  const aliasArn = `arn:aws:kms:${region}:${account}:alias/films/1`;
  for (const reference of [KeyId!, Arn!, "alias/films/1", aliasArn]) {
    assert.deepEqual((await kms.describeKey({ KeyId: reference })).KeyMetadata, KeyMetadata, reference);
  }
  await kms.updateKeyDescription({ KeyId: KeyId!, Description: "" });
  assert.equal((await kms.describeKey({ KeyId: KeyId! })).KeyMetadata!.Description, "");

  const made = [KeyId!, await newKey(kms), await newKey(kms)].sort();
  const listed: string[] = [];
  let Marker: string | undefined;
  do {
    const page: ListKeysResponse = await kms.listKeys({ Limit: 2, ...(Marker && { Marker }) });
    listed.push(...page.Keys!.map((key) => key.KeyId!));
    assert.equal(page.Truncated, page.NextMarker !== undefined);
    Marker = page.NextMarker;
  } while (Marker !== undefined);
  assert.deepEqual(listed, made);
  await assert.rejects(kms.listKeys({ Marker: "nonsense" }), named("InvalidMarkerException"));
  await assert.rejects(kms.listKeys({ Limit: 1001 }), named("ValidationException"));
});

test("a key that is not there is named in the answer, by whatever name it was asked for", async (t) => {
  const kms = (await startKms(t)).kms();
  const id = "00000000-0000-4000-8000-000000000000";
  const cases: [keyId: string, code: string, message: RegExp][] = [
    [id, "NotFoundException", /^Key 'arn:aws:kms:us-east-1:123456789012:key\/0{8}-/],
    [`arn:aws:kms:${region}:${account}:key/${id}`, "NotFoundException", /does not exist/],
    ["alias/none", "NotFoundException", /^Alias arn:aws:kms:us-east-1:123456789012:alias\/none is not found\.$/],
    [`arn:aws:kms:eu-west-1:${account}:key/${id}`, "NotFoundException", /does not exist/],
    ["none", "NotFoundException", /^Invalid keyId 'none'$/],
    ["mrk-0123456789abcdef0123456789abcdef", "NotFoundException", /^Invalid keyId/],
    ["arn:aws:s3:::bucket", "InvalidArnException", /^Invalid arn/],
    ["arn:aws:kms:", "InvalidArnException", /^Invalid arn/],
  ];
  for (const [KeyId, name, message] of cases) {
    await assert.rejects(kms.encrypt({ KeyId, Plaintext: secret }), { name, message }, KeyId);
  }
  // Who manages keys names them themselves.
  await kms.createAlias({ AliasName: "alias/a", TargetKeyId: await newKey(kms) });
  await assert.rejects(kms.disableKey({ KeyId: "alias/a" }), named("NotFoundException"));
});

test("only symmetric keys of one region are made, and other kinds are refused by name", async (t) => {
  const kms = (await startKms(t)).kms();
  const refused = { name: "UnsupportedOperationException" };
  await assert.rejects(kms.createKey({ KeySpec: "RSA_2048", KeyUsage: "SIGN_VERIFY" }), refused);
  await assert.rejects(kms.createKey({ KeySpec: "HMAC_256", KeyUsage: "GENERATE_VERIFY_MAC" }), refused);
  await assert.rejects(kms.createKey({ CustomerMasterKeySpec: "ECC_NIST_P256" }), refused);
  await assert.rejects(kms.createKey({ MultiRegion: true }), refused);
  await assert.rejects(kms.createKey({ Origin: "EXTERNAL" }), refused);
  await assert.rejects(kms.createKey({ KeySpec: "RSA_1" as never }), named("ValidationException"));
  await assert.rejects(
    kms.sign({ KeyId: "x", Message: secret, SigningAlgorithm: "RSASSA_PSS_SHA_256" }),
    /symmetric keys/,
  );
});

test("encrypts, decrypts and re-encrypts under a context, and says of a wrong blob only that it is wrong", async (t) => {
  const kms = (await startKms(t)).kms();
  const [KeyId, other] = [await newKey(kms), await newKey(kms)];
  const { KeyMetadata } = await kms.describeKey({ KeyId });
  const EncryptionContext = { stream: "cam", ключ: "значение" };
  const encrypted = await kms.encrypt({ KeyId, Plaintext: secret, EncryptionContext });
  assert.deepEqual([encrypted.KeyId, encrypted.EncryptionAlgorithm], [KeyMetadata!.Arn, "SYMMETRIC_DEFAULT"]);
  const { CiphertextBlob } = encrypted;
  const again = (await kms.encrypt({ KeyId, Plaintext: secret, EncryptionContext })).CiphertextBlob;
  assert.notDeepEqual(again, CiphertextBlob);

  const decrypted = await kms.decrypt({ CiphertextBlob, EncryptionContext });
  assert.deepEqual(Buffer.from(decrypted.Plaintext!), secret);
  assert.deepEqual([decrypted.KeyId, decrypted.KeyMaterialId], [KeyMetadata!.Arn, KeyMetadata!.CurrentKeyMaterialId]);
  await kms.decrypt({ CiphertextBlob, EncryptionContext, KeyId });
  await assert.rejects(
    kms.decrypt({ CiphertextBlob, EncryptionContext, KeyId: other }),
    named("IncorrectKeyException"),
  );

  const wrong: [Uint8Array, Record<string, string>][] = [
    [CiphertextBlob!, {}],
    [CiphertextBlob!, { stream: "cam" }],
    [CiphertextBlob!, { ...EncryptionContext, more: "" }],
    [CiphertextBlob!.with(-1, CiphertextBlob!.at(-1)! ^ 1), EncryptionContext],
    [CiphertextBlob!.with(5, CiphertextBlob![5]! ^ 1), EncryptionContext],
    [secret, EncryptionContext],
    [new Uint8Array(6144), EncryptionContext],
  ];
  const messages = new Set<string>();
  for (const [blob, context] of wrong) {
    await assert.rejects(kms.decrypt({ CiphertextBlob: blob, EncryptionContext: context }), (error: Error) => {
      messages.add(error.message);
      return error.name === "InvalidCiphertextException";
    });
  }
  assert.equal(messages.size, 1);

  const moved = await kms.reEncrypt({
    CiphertextBlob,
    SourceEncryptionContext: EncryptionContext,
    DestinationKeyId: other,
    DestinationEncryptionContext: { to: "other" },
  });
  assert.match(moved.SourceKeyId!, new RegExp(`${KeyId}$`));
  assert.match(moved.KeyId!, new RegExp(`${other}$`));
  const opened = await kms.decrypt({ CiphertextBlob: moved.CiphertextBlob, EncryptionContext: { to: "other" } });
  assert.deepEqual(Buffer.from(opened.Plaintext!), secret);
  await assert.rejects(kms.reEncrypt({ CiphertextBlob, DestinationKeyId: other }), named("InvalidCiphertextException"));
  await kms.encrypt({ KeyId, Plaintext: new Uint8Array(4096) });
  await assert.rejects(kms.encrypt({ KeyId, Plaintext: new Uint8Array(4097) }), named("ValidationException"));
  await assert.rejects(kms.encrypt({ KeyId, Plaintext: secret, DryRun: true }), named("DryRunOperationException"));
});

test("gives data keys of the sizes that are asked for, and random bytes", async (t) => {
  const kms = (await startKms(t)).kms();
  const KeyId = await newKey(kms);
  for (const [size, asked] of [
    [32, { KeySpec: "AES_256" }],
    [16, { KeySpec: "AES_128" }],
    [1, { NumberOfBytes: 1 }],
    [1024, { NumberOfBytes: 1024 }],
  ] as const) {
    const { Plaintext, CiphertextBlob } = await kms.generateDataKey({ KeyId, ...asked });
    assert.equal(Plaintext!.length, size);
    assert.deepEqual((await kms.decrypt({ CiphertextBlob })).Plaintext, Plaintext);
    const { CiphertextBlob: wrapped, ...without } = await kms.generateDataKeyWithoutPlaintext({ KeyId, ...asked });
    assert.ok(!("Plaintext" in without));
    assert.equal((await kms.decrypt({ CiphertextBlob: wrapped })).Plaintext!.length, size);
    assert.equal((await kms.generateRandom({ NumberOfBytes: size })).Plaintext!.length, size);
  }
  await assert.rejects(kms.generateDataKey({ KeyId }), named("ValidationException"));
  const both = { KeySpec: "AES_256", NumberOfBytes: 32 } as const;
  await assert.rejects(kms.generateDataKey({ KeyId, ...both }), named("ValidationException"));
  await assert.rejects(kms.generateRandom({ NumberOfBytes: 1025 }), named("ValidationException"));
});

test("names move from key to key, and those of services are nobody's", async (t) => {
  const kms = (await startKms(t)).kms();
  const [one, other] = [await newKey(kms), await newKey(kms)];
  await kms.createAlias({ AliasName: "alias/b", TargetKeyId: one });
  await kms.createAlias({ AliasName: "alias/a", TargetKeyId: one });
  await assert.rejects(kms.createAlias({ AliasName: "alias/a", TargetKeyId: other }), named("AlreadyExistsException"));
  const { CiphertextBlob } = await kms.encrypt({ KeyId: "alias/a", Plaintext: secret });
  await kms.updateAlias({ AliasName: "alias/a", TargetKeyId: other });
  assert.match((await kms.encrypt({ KeyId: "alias/a", Plaintext: secret })).KeyId!, new RegExp(`${other}$`));
  assert.match((await kms.decrypt({ CiphertextBlob })).KeyId!, new RegExp(`${one}$`));
  const names = async (KeyId?: string) =>
    (await kms.listAliases(KeyId === undefined ? {} : { KeyId })).Aliases!.map(({ AliasName }) => AliasName);
  assert.deepEqual(await names(), ["alias/a", "alias/b"]);
  assert.deepEqual(await names(one), ["alias/b"]);
  await kms.deleteAlias({ AliasName: "alias/a" });
  await assert.rejects(kms.deleteAlias({ AliasName: "alias/a" }), named("NotFoundException"));
  await assert.rejects(kms.updateAlias({ AliasName: "alias/a", TargetKeyId: one }), named("NotFoundException"));
  for (const AliasName of ["alias/aws/s3", "alias/aws/x", "b", "alias/x:y"]) {
    await assert.rejects(kms.createAlias({ AliasName, TargetKeyId: one }), named("InvalidAliasNameException"));
  }
});

test("a service's own key is there when it is asked for, and nobody changes or uses it past the service", async (t) => {
  const server = await startKms(t);
  const kms = server.kms();
  const { KeyMetadata } = await kms.describeKey({ KeyId: "alias/aws/kinesisvideo" });
  assert.deepEqual([KeyMetadata!.KeyManager, KeyMetadata!.KeyState], ["AWS", "Enabled"]);
  const KeyId = KeyMetadata!.KeyId!;
  assert.equal((await kms.getKeyRotationStatus({ KeyId })).KeyRotationEnabled, true);
  const Policy = (await kms.getKeyPolicy({ KeyId })).Policy!;
  assert.match(Policy, /kinesisvideo\.us-east-1\.amazonaws\.com/);
  const refused = { name: "AccessDeniedException" };
  await assert.rejects(kms.disableKey({ KeyId }), refused);
  await assert.rejects(kms.scheduleKeyDeletion({ KeyId }), refused);
  await assert.rejects(kms.putKeyPolicy({ KeyId, Policy }), refused);
  await assert.rejects(kms.disableKeyRotation({ KeyId }), refused);
  await assert.rejects(kms.createAlias({ AliasName: "alias/mine", TargetKeyId: KeyId }), refused);
  await assert.rejects(kms.updateAlias({ AliasName: "alias/aws/kinesisvideo", TargetKeyId: KeyId }), refused);
  await assert.rejects(kms.deleteAlias({ AliasName: "alias/aws/kinesisvideo" }), refused);
  await assert.rejects(kms.encrypt({ KeyId, Plaintext: secret }), refused);
});

test("what may be done with a key goes by its state", async (t) => {
  const kms = (await startKms(t)).kms();
  const KeyId = await newKey(kms);
  await kms.createAlias({ AliasName: "alias/k", TargetKeyId: KeyId });
  const { Arn } = (await kms.describeKey({ KeyId })).KeyMetadata!;
  const { CiphertextBlob } = await kms.encrypt({ KeyId, Plaintext: secret });
  const grantee = `arn:aws:iam::${account}:user/somebody`;
  const operations: Record<string, () => Promise<unknown>> = {
    encrypt: () => kms.encrypt({ KeyId, Plaintext: secret }),
    decrypt: () => kms.decrypt({ CiphertextBlob }),
    generateDataKey: () => kms.generateDataKey({ KeyId, KeySpec: "AES_256" }),
    reEncrypt: () => kms.reEncrypt({ CiphertextBlob, DestinationKeyId: KeyId }),
    describe: () => kms.describeKey({ KeyId }),
    getPolicy: () => kms.getKeyPolicy({ KeyId }),
    listTags: () => kms.listResourceTags({ KeyId }),
    rotationStatus: () => kms.getKeyRotationStatus({ KeyId }),
    listRotations: () => kms.listKeyRotations({ KeyId }),
    listGrants: () => kms.listGrants({ KeyId }),
    tag: () => kms.tagResource({ KeyId, Tags: [{ TagKey: "a", TagValue: "b" }] }),
    untag: () => kms.untagResource({ KeyId, TagKeys: ["a"] }),
    updateDescription: () => kms.updateKeyDescription({ KeyId, Description: "d" }),
    updateAlias: () => kms.updateAlias({ AliasName: "alias/k", TargetKeyId: KeyId }),
    createGrant: () => kms.createGrant({ KeyId, GranteePrincipal: grantee, Operations: ["Encrypt"] }),
    enableRotation: () => kms.enableKeyRotation({ KeyId }),
    disableRotation: () => kms.disableKeyRotation({ KeyId }),
    rotate: () => kms.rotateKeyOnDemand({ KeyId }),
  };
  const outcomes = async () => {
    const found: Record<string, string> = {};
    for (const [name, operation] of Object.entries(operations)) {
      found[name] = await operation().then(
        () => "done",
        ({ name, message }: Error) => `${name}: ${message}`,
      );
    }
    return found;
  };
  const only = (of: readonly string[], outcome: string) =>
    Object.fromEntries(Object.keys(operations).map((name) => [name, of.includes(name) ? outcome : "done"]));
  assert.deepEqual(await outcomes(), only([], ""));

  await kms.disableKey({ KeyId });
  assert.equal((await kms.describeKey({ KeyId })).KeyMetadata!.Enabled, false);
  const crypto = ["encrypt", "decrypt", "generateDataKey", "reEncrypt"];
  const rotation = ["enableRotation", "disableRotation", "rotate"];
  const whileDisabled = [...crypto, ...rotation, "createGrant"];
  assert.deepEqual(await outcomes(), only(whileDisabled, `DisabledException: ${Arn} is disabled.`));
  await kms.enableKey({ KeyId });
  assert.deepEqual(await outcomes(), only([], ""));

  const scheduled = await kms.scheduleKeyDeletion({ KeyId, PendingWindowInDays: 7 });
  assert.deepEqual([scheduled.KeyId, scheduled.KeyState, scheduled.PendingWindowInDays], [Arn, "PendingDeletion", 7]);
  assert.ok(Math.abs(scheduled.DeletionDate!.getTime() - Date.now() - 7 * day) < 60_000);
  const whilePending = [...whileDisabled, "tag", "untag", "updateDescription", "updateAlias"];
  const pending = `KMSInvalidStateException: ${Arn} is pending deletion.`;
  assert.deepEqual(await outcomes(), only(whilePending, pending));
  for (const operation of [
    kms.enableKey({ KeyId }),
    kms.disableKey({ KeyId }),
    kms.scheduleKeyDeletion({ KeyId }),
    kms.createAlias({ AliasName: "alias/more", TargetKeyId: KeyId }),
  ]) {
    await assert.rejects(operation, named("KMSInvalidStateException"));
  }
  assert.equal((await kms.cancelKeyDeletion({ KeyId })).KeyId, Arn);
  assert.equal((await kms.describeKey({ KeyId })).KeyMetadata!.KeyState, "Disabled");
  await assert.rejects(kms.cancelKeyDeletion({ KeyId }), named("KMSInvalidStateException"));
  for (const days of [6, 31]) {
    await assert.rejects(kms.scheduleKeyDeletion({ KeyId, PendingWindowInDays: days }), named("ValidationException"));
  }
});

test("on its last day a key and all that hangs on it is gone", async (t) => {
  const server = await startKms(t);
  const kms = server.kms();
  const KeyId = await newKey(kms);
  await kms.createAlias({ AliasName: "alias/k", TargetKeyId: KeyId });
  const { CiphertextBlob } = await kms.encrypt({ KeyId, Plaintext: secret });
  await kms.scheduleKeyDeletion({ KeyId, PendingWindowInDays: 7 });
  server.pass(7 * day - 60_000);
  await server.keys.sweep();
  await kms.describeKey({ KeyId });
  server.pass(60_000);
  await server.keys.sweep();
  await assert.rejects(kms.describeKey({ KeyId }), named("NotFoundException"));
  await assert.rejects(kms.decrypt({ CiphertextBlob }), named("InvalidCiphertextException"));
  await kms.createAlias({ AliasName: "alias/k", TargetKeyId: await newKey(kms) });
});

test("keys rotate by themselves after their period and on demand, and what was encrypted before stays readable", async (t) => {
  const server = await startKms(t);
  const kms = server.kms();
  const KeyId = await newKey(kms);
  const { Arn, CurrentKeyMaterialId: first } = (await kms.describeKey({ KeyId })).KeyMetadata!;
  const blobs = [(await kms.encrypt({ KeyId, Plaintext: secret })).CiphertextBlob!];
  assert.deepEqual((await kms.getKeyRotationStatus({ KeyId })).KeyRotationEnabled, false);
  await kms.enableKeyRotation({ KeyId, RotationPeriodInDays: 90 });
  const status = await kms.getKeyRotationStatus({ KeyId });
  assert.deepEqual([status.KeyId, status.KeyRotationEnabled, status.RotationPeriodInDays], [Arn, true, 90]);
  assert.ok(Math.abs(status.NextRotationDate!.getTime() - Date.now() - 90 * day) < 60_000);
  server.pass(90 * day);
  await server.keys.sweep();
  blobs.push((await kms.encrypt({ KeyId, Plaintext: secret })).CiphertextBlob!);
  await kms.rotateKeyOnDemand({ KeyId });
  blobs.push((await kms.encrypt({ KeyId, Plaintext: secret })).CiphertextBlob!);

  const used = await Promise.all(
    blobs.map(async (CiphertextBlob) => {
      const { Plaintext, KeyMaterialId } = await kms.decrypt({ CiphertextBlob });
      assert.deepEqual(Buffer.from(Plaintext!), secret);
      return KeyMaterialId;
    }),
  );
  const { Rotations } = await kms.listKeyRotations({ KeyId });
  assert.deepEqual(
    Rotations!.map(({ RotationType, KeyMaterialState }) => [RotationType, KeyMaterialState]),
    [
      ["AUTOMATIC", "NON_CURRENT"],
      ["ON_DEMAND", "CURRENT"],
    ],
  );
  const all = await kms.listKeyRotations({ KeyId, IncludeKeyMaterial: "ALL_KEY_MATERIAL" });
  assert.deepEqual(
    all.Rotations!.map(({ KeyMaterialId }) => KeyMaterialId),
    used,
  );
  assert.equal(used[0], first);
  const page = await kms.listKeyRotations({ KeyId, Limit: 1 });
  const next = await kms.listKeyRotations({ KeyId, Limit: 1, Marker: page.NextMarker! });
  assert.deepEqual([page.Rotations![0], next.Rotations![0]], Rotations);
  await kms.disableKeyRotation({ KeyId });
  assert.equal((await kms.getKeyRotationStatus({ KeyId })).KeyRotationEnabled, false);
  for (const days of [89, 2561]) {
    await assert.rejects(kms.enableKeyRotation({ KeyId, RotationPeriodInDays: days }), named("ValidationException"));
  }
  for (let count = 2; count <= 25; count++) await kms.rotateKeyOnDemand({ KeyId });
  await assert.rejects(kms.rotateKeyOnDemand({ KeyId }), named("LimitExceededException"));
});

test("keys carry tags, page by page, but none of AWS's", async (t) => {
  const kms = (await startKms(t)).kms();
  const KeyId = await newKey(kms);
  const tag = (TagKey: string, TagValue = "v") => ({ TagKey, TagValue });
  await kms.tagResource({ KeyId, Tags: [tag("b"), tag("a"), tag("é")] });
  await kms.tagResource({ KeyId, Tags: [tag("b", "new")] });
  const first = await kms.listResourceTags({ KeyId, Limit: 2 });
  const rest = await kms.listResourceTags({ KeyId, Limit: 2, Marker: first.NextMarker! });
  assert.deepEqual([...first.Tags!, ...rest.Tags!], [tag("a"), tag("b", "new"), tag("é")]);
  assert.deepEqual([first.Truncated, rest.Truncated], [true, false]);
  await kms.untagResource({ KeyId, TagKeys: ["a", "none"] });
  assert.equal((await kms.listResourceTags({ KeyId })).Tags!.length, 2);
  await assert.rejects(kms.tagResource({ KeyId, Tags: [tag("aws:x")] }), named("TagException"));
  await assert.rejects(kms.tagResource({ KeyId, Tags: [tag("x"), tag("x")] }), named("TagException"));
  const many = Array.from({ length: 49 }, (_, index) => tag(`t${index}`));
  await assert.rejects(kms.tagResource({ KeyId, Tags: many }), named("TagException"));
});
