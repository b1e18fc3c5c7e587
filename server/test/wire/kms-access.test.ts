/** Who may use and manage keys: key policies, the account's own policies, grants, conditions. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { KMS } from "@aws-sdk/client-kms";
import { AssumeRoleCommand } from "@aws-sdk/client-sts";
import { evaluate } from "../../src/policy/evaluate.ts";
import { parsePolicy } from "../../src/policy/parse-policy.ts";
import { keyAuthorization } from "../../src/services/kms/key-authorization.ts";
import { kmsOperations } from "../../src/services/kms/service.ts";
import { account, region } from "../support/identities.ts";
import { type KmsServer, startKms } from "./kms-server.ts";

const secret = Buffer.from("thirty-two bytes of a secret key");
const denied = { name: "AccessDeniedException" };
const allow = (Action: string | string[], Resource: string | string[] = "*", more = {}) => ({
  Effect: "Allow",
  Action,
  Resource,
  ...more,
});
const deny = (Action: string, Resource = "*", more = {}) => ({ Effect: "Deny", Action, Resource, ...more });
const rootOf = (id: string) => `arn:aws:iam::${id}:root`;
const accountStatement = allow("kms:*", "*", { Principal: { AWS: rootOf(account) } });
const policyOf = (...Statement: object[]) => JSON.stringify({ Version: "2012-10-17", Statement });

async function newKey(kms: KMS, Policy?: string) {
  const { KeyId, Arn } = (await kms.createKey(Policy === undefined ? {} : { Policy })).KeyMetadata!;
  return { KeyId: KeyId!, Arn: Arn! };
}

const stranger = "210987654321";

/** Somebody of another account, with this policy. */
async function newStranger(server: KmsServer, policy: object) {
  const name = "stranger";
  const { keys, ...user } = await server.user(name, [policy], { account: stranger });
  await server.records.db
    .updateTable("access_keys")
    .set({ account: stranger })
    .where("id", "=", keys.accessKeyId)
    .execute();
  server.access.forget();
  return { arn: user.arn, kms: server.kms(keys) };
}

/** Every operation on a key, as somebody asks for it. */
function calls(kms: KMS, KeyId: string, CiphertextBlob: Uint8Array): Record<string, () => Promise<unknown>> {
  const GranteePrincipal = `arn:aws:iam::${account}:user/x`;
  return {
    CancelKeyDeletion: () => kms.cancelKeyDeletion({ KeyId }),
    CreateAlias: () => kms.createAlias({ AliasName: "alias/new", TargetKeyId: KeyId }),
    CreateGrant: () => kms.createGrant({ KeyId, GranteePrincipal, Operations: ["Encrypt"] }),
    CreateKey: () => kms.createKey({}),
    Decrypt: () => kms.decrypt({ CiphertextBlob }),
    DeleteAlias: () => kms.deleteAlias({ AliasName: "alias/key" }),
    DescribeKey: () => kms.describeKey({ KeyId }),
    DisableKey: () => kms.disableKey({ KeyId }),
    DisableKeyRotation: () => kms.disableKeyRotation({ KeyId }),
    EnableKey: () => kms.enableKey({ KeyId }),
    EnableKeyRotation: () => kms.enableKeyRotation({ KeyId }),
    Encrypt: () => kms.encrypt({ KeyId, Plaintext: secret }),
    GenerateDataKey: () => kms.generateDataKey({ KeyId, KeySpec: "AES_256" }),
    GenerateDataKeyWithoutPlaintext: () => kms.generateDataKeyWithoutPlaintext({ KeyId, KeySpec: "AES_256" }),
    GenerateRandom: () => kms.generateRandom({ NumberOfBytes: 1 }),
    GetKeyPolicy: () => kms.getKeyPolicy({ KeyId }),
    GetKeyRotationStatus: () => kms.getKeyRotationStatus({ KeyId }),
    ListAliases: () => kms.listAliases({}),
    ListGrants: () => kms.listGrants({ KeyId }),
    ListKeyPolicies: () => kms.listKeyPolicies({ KeyId }),
    ListKeyRotations: () => kms.listKeyRotations({ KeyId }),
    ListKeys: () => kms.listKeys({}),
    ListResourceTags: () => kms.listResourceTags({ KeyId }),
    ListRetirableGrants: () => kms.listRetirableGrants({ RetiringPrincipal: GranteePrincipal }),
    PutKeyPolicy: () => kms.putKeyPolicy({ KeyId, Policy: policyOf(accountStatement) }),
    ReEncrypt: () => kms.reEncrypt({ CiphertextBlob, DestinationKeyId: KeyId }),
    RetireGrant: () => kms.retireGrant({ KeyId, GrantId: "none" }),
    RevokeGrant: () => kms.revokeGrant({ KeyId, GrantId: "none" }),
    RotateKeyOnDemand: () => kms.rotateKeyOnDemand({ KeyId }),
    ScheduleKeyDeletion: () => kms.scheduleKeyDeletion({ KeyId }),
    TagResource: () => kms.tagResource({ KeyId, Tags: [{ TagKey: "a", TagValue: "b" }] }),
    UntagResource: () => kms.untagResource({ KeyId, TagKeys: ["a"] }),
    UpdateAlias: () => kms.updateAlias({ AliasName: "alias/key", TargetKeyId: KeyId }),
    UpdateKeyDescription: () => kms.updateKeyDescription({ KeyId, Description: "" }),
  };
}

test("each operation is denied, by name, to who has no right to it, and done for who has that one alone", async (t) => {
  const server = await startKms(t);
  const root = server.kms();
  const { KeyId } = await newKey(root);
  await root.createAlias({ AliasName: "alias/key", TargetKeyId: KeyId });
  const { CiphertextBlob } = await root.encrypt({ KeyId, Plaintext: secret });
  const nobody = server.kms((await server.user("nobody")).keys);
  const names = Object.keys(calls(root, KeyId, CiphertextBlob!));
  assert.deepEqual(names, Object.keys(kmsOperations).sort());
  for (const name of names) {
    const actions = name === "ReEncrypt" ? ["kms:ReEncryptFrom", "kms:ReEncryptTo"] : [`kms:${name}`];
    await assert.rejects(calls(nobody, KeyId, CiphertextBlob!)[name]!(), (error: Error) => {
      assert.equal(error.name, "AccessDeniedException", name);
      assert.match(error.message, new RegExp(`/nobody is not authorized to perform: ${actions[0]} on resource: `));
      return true;
    });
    const { keys } = await server.user(`may-${name}`, [allow(actions)]);
    // Allowed is what comes to the key itself, whatever that says.
    const outcome = await calls(server.kms(keys), KeyId, CiphertextBlob!)[name]!().catch(({ name }: Error) => name);
    assert.notEqual(outcome, "AccessDeniedException", name);
    if (name === "ScheduleKeyDeletion") await root.cancelKeyDeletion({ KeyId });
    await root.enableKey({ KeyId });
    if (name === "DeleteAlias") await root.createAlias({ AliasName: "alias/key", TargetKeyId: KeyId });
  }
});

test("who has no rights learns nothing of what there is", async (t) => {
  const server = await startKms(t);
  const { KeyId } = await newKey(server.kms());
  const nobody = server.kms((await server.user("nobody")).keys);
  for (const reference of [KeyId, "00000000-0000-4000-8000-000000000000", "alias/none", "none", "arn:aws:s3:::b"]) {
    await assert.rejects(nobody.describeKey({ KeyId: reference }), denied, reference);
    await assert.rejects(nobody.decrypt({ CiphertextBlob: secret, KeyId: reference }), denied, reference);
  }
  await assert.rejects(nobody.decrypt({ CiphertextBlob: secret }), denied);
});

test("a key policy decides, or leaves it to the account; the root has no right that it does not give", async (t) => {
  const server = await startKms(t);
  const root = server.kms();
  const { arn, keys } = await server.user("alice");
  const bob = server.kms((await server.user("bob", [allow("kms:*")])).keys);
  const alice = server.kms(keys);
  const manage = allow(["kms:PutKeyPolicy", "kms:DescribeKey"], "*", { Principal: { AWS: rootOf(account) } });
  const use = allow("kms:Encrypt", "*", { Principal: { AWS: arn } });
  const { KeyId } = await newKey(root, policyOf(manage, use));
  await alice.encrypt({ KeyId, Plaintext: secret });
  await assert.rejects(alice.describeKey({ KeyId }), denied);
  // His own policy says yes, the key's does not.
  await assert.rejects(
    bob.encrypt({ KeyId, Plaintext: secret }),
    /no resource-based policy allows the kms:Encrypt action/,
  );
  await assert.rejects(root.encrypt({ KeyId, Plaintext: secret }), denied);
  await bob.describeKey({ KeyId });

  await root.putKeyPolicy({ KeyId, Policy: policyOf(manage, use, deny("kms:Encrypt", "*", { Principal: "*" })) });
  await assert.rejects(alice.encrypt({ KeyId, Plaintext: secret }), /explicit deny in a resource-based policy/);
});

test("a key policy must be well-formed and must not lock out who gives it, unless they insist", async (t) => {
  const server = await startKms(t);
  const root = server.kms();
  const { KeyId } = await newKey(root);
  const malformed = { name: "MalformedPolicyDocumentException" };
  const onlyAlice = policyOf(allow("kms:*", "*", { Principal: { AWS: (await server.user("alice")).arn } }));
  for (const Policy of [
    "{",
    "{}",
    policyOf(allow("kms:*")),
    policyOf({ Effect: "Allow", Principal: "*", Action: "kms:*" }),
    policyOf(accountStatement).replace("Allow", "allow"),
    `${policyOf(accountStatement)}${" ".repeat(32_768)}`,
    onlyAlice,
  ]) {
    await assert.rejects(root.putKeyPolicy({ KeyId, Policy }), malformed, Policy.slice(0, 200));
    await assert.rejects(root.createKey({ Policy }), malformed, Policy.slice(0, 200));
  }
  await assert.rejects(root.putKeyPolicy({ KeyId, Policy: onlyAlice }), /will not allow you to update the key policy/);
  assert.equal(JSON.parse((await root.getKeyPolicy({ KeyId })).Policy!).Id, "key-default-1");
  await root.putKeyPolicy({ KeyId, Policy: onlyAlice, BypassPolicyLockoutSafetyCheck: true });
  await assert.rejects(root.describeKey({ KeyId }), denied);
  const policyName = { PolicyName: "other" };
  const { KeyId: plain } = await newKey(root);
  await assert.rejects(root.getKeyPolicy({ KeyId: plain, ...policyName }), { name: "NotFoundException" });
  assert.deepEqual((await root.listKeyPolicies({ KeyId: plain })).PolicyNames, ["default"]);
});

test("conditions see the encryption context, the alias, tags and the account", async (t) => {
  const server = await startKms(t);
  const root = server.kms();
  const { KeyId } = await newKey(root);
  await root.createAlias({ AliasName: "alias/app/one", TargetKeyId: KeyId });
  await root.tagResource({ KeyId, Tags: [{ TagKey: "Project", TagValue: "films" }] });
  const EncryptionContext = { Stream: "cam", site: "north" };
  const { CiphertextBlob } = await root.encrypt({ KeyId, Plaintext: secret, EncryptionContext });
  let made = 0;
  const may = async (Condition: object, use: (kms: KMS) => Promise<unknown>) => {
    made += 1;
    const { keys } = await server.user(`user${made}`, [allow("kms:*", "*", { Condition })]);
    return use(server.kms(keys)).then(
      () => true,
      (error: Error) => {
        assert.equal(error.name, "AccessDeniedException", error.message);
        return false;
      },
    );
  };
  const decrypting = (kms: KMS) => kms.decrypt({ CiphertextBlob, EncryptionContext });
  const encryptingBy = (reference: string) => (kms: KMS) => kms.encrypt({ KeyId: reference, Plaintext: secret });
  const cases: [condition: object, use: (kms: KMS) => Promise<unknown>, allowed: boolean][] = [
    [{ StringEquals: { "kms:EncryptionContext:Stream": "cam" } }, decrypting, true],
    [{ StringEquals: { "kms:EncryptionContext:Stream": "Cam" } }, decrypting, false],
    [{ StringEquals: { "kms:EncryptionContext:none": "cam" } }, decrypting, false],
    [{ "ForAllValues:StringEquals": { "kms:EncryptionContextKeys": ["Stream", "site"] } }, decrypting, true],
    [{ "ForAllValues:StringEquals": { "kms:EncryptionContextKeys": ["site"] } }, decrypting, false],
    [{ StringEquals: { "kms:CallerAccount": account } }, decrypting, true],
    [{ StringEquals: { "kms:ViaService": `s3.${region}.amazonaws.com` } }, decrypting, false],
    [{ StringEquals: { "kms:KeySpec": "SYMMETRIC_DEFAULT" } }, decrypting, true],
    [{ StringEquals: { "aws:ResourceTag/Project": "films" } }, decrypting, true],
    [{ StringEquals: { "aws:ResourceTag/Project": "songs" } }, decrypting, false],
    [{ StringEquals: { "kms:RequestAlias": "alias/app/one" } }, encryptingBy("alias/app/one"), true],
    [{ StringEquals: { "kms:RequestAlias": "alias/app/one" } }, encryptingBy(KeyId), false],
    [{ "ForAnyValue:StringLike": { "kms:ResourceAliases": "alias/app/*" } }, encryptingBy(KeyId), true],
    [{ "ForAnyValue:StringLike": { "kms:ResourceAliases": "alias/x/*" } }, encryptingBy(KeyId), false],
  ];
  for (const [condition, use, allowed] of cases) {
    assert.equal(await may(condition, use), allowed, JSON.stringify(condition));
  }
});

test("a grant lets its grantee do what policies do not, within its constraints, until it is revoked", async (t) => {
  const server = await startKms(t);
  const root = server.kms();
  const { KeyId, Arn } = await newKey(root);
  const user = await server.user("alice");
  const alice = server.kms(user.keys);
  const asked = {
    KeyId,
    GranteePrincipal: user.arn,
    Operations: ["Encrypt", "Decrypt", "GenerateDataKey"] as const,
    Constraints: { EncryptionContextSubset: { stream: "cam" } },
    Name: "cameras",
  };
  const { GrantId, GrantToken } = await root.createGrant({ ...asked, Operations: [...asked.Operations] });
  const again = await root.createGrant({ ...asked, Operations: [...asked.Operations] });
  assert.equal(again.GrantId, GrantId, "the same name and content");
  const EncryptionContext = { stream: "cam", more: "x" };
  const { CiphertextBlob } = await alice.encrypt({ KeyId, Plaintext: secret, EncryptionContext });
  await alice.decrypt({ CiphertextBlob, EncryptionContext, GrantTokens: [GrantToken!] });
  await assert.rejects(alice.encrypt({ KeyId, Plaintext: secret }), denied);
  await assert.rejects(alice.encrypt({ KeyId, Plaintext: secret, EncryptionContext: { stream: "x" } }), denied);
  await assert.rejects(alice.generateDataKeyWithoutPlaintext({ KeyId, KeySpec: "AES_256", EncryptionContext }), denied);
  const bad = { CiphertextBlob, EncryptionContext, GrantTokens: ["bm9uZQ=="] };
  await assert.rejects(alice.decrypt(bad), { name: "InvalidGrantTokenException" });
  const other = server.kms((await server.user("bob")).keys);
  await assert.rejects(other.decrypt({ ...bad, GrantTokens: [GrantToken!] }), denied, "a token is no right");

  const { Grants } = await root.listGrants({ KeyId });
  const { CreationDate, ...shown } = Grants![0]!;
  assert.deepEqual(shown, {
    KeyId: Arn,
    GrantId,
    Name: "cameras",
    GranteePrincipal: user.arn,
    IssuingAccount: rootOf(account),
    Operations: [...asked.Operations],
    Constraints: asked.Constraints,
  });
  assert.equal((await root.listGrants({ KeyId, GranteePrincipal: rootOf(account) })).Grants!.length, 0);
  await root.revokeGrant({ KeyId, GrantId: GrantId! });
  await assert.rejects(alice.decrypt({ CiphertextBlob, EncryptionContext }), denied);
  await assert.rejects(root.revokeGrant({ KeyId, GrantId: GrantId! }), { name: "NotFoundException" });
});

test("what is denied stays denied, whatever is granted", async (t) => {
  const server = await startKms(t);
  const root = server.kms();
  const { KeyId } = await newKey(root);
  const { arn, keys } = await server.user("alice", [deny("kms:Decrypt")]);
  await root.createGrant({ KeyId, GranteePrincipal: arn, Operations: ["Encrypt", "Decrypt"] });
  const alice = server.kms(keys);
  const { CiphertextBlob } = await alice.encrypt({ KeyId, Plaintext: secret });
  await assert.rejects(alice.decrypt({ CiphertextBlob }), /explicit deny in an identity-based policy/);
});

test("a grant is given on only within what it gives, and retired by those whom it names for it", async (t) => {
  const server = await startKms(t);
  const root = server.kms();
  const { KeyId } = await newKey(root);
  const [alice, bob] = [await server.user("alice"), await server.user("bob")];
  const EncryptionContextEquals = { stream: "cam" };
  const first = await root.createGrant({
    KeyId,
    GranteePrincipal: alice.arn,
    RetiringPrincipal: bob.arn,
    Operations: ["CreateGrant", "Encrypt", "RetireGrant"],
    Constraints: { EncryptionContextEquals },
  });
  const pass = (Operations: ("Encrypt" | "Decrypt")[], Constraints?: object) =>
    server.kms(alice.keys).createGrant({
      KeyId,
      GranteePrincipal: bob.arn,
      Operations,
      ...(Constraints && { Constraints }),
    });
  const second = await pass(["Encrypt"], { EncryptionContextEquals });
  await assert.rejects(pass(["Encrypt"]), denied);
  await assert.rejects(pass(["Decrypt"], { EncryptionContextEquals }), denied);
  await assert.rejects(pass(["Encrypt"], { EncryptionContextSubset: EncryptionContextEquals }), denied);
  await server.kms(bob.keys).encrypt({ KeyId, Plaintext: secret, EncryptionContext: EncryptionContextEquals });

  // Her grant lets her retire itself, not the other one.
  await assert.rejects(server.kms(alice.keys).retireGrant({ GrantToken: second.GrantToken! }), denied);
  const retirable = await root.listRetirableGrants({ RetiringPrincipal: bob.arn });
  assert.deepEqual(
    retirable.Grants!.map(({ GrantId }) => GrantId),
    [first.GrantId],
  );
  await server.kms(bob.keys).retireGrant({ GrantToken: first.GrantToken! });
  await root.retireGrant({ KeyId, GrantId: second.GrantId! });
  assert.deepEqual((await root.listGrants({ KeyId })).Grants, []);
  await assert.rejects(root.retireGrant({ GrantToken: "x" }), { name: "InvalidGrantTokenException" });
  const third = { KeyId, GranteePrincipal: alice.arn, Operations: ["RetireGrant"] as ["RetireGrant"] };
  await server.kms(alice.keys).retireGrant({ GrantToken: (await root.createGrant(third)).GrantToken! });
});

test("a grant to a role holds for its sessions", async (t) => {
  const server = await startKms(t);
  const root = server.kms();
  const { KeyId } = await newKey(root);
  const role = await server.role("camera", { AWS: rootOf(account) });
  const user = await server.user("alice", [allow("sts:AssumeRole")]);
  const { Credentials } = await server
    .sts(user.keys)
    .send(new AssumeRoleCommand({ RoleArn: role.arn, RoleSessionName: "one" }));
  const session = server.kms({
    accessKeyId: Credentials!.AccessKeyId!,
    secretAccessKey: Credentials!.SecretAccessKey!,
    sessionToken: Credentials!.SessionToken!,
  });
  await assert.rejects(session.encrypt({ KeyId, Plaintext: secret }), denied);
  await root.createGrant({ KeyId, GranteePrincipal: role.arn, Operations: ["Encrypt"] });
  await session.encrypt({ KeyId, Plaintext: secret });
});

test("grants of other kinds, and to no principal, are refused", async (t) => {
  const server = await startKms(t);
  const root = server.kms();
  const { KeyId } = await newKey(root);
  const GranteePrincipal = `arn:aws:iam::${account}:user/x`;
  const refused: [asked: object, code: string][] = [
    [{ Operations: ["Sign"] }, "ValidationException"],
    [{ GranteePrincipal: "alice" }, "InvalidArnException"],
    [{ RetiringPrincipal: "arn:aws:s3:::bucket" }, "InvalidArnException"],
    [{ GranteePrincipal: undefined }, "ValidationException"],
    [{ GranteeServicePrincipal: "s3.amazonaws.com" }, "UnsupportedOperationException"],
    [{ Name: "no blanks here" }, "ValidationException"],
    [{ DryRun: true }, "DryRunOperationException"],
  ];
  for (const [asked, name] of refused) {
    const grant = { KeyId, GranteePrincipal, Operations: ["Encrypt" as const], ...asked };
    await assert.rejects(root.createGrant(grant), { name }, JSON.stringify(asked));
  }
});

test("a service's default key is used through the service alone, by whoever of the account", async (t) => {
  const server: KmsServer = await startKms(t);
  const key = await server.keys.defaultKey({ account, region }, "s3");
  const decide = (accountId: string, use: Parameters<typeof keyAuthorization>[2], action = "GenerateDataKey") => {
    const { context = {}, resourcePolicy, resource, accountId: owner } = keyAuthorization(key, action, use);
    const { document, mustAllow, source } = resourcePolicy!;
    return evaluate({
      principal: { type: "user", arn: `arn:aws:iam::${accountId}:user/x`, id: "AIDAX", accountId },
      action: `kms:${action}`,
      resource,
      resourceAccountId: owner!,
      context,
      identity: [],
      resourcePolicy: { source, policy: parsePolicy(document, "key"), ...(mustAllow && { mustAllow }) },
    }).allowed;
  };
  assert.equal(decide(account, { context: {}, viaService: "s3" }), true);
  assert.equal(decide(account, { context: {}, viaService: "kinesisvideo" }), false);
  assert.equal(decide(account, { context: {} }), false);
  assert.equal(decide(account, { viaService: "s3" }, "PutKeyPolicy"), false);
  assert.equal(decide("210987654321", { viaService: "s3", callerAccount: "210987654321" }), false);
});

test("a key is used by another account where its own policy and theirs say so, and managed by its own alone", async (t) => {
  const server = await startKms(t);
  const root = server.kms();
  const { KeyId, Arn } = await newKey(root);
  await root.createAlias({ AliasName: "alias/k", TargetKeyId: KeyId });
  const { arn, kms } = await newStranger(server, allow("kms:*"));
  const encrypting = (reference: string) => kms.encrypt({ KeyId: reference, Plaintext: secret });
  await assert.rejects(encrypting(Arn), /stranger is not authorized to perform: kms:Encrypt/);
  await assert.rejects(encrypting(Arn.replace(/.{12}$/, "000000000000")), denied, "a key that is not there");
  const shared = allow("kms:*", "*", { Principal: { AWS: rootOf(stranger) } });
  await root.putKeyPolicy({ KeyId, Policy: policyOf(accountStatement, shared) });
  const { CiphertextBlob } = await encrypting(Arn);
  await encrypting(Arn.replace(`key/${KeyId}`, "alias/k"));
  await kms.decrypt({ CiphertextBlob });
  await kms.describeKey({ KeyId: Arn });
  // By an id alone it is a key of their own account, which has none such.
  await assert.rejects(encrypting(KeyId), { name: "NotFoundException" });
  await assert.rejects(kms.disableKey({ KeyId: Arn }), /NotFoundException|AccessDenied/);
  await assert.rejects(kms.scheduleKeyDeletion({ KeyId: Arn }), /NotFoundException|AccessDenied/);
  assert.deepEqual((await kms.listKeys({})).Keys, []);
  assert.match(arn, new RegExp(stranger));
});
