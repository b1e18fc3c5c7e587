/**
 * IAM through the JS SDK: users, groups, roles, policies, keys, tags, boundaries, OpenID Connect providers.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ensureDefaultRole } from "../../src/services/iam/default-role.ts";
import { findAccessKey } from "../../src/storage/records/access-keys.ts";
import { account } from "../support/identities.ts";
import { allow, deny, named, policyOf, startIam, trustOf } from "./iam-server.ts";

const arnOf = (rest: string) => `arn:aws:iam::${account}:${rest}`;
const decoded = (document: string | undefined) => JSON.parse(decodeURIComponent(document!));

test("users are made, found without case, listed in pages by path, moved and deleted", async (t) => {
  const iam = (await startIam(t)).iam();
  const { User } = await iam.createUser({ UserName: "Alice", Path: "/team/a/", Tags: [{ Key: "Team", Value: "a" }] });
  assert.match(User!.UserId!, /^AIDA[A-Z0-9]{17}$/);
  assert.equal(User!.Arn, arnOf("user/team/a/Alice"));
  assert.deepEqual(User!.Tags, [{ Key: "Team", Value: "a" }]);
  await assert.rejects(
    iam.createUser({ UserName: "ALICE" }),
    named("EntityAlreadyExists", "User with name ALICE already exists.", 409),
  );
  assert.deepEqual((await iam.getUser({ UserName: "alice" })).User, User);

  for (const name of ["bob", "carol", "dave", "Eve"]) await iam.createUser({ UserName: name, Path: "/team/b/" });
  const first = await iam.listUsers({ PathPrefix: "/team/", MaxItems: 2 });
  assert.deepEqual([first.Users!.map(({ UserName }) => UserName), first.IsTruncated], [["Alice", "bob"], true]);
  const second = await iam.listUsers({ PathPrefix: "/team/", MaxItems: 3, Marker: first.Marker });
  assert.deepEqual(
    [second.Users!.map(({ UserName }) => UserName), second.IsTruncated, second.Marker],
    [["carol", "dave", "Eve"], false, undefined],
  );
  assert.equal((await iam.listUsers({ PathPrefix: "/team/a/" })).Users!.length, 1);
  assert.equal(first.Users![0]!.Tags, undefined, "lists leave out tags");

  await assert.rejects(
    iam.updateUser({ UserName: "bob", NewUserName: "CAROL" }),
    named("EntityAlreadyExists", /CAROL/, 409),
  );
  await iam.updateUser({ UserName: "Alice", NewUserName: "alicia", NewPath: "/" });
  const moved = (await iam.getUser({ UserName: "alicia" })).User!;
  assert.deepEqual([moved.Arn, moved.UserId, moved.Tags], [arnOf("user/alicia"), User!.UserId, User!.Tags]);
  await iam.deleteUser({ UserName: "alicia" });
  await assert.rejects(
    iam.getUser({ UserName: "alicia" }),
    named("NoSuchEntity", "The user with name alicia cannot be found.", 404),
  );
});

test("without a name, calls are about who asks; root is told about root", async (t) => {
  const server = await startIam(t);
  const user = await server.user("self", [
    allow(["iam:GetUser", "iam:*AccessKey*"], `arn:aws:iam::*:user/\${aws:username}`),
  ]);
  const iam = server.iam(user.keys);
  assert.equal((await iam.getUser({})).User!.UserName, "self");
  assert.deepEqual(
    (await iam.listAccessKeys({})).AccessKeyMetadata!.map((key) => key.AccessKeyId),
    [user.keys.accessKeyId],
  );
  const second = (await iam.createAccessKey({})).AccessKey!;
  assert.equal(second.UserName, "self");
  await server.user("other");
  await assert.rejects(
    iam.getUser({ UserName: "other" }),
    named(
      "AccessDenied",
      `User: ${arnOf("user/self")} is not authorized to perform: iam:GetUser on resource: ${arnOf("user/other")} because no identity-based policy allows the iam:GetUser action`,
      403,
    ),
  );
  const root = (await server.iam().getUser({})).User!;
  assert.deepEqual([root.Arn, root.UserId, root.UserName], [arnOf("root"), account, undefined]);
  await assert.rejects(server.iam().createAccessKey({}), named("ValidationError", /Must specify userName/, 400));
});

test("access keys work at once, at most two of them, rest when inactive, and die when deleted", async (t) => {
  const server = await startIam(t);
  const iam = server.iam();
  await iam.createUser({ UserName: "bot" });
  const made = (await iam.createAccessKey({ UserName: "bot" })).AccessKey!;
  assert.match(made.AccessKeyId!, /^AKIA[A-Z2-7]{16}$/);
  assert.equal(made.SecretAccessKey!.length, 40);
  assert.equal(made.Status, "Active");
  const row = await findAccessKey(server.records.db, made.AccessKeyId!);
  assert.ok(!row!.secret.includes(made.SecretAccessKey!), "the secret is sealed");
  const who = () =>
    server.sts({ accessKeyId: made.AccessKeyId!, secretAccessKey: made.SecretAccessKey! }).getCallerIdentity({});
  assert.equal((await who()).Arn, arnOf("user/bot"));

  await iam.createAccessKey({ UserName: "bot" });
  await assert.rejects(
    iam.createAccessKey({ UserName: "bot" }),
    named("LimitExceeded", "Cannot exceed quota for AccessKeysPerUser: 2", 409),
  );
  await iam.updateAccessKey({ UserName: "bot", AccessKeyId: made.AccessKeyId!, Status: "Inactive" });
  await assert.rejects(who(), /security token|not exist|invalid/i);
  const { AccessKeyMetadata } = await iam.listAccessKeys({ UserName: "bot" });
  assert.deepEqual(AccessKeyMetadata!.map(({ Status }) => Status).toSorted(), ["Active", "Inactive"]);
  await iam.updateAccessKey({ UserName: "bot", AccessKeyId: made.AccessKeyId!, Status: "Active" });
  assert.equal((await who()).Arn, arnOf("user/bot"));
  const { UserName, AccessKeyLastUsed } = await iam.getAccessKeyLastUsed({ AccessKeyId: made.AccessKeyId! });
  assert.equal(UserName, "bot");
  assert.ok(["sts", "N/A"].includes(AccessKeyLastUsed!.ServiceName!));
  await iam.updateUser({ UserName: "bot", NewUserName: "robot" });
  assert.equal((await who()).Arn, arnOf("user/robot"), "keys stay with who is renamed");
  await assert.rejects(
    iam.deleteUser({ UserName: "robot" }),
    named("DeleteConflict", "Cannot delete entity, must delete access keys first.", 409),
  );
  await iam.deleteAccessKey({ UserName: "robot", AccessKeyId: made.AccessKeyId! });
  await assert.rejects(who());
  await assert.rejects(
    iam.deleteAccessKey({ UserName: "robot", AccessKeyId: made.AccessKeyId! }),
    named("NoSuchEntity", `The Access Key with id ${made.AccessKeyId} cannot be found.`, 404),
  );
});

test("groups hand their policies to their members, at once", async (t) => {
  const server = await startIam(t);
  const iam = server.iam();
  const user = await server.user("carol");
  const list = () => server.iam(user.keys).listGroups({});
  await assert.rejects(list(), named("AccessDenied", /iam:ListGroups on resource: \* because/, 403));
  const { Group } = await iam.createGroup({ GroupName: "viewers", Path: "/g/" });
  assert.match(Group!.GroupId!, /^AGPA/);
  await iam.putGroupPolicy({ GroupName: "viewers", PolicyName: "p", PolicyDocument: policyOf(allow("iam:List*")) });
  await iam.addUserToGroup({ GroupName: "viewers", UserName: "carol" });
  await iam.addUserToGroup({ GroupName: "viewers", UserName: "carol" });
  assert.deepEqual((await list()).Groups, [Group]);
  assert.deepEqual((await iam.listGroupsForUser({ UserName: "carol" })).Groups, [Group]);
  const { Users } = await iam.getGroup({ GroupName: "VIEWERS" });
  assert.deepEqual(
    Users!.map(({ UserName }) => UserName),
    ["carol"],
  );
  await assert.rejects(iam.deleteGroup({ GroupName: "viewers" }), named("DeleteConflict", /must remove users/, 409));
  await assert.rejects(iam.deleteUser({ UserName: "carol" }), named("DeleteConflict", /access keys first/, 409));
  await iam.removeUserFromGroup({ GroupName: "viewers", UserName: "carol" });
  await assert.rejects(list(), named("AccessDenied", /no identity-based policy/, 403));
  await assert.rejects(
    iam.removeUserFromGroup({ GroupName: "viewers", UserName: "carol" }),
    named("NoSuchEntity", /not in group/, 404),
  );
  await assert.rejects(
    iam.deleteGroup({ GroupName: "viewers" }),
    named("DeleteConflict", /must delete policies first/, 409),
  );
  await iam.deleteGroupPolicy({ GroupName: "viewers", PolicyName: "P" });
  await iam.updateGroup({ GroupName: "viewers", NewGroupName: "watchers" });
  await iam.deleteGroup({ GroupName: "watchers" });
  for (let i = 0; i < 11; i += 1) await iam.createGroup({ GroupName: `g${i}` });
  for (let i = 0; i < 10; i += 1) await iam.addUserToGroup({ GroupName: `g${i}`, UserName: "carol" });
  await assert.rejects(
    iam.addUserToGroup({ GroupName: "g10", UserName: "carol" }),
    named("LimitExceeded", "Cannot exceed quota for GroupsPerUser: 10", 409),
  );
  assert.equal((await iam.listGroupsForUser({ UserName: "carol" })).Groups!.length, 10, "what was refused is undone");
});

test("inline policies: percent-encoded in answers, counted without blanks, refused when they are malformed", async (t) => {
  const iam = (await startIam(t)).iam();
  await iam.createUser({ UserName: "u" });
  const odd = `{\n "Version":"2012-10-17",\n "Statement":{"Sid":"a","Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::b/it's (1)!*é"}}`;
  await iam.putUserPolicy({ UserName: "u", PolicyName: "Odd", PolicyDocument: odd });
  const got = await iam.getUserPolicy({ UserName: "u", PolicyName: "odd" });
  assert.deepEqual([got.UserName, got.PolicyName], ["u", "Odd"]);
  assert.match(got.PolicyDocument!, /^[\w.~%-]+$/);
  assert.equal(decodeURIComponent(got.PolicyDocument!), odd);

  const sized = (characters: number) => {
    const empty = policyOf(allow("s3:*", "arn:aws:s3:::"));
    return policyOf(allow("s3:*", `arn:aws:s3:::${"x".repeat(characters - empty.length)}`));
  };
  await iam.deleteUserPolicy({ UserName: "u", PolicyName: "Odd" });
  await iam.putUserPolicy({ UserName: "u", PolicyName: "half", PolicyDocument: sized(1024) });
  const blanks = " ".repeat(5000);
  await iam.putUserPolicy({ UserName: "u", PolicyName: "rest", PolicyDocument: blanks + sized(1024) });
  await assert.rejects(
    iam.putUserPolicy({ UserName: "u", PolicyName: "rest", PolicyDocument: sized(1025) }),
    named("LimitExceeded", "Maximum policy size of 2048 bytes exceeded for user u", 409),
  );
  assert.deepEqual((await iam.listUserPolicies({ UserName: "u" })).PolicyNames, ["half", "rest"]);
  const page = await iam.listUserPolicies({ UserName: "u", MaxItems: 1 });
  assert.deepEqual([page.PolicyNames, page.IsTruncated], [["half"], true]);
  assert.deepEqual((await iam.listUserPolicies({ UserName: "u", Marker: page.Marker })).PolicyNames, ["rest"]);
  const malformed = [
    "{}",
    "[]",
    "nothing",
    policyOf({ Effect: "Allow", Action: "s3:*" }),
    policyOf({ ...allow("s3:*"), Principal: "*" }),
    policyOf({ ...allow("s3:*"), Colour: "red" }),
    `{"Version":"2012-10-17","Statement":[],"Statement":[${JSON.stringify(allow("*"))}]}`,
  ];
  for (const PolicyDocument of malformed) {
    const put = iam.putUserPolicy({ UserName: "u", PolicyName: "bad", PolicyDocument });
    await assert.rejects(put, named("MalformedPolicyDocument", /./, 400), PolicyDocument);
  }
  await assert.rejects(
    iam.getUserPolicy({ UserName: "u", PolicyName: "bad" }),
    named("NoSuchEntity", "The user policy with name bad cannot be found.", 404),
  );
  await assert.rejects(iam.deleteUser({ UserName: "u" }), named("DeleteConflict", /must delete policies first/, 409));
});

test("managed policies have five versions at most, one in force, and are deleted last", async (t) => {
  const server = await startIam(t);
  const iam = server.iam();
  const PolicyDocument = policyOf(allow("iam:ListUsers"));
  const { Policy } = await iam.createPolicy({ PolicyName: "P", Path: "/x/", PolicyDocument, Description: "d" });
  const PolicyArn = Policy!.Arn!;
  assert.equal(PolicyArn, arnOf("policy/x/P"));
  assert.match(Policy!.PolicyId!, /^ANPA/);
  assert.deepEqual([Policy!.DefaultVersionId, Policy!.AttachmentCount, Policy!.IsAttachable], ["v1", 0, true]);
  await assert.rejects(
    iam.createPolicy({ PolicyName: "p", PolicyDocument }),
    named("EntityAlreadyExists", "A policy called p already exists. Duplicate names are not allowed.", 409),
  );

  const user = await server.user("u");
  const listUsers = () => server.iam(user.keys).listUsers({});
  await iam.attachUserPolicy({ UserName: "u", PolicyArn });
  await listUsers();
  const second = await iam.createPolicyVersion({ PolicyArn, PolicyDocument: policyOf(deny("*")) });
  assert.deepEqual([second.PolicyVersion!.VersionId, second.PolicyVersion!.IsDefaultVersion], ["v2", false]);
  await listUsers();
  await iam.setDefaultPolicyVersion({ PolicyArn, VersionId: "v2" });
  await assert.rejects(listUsers(), named("AccessDenied", /with an explicit deny in an identity-based policy$/, 403));
  await assert.rejects(
    iam.deletePolicyVersion({ PolicyArn, VersionId: "v2" }),
    named("DeleteConflict", "Cannot delete the default version of a policy.", 409),
  );
  for (let i = 3; i <= 5; i += 1) await iam.createPolicyVersion({ PolicyArn, PolicyDocument, SetAsDefault: i === 5 });
  await listUsers();
  await assert.rejects(
    iam.createPolicyVersion({ PolicyArn, PolicyDocument }),
    named("LimitExceeded", /can have up to 5 versions/, 409),
  );
  await iam.deletePolicyVersion({ PolicyArn, VersionId: "v4" });
  await iam.createPolicyVersion({ PolicyArn, PolicyDocument });
  const { Versions } = await iam.listPolicyVersions({ PolicyArn });
  assert.deepEqual(
    Versions!.map(({ VersionId, IsDefaultVersion }) => [VersionId, IsDefaultVersion]),
    [
      ["v6", false],
      ["v5", true],
      ["v3", false],
      ["v2", false],
      ["v1", false],
    ],
  );
  const paged = await iam.listPolicyVersions({ PolicyArn, MaxItems: 3 });
  const rest = await iam.listPolicyVersions({ PolicyArn, Marker: paged.Marker });
  assert.deepEqual(
    rest.Versions!.map(({ VersionId }) => VersionId),
    ["v2", "v1"],
  );
  const { PolicyVersion } = await iam.getPolicyVersion({ PolicyArn, VersionId: "v2" });
  assert.deepEqual(decoded(PolicyVersion!.Document).Statement, [deny("*")]);
  await assert.rejects(
    iam.getPolicyVersion({ PolicyArn, VersionId: "v4" }),
    named("NoSuchEntity", `Policy ${PolicyArn} version v4 does not exist or is not attachable.`, 404),
  );

  const got = (await iam.getPolicy({ PolicyArn })).Policy!;
  assert.deepEqual([got.Description, got.AttachmentCount, got.DefaultVersionId], ["d", 1, "v5"]);
  await assert.rejects(
    iam.deletePolicy({ PolicyArn }),
    named("DeleteConflict", "Cannot delete a policy attached to entities.", 409),
  );
  await iam.detachUserPolicy({ UserName: "u", PolicyArn });
  await assert.rejects(
    iam.detachUserPolicy({ UserName: "u", PolicyArn }),
    named("NoSuchEntity", `Policy ${PolicyArn} was not found.`, 404),
  );
  await assert.rejects(iam.deletePolicy({ PolicyArn }), named("DeleteConflict", /more than one version/, 409));
  for (const VersionId of ["v1", "v2", "v3", "v6"]) await iam.deletePolicyVersion({ PolicyArn, VersionId });
  await iam.deletePolicy({ PolicyArn });
  await assert.rejects(iam.getPolicy({ PolicyArn }), named("NoSuchEntity", /was not found/, 404));
  const long = policyOf(allow("s3:*", `arn:aws:s3:::${"x".repeat(6144)}`));
  await assert.rejects(
    iam.createPolicy({ PolicyName: "long", PolicyDocument: long }),
    named("LimitExceeded", "Cannot exceed quota for PolicySize: 6144", 409),
  );
});

test("AWS's own policies are there to be read and attached, and nobody's to change", async (t) => {
  const server = await startIam(t);
  const iam = server.iam();
  const PolicyArn = "arn:aws:iam::aws:policy/IAMReadOnlyAccess";
  const { Policies } = await iam.listPolicies({ Scope: "AWS" });
  const names = Policies!.map(({ PolicyName }) => PolicyName);
  for (const name of ["AdministratorAccess", "ReadOnlyAccess", "AmazonElasticTranscoderRole", "IAMFullAccess"]) {
    assert.ok(names.includes(name), name);
  }
  for (const { Arn, DefaultVersionId } of Policies!) {
    const { PolicyVersion } = await iam.getPolicyVersion({ PolicyArn: Arn!, VersionId: DefaultVersionId! });
    const document = decodeURIComponent(PolicyVersion!.Document!);
    await iam.createPolicy({ PolicyName: `copy-of-${Arn!.split("/").at(-1)}`, PolicyDocument: document });
  }
  const user = await server.user("reader");
  const reader = server.iam(user.keys);
  await iam.attachUserPolicy({ UserName: "reader", PolicyArn });
  assert.equal((await reader.listUsers({})).Users!.length, 1);
  await assert.rejects(
    reader.createUser({ UserName: "x" }),
    named("AccessDenied", /iam:CreateUser on resource: .*:user\/x/, 403),
  );
  await assert.rejects(
    iam.deletePolicy({ PolicyArn }),
    named("AccessDenied", "Policy is outside your own account.", 403),
  );
  assert.deepEqual((await iam.listAttachedUserPolicies({ UserName: "reader" })).AttachedPolicies, [
    { PolicyName: "IAMReadOnlyAccess", PolicyArn },
  ]);
  assert.deepEqual(
    (await iam.listAttachedUserPolicies({ UserName: "reader", PathPrefix: "/x/" })).AttachedPolicies,
    [],
  );
  const attached = await iam.listPolicies({ OnlyAttached: true });
  assert.deepEqual(
    attached.Policies!.map(({ Arn, AttachmentCount }) => [Arn, AttachmentCount]),
    [[PolicyArn, 1]],
  );
  const { PolicyUsers, PolicyRoles } = await iam.listEntitiesForPolicy({ PolicyArn });
  assert.deepEqual([PolicyUsers, PolicyRoles], [[{ UserName: "reader", UserId: user.id }], []]);
  const none = "arn:aws:iam::aws:policy/NoSuchPolicy";
  await assert.rejects(
    iam.attachUserPolicy({ UserName: "reader", PolicyArn: none }),
    named("NoSuchEntity", `Policy ${none} does not exist or is not attachable.`, 404),
  );
});

test("roles trust by unique id: a name that is taken again does not take over the trust", async (t) => {
  const server = await startIam(t);
  const iam = server.iam();
  await iam.createUser({ UserName: "driver", Path: "/p/" });
  const driver = arnOf("user/p/driver");
  const AssumeRolePolicyDocument = trustOf({ AWS: [driver, account], Service: "lambda.amazonaws.com" });
  const { Role } = await iam.createRole({ RoleName: "R", Path: "/r/", AssumeRolePolicyDocument, Description: "d" });
  assert.match(Role!.RoleId!, /^AROA/);
  assert.deepEqual([Role!.Arn, Role!.MaxSessionDuration], [arnOf("role/r/R"), 3600]);
  const principal = async () =>
    decoded((await iam.getRole({ RoleName: "R" })).Role!.AssumeRolePolicyDocument).Statement[0].Principal;
  assert.deepEqual(await principal(), { AWS: [driver, arnOf("root")], Service: "lambda.amazonaws.com" });
  await iam.updateUser({ UserName: "driver", NewUserName: "pilot" });
  assert.equal((await principal()).AWS[0], arnOf("user/p/pilot"), "a new name goes along");
  const { UserId } = (await iam.getUser({ UserName: "pilot" })).User!;
  await iam.deleteUser({ UserName: "pilot" });
  await iam.createUser({ UserName: "pilot", Path: "/p/" });
  assert.equal((await principal()).AWS[0], UserId, "of those who are gone the id is left");

  const update = (PolicyDocument: string) => iam.updateAssumeRolePolicy({ RoleName: "R", PolicyDocument });
  await assert.rejects(
    update(trustOf({ AWS: arnOf("user/nobody") })),
    named("MalformedPolicyDocument", `Invalid principal in policy: "AWS":"${arnOf("user/nobody")}"`, 400),
  );
  await assert.rejects(update(policyOf(allow("sts:AssumeRole"))), named("MalformedPolicyDocument", /./, 400));
  const long = policyOf(...Array.from({ length: 40 }, () => JSON.parse(trustOf({ AWS: account })).Statement[0]));
  await assert.rejects(update(long), named("LimitExceeded", "Cannot exceed quota for ACLSizePerRole: 2048", 409));
  await update(trustOf("*"));
  assert.equal(await principal(), "*");

  await iam.updateRole({ RoleName: "R", MaxSessionDuration: 7200 });
  const changed = (await iam.getRole({ RoleName: "R" })).Role!;
  assert.deepEqual([changed.MaxSessionDuration, changed.Description, changed.RoleLastUsed], [7200, "d", {}]);
  const odd = `<b> & "q" 'x' ]]>\t\n é`;
  await iam.updateRoleDescription({ RoleName: "R", Description: odd });
  assert.equal((await iam.getRole({ RoleName: "R" })).Role!.Description, odd);
  await iam.updateRole({ RoleName: "R", Description: "" });
  assert.equal((await iam.getRole({ RoleName: "R" })).Role!.Description, "");
  await iam.attachRolePolicy({ RoleName: "R", PolicyArn: "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess" });
  await assert.rejects(
    iam.deleteRole({ RoleName: "R" }),
    named("DeleteConflict", /must detach all policies first/, 409),
  );
  await iam.detachRolePolicy({ RoleName: "R", PolicyArn: "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess" });
  assert.deepEqual((await iam.listInstanceProfilesForRole({ RoleName: "R" })).InstanceProfiles, []);
  await iam.deleteRole({ RoleName: "R" });
  assert.deepEqual((await iam.listRoles({})).Roles, []);
});

test("tags: fifty, told apart without case, and what policies go by", async (t) => {
  const server = await startIam(t);
  const iam = server.iam();
  await iam.createRole({ RoleName: "r", AssumeRolePolicyDocument: trustOf({ AWS: account }) });
  await iam.tagRole({
    RoleName: "r",
    Tags: [
      { Key: "Team", Value: "a" },
      { Key: "Cost", Value: "" },
    ],
  });
  await iam.tagRole({ RoleName: "r", Tags: [{ Key: "team", Value: "b" }] });
  const tags = async () => (await iam.listRoleTags({ RoleName: "r" })).Tags;
  assert.deepEqual(await tags(), [
    { Key: "Cost", Value: "" },
    { Key: "team", Value: "b" },
  ]);
  const first = await iam.listRoleTags({ RoleName: "r", MaxItems: 1 });
  assert.deepEqual((await iam.listRoleTags({ RoleName: "r", Marker: first.Marker })).Tags, [
    { Key: "team", Value: "b" },
  ]);
  await iam.untagRole({ RoleName: "r", TagKeys: ["COST", "none"] });
  assert.deepEqual(await tags(), [{ Key: "team", Value: "b" }]);
  const many = Array.from({ length: 50 }, (_, i) => ({ Key: `k${i}`, Value: "v" }));
  await assert.rejects(iam.tagRole({ RoleName: "r", Tags: many }), named("LimitExceeded", /maximum limit: 50/, 409));
  const twice = [
    { Key: "a", Value: "" },
    { Key: "A", Value: "" },
  ];
  await assert.rejects(iam.tagRole({ RoleName: "r", Tags: twice }), named("InvalidInput", /case insensitive/, 400));

  const tagger = await server.user("tagger", [
    allow("iam:TagUser", "*", { Condition: { "ForAllValues:StringEquals": { "aws:TagKeys": ["team"] } } }),
    allow("iam:DeleteUser", "*", { Condition: { StringEquals: { "aws:ResourceTag/team": "a" } } }),
    allow("iam:CreateUser", "*", { Condition: { StringEquals: { "aws:RequestTag/team": "a" } } }),
  ]);
  const own = server.iam(tagger.keys);
  const denied = named("AccessDenied", /no identity-based policy/, 403);
  await own.createUser({ UserName: "mine", Tags: [{ Key: "team", Value: "a" }] });
  await assert.rejects(own.createUser({ UserName: "other", Tags: [{ Key: "team", Value: "b" }] }), denied);
  await assert.rejects(own.createUser({ UserName: "other" }), denied);
  await assert.rejects(own.tagUser({ UserName: "mine", Tags: [{ Key: "cost", Value: "1" }] }), denied);
  await assert.rejects(own.deleteUser({ UserName: "tagger" }), denied);
  await own.deleteUser({ UserName: "mine" });
});

test("permissions boundaries limit, are conditions of their own, and keep their policy from being deleted", async (t) => {
  const server = await startIam(t);
  const iam = server.iam();
  const { Policy } = await iam.createPolicy({
    PolicyName: "fence",
    PolicyDocument: policyOf(allow(["iam:Get*", "iam:List*"])),
  });
  const fence = Policy!.Arn!;
  const lead = await server.user("lead", [
    allow("iam:CreateUser", "*", { Condition: { StringEquals: { "iam:PermissionsBoundary": fence } } }),
    allow("iam:AttachUserPolicy", "*", {
      Condition: {
        StringEquals: { "iam:PermissionsBoundary": fence },
        ArnLike: { "iam:PolicyARN": "arn:aws:iam::aws:policy/*" },
      },
    }),
  ]);
  const own = server.iam(lead.keys);
  const denied = named("AccessDenied", /no identity-based policy/, 403);
  await assert.rejects(own.createUser({ UserName: "fenced" }), denied);
  const { User } = await own.createUser({ UserName: "fenced", PermissionsBoundary: fence });
  const boundary = { PermissionsBoundaryType: "Policy", PermissionsBoundaryArn: fence };
  assert.deepEqual(User!.PermissionsBoundary, boundary);
  await own.attachUserPolicy({ UserName: "fenced", PolicyArn: "arn:aws:iam::aws:policy/AdministratorAccess" });
  await assert.rejects(own.attachUserPolicy({ UserName: "fenced", PolicyArn: fence }), denied);
  await assert.rejects(
    own.attachUserPolicy({ UserName: "lead", PolicyArn: "arn:aws:iam::aws:policy/AdministratorAccess" }),
    denied,
  );

  const key = (await iam.createAccessKey({ UserName: "fenced" })).AccessKey!;
  const fenced = server.iam({ accessKeyId: key.AccessKeyId!, secretAccessKey: key.SecretAccessKey! });
  await fenced.listUsers({});
  await assert.rejects(
    fenced.createUser({ UserName: "x" }),
    named("AccessDenied", /because no permissions boundary allows the iam:CreateUser action$/, 403),
  );
  await assert.rejects(iam.deletePolicy({ PolicyArn: fence }), named("DeleteConflict", /attached/, 409));
  const usage = await iam.listEntitiesForPolicy({ PolicyArn: fence, PolicyUsageFilter: "PermissionsBoundary" });
  assert.deepEqual(
    usage.PolicyUsers!.map(({ UserName }) => UserName),
    ["fenced"],
  );
  assert.equal((await iam.getPolicy({ PolicyArn: fence })).Policy!.PermissionsBoundaryUsageCount, 1);
  await iam.deleteUserPermissionsBoundary({ UserName: "fenced" });
  await fenced.createUser({ UserName: "x" });
  await assert.rejects(
    iam.deleteUserPermissionsBoundary({ UserName: "fenced" }),
    named("NoSuchEntity", /no permissions boundary/, 404),
  );
  await iam.putUserPermissionsBoundary({ UserName: "fenced", PermissionsBoundary: fence });
  assert.deepEqual((await iam.getUser({ UserName: "fenced" })).User!.PermissionsBoundary, boundary);
  await iam.createRole({ RoleName: "r", AssumeRolePolicyDocument: trustOf({ AWS: account }) });
  await iam.putRolePermissionsBoundary({ RoleName: "r", PermissionsBoundary: fence });
  assert.deepEqual((await iam.getRole({ RoleName: "r" })).Role!.PermissionsBoundary, boundary);
  await iam.deleteRolePermissionsBoundary({ RoleName: "r" });
  await assert.rejects(
    iam.putRolePermissionsBoundary({ RoleName: "r", PermissionsBoundary: "arn:aws:iam::aws:policy/None" }),
    named("NoSuchEntity", /not attachable/, 404),
  );
});

test("OpenID Connect providers are kept by their URL without https", async (t) => {
  const iam = (await startIam(t)).iam();
  const { OpenIDConnectProviderArn } = await iam.createOpenIDConnectProvider({
    Url: "https://id.example.com/realm",
    ClientIDList: ["app"],
    ThumbprintList: ["a".repeat(40)],
    Tags: [{ Key: "k", Value: "v" }],
  });
  assert.equal(OpenIDConnectProviderArn, arnOf("oidc-provider/id.example.com/realm"));
  await assert.rejects(
    iam.createOpenIDConnectProvider({ Url: "https://id.example.com/realm" }),
    named("EntityAlreadyExists", "Provider with url https://id.example.com/realm already exists.", 409),
  );
  for (const Url of [
    "http://id.example.com",
    "id.example.com",
    "https://",
    "https://x/?q=1",
    "https://x/#f",
    "https://u@x/",
  ]) {
    await assert.rejects(iam.createOpenIDConnectProvider({ Url }), named("InvalidInput", /https/, 400), Url);
  }
  await iam.addClientIDToOpenIDConnectProvider({ OpenIDConnectProviderArn, ClientID: "web" });
  await iam.addClientIDToOpenIDConnectProvider({ OpenIDConnectProviderArn, ClientID: "web" });
  await iam.removeClientIDFromOpenIDConnectProvider({ OpenIDConnectProviderArn, ClientID: "app" });
  await iam.updateOpenIDConnectProviderThumbprint({ OpenIDConnectProviderArn, ThumbprintList: ["b".repeat(40)] });
  await iam.tagOpenIDConnectProvider({ OpenIDConnectProviderArn, Tags: [{ Key: "l", Value: "w" }] });
  const got = await iam.getOpenIDConnectProvider({ OpenIDConnectProviderArn });
  assert.deepEqual(
    [got.Url, got.ClientIDList, got.ThumbprintList],
    ["id.example.com/realm", ["web"], ["b".repeat(40)]],
  );
  assert.deepEqual(got.Tags, [
    { Key: "k", Value: "v" },
    { Key: "l", Value: "w" },
  ]);
  const { OpenIDConnectProviderList } = await iam.listOpenIDConnectProviders({});
  assert.deepEqual(OpenIDConnectProviderList, [{ Arn: OpenIDConnectProviderArn }]);
  await iam.deleteOpenIDConnectProvider({ OpenIDConnectProviderArn });
  await assert.rejects(
    iam.getOpenIDConnectProvider({ OpenIDConnectProviderArn }),
    named("NoSuchEntity", /not found for arn/, 404),
  );
});

test("the account in one answer, in pages, and in figures", async (t) => {
  const server = await startIam(t);
  const iam = server.iam();
  await ensureDefaultRole(server.records, account, server.clock, server.random);
  await ensureDefaultRole(server.records, account, server.clock, server.random);
  for (const name of ["a", "b"]) await iam.createUser({ UserName: name });
  await iam.putUserPolicy({ UserName: "a", PolicyName: "p", PolicyDocument: policyOf(allow("s3:*")) });
  await iam.createGroup({ GroupName: "g" });
  await iam.addUserToGroup({ GroupName: "g", UserName: "a" });
  const { Policy } = await iam.createPolicy({ PolicyName: "p", PolicyDocument: policyOf(allow("s3:*")) });
  await iam.attachGroupPolicy({ GroupName: "g", PolicyArn: Policy!.Arn! });

  const seen: string[] = [];
  let Marker: string | undefined;
  let pages = 0;
  do {
    const page = await iam.getAccountAuthorizationDetails({
      Filter: ["User", "Group", "Role", "LocalManagedPolicy"],
      MaxItems: 2,
      Marker,
    });
    pages += 1;
    seen.push(...page.UserDetailList!.map(({ UserName }) => `user ${UserName}`));
    seen.push(...page.GroupDetailList!.map(({ GroupName }) => `group ${GroupName}`));
    seen.push(...page.RoleDetailList!.map(({ RoleName }) => `role ${RoleName}`));
    seen.push(...page.Policies!.map(({ PolicyName, AttachmentCount }) => `policy ${PolicyName} ${AttachmentCount}`));
    ({ Marker } = page);
  } while (Marker !== undefined);
  assert.deepEqual(seen, ["user a", "user b", "group g", "role Elastic_Transcoder_Default_Role", "policy p 1"]);
  assert.equal(pages, 3);
  const all = await iam.getAccountAuthorizationDetails({});
  const user = all.UserDetailList![0]!;
  assert.deepEqual([user.GroupList, user.UserPolicyList!.map(({ PolicyName }) => PolicyName)], [["g"], ["p"]]);
  const role = all.RoleDetailList![0]!;
  assert.deepEqual(
    role.AttachedManagedPolicies!.map(({ PolicyName }) => PolicyName),
    ["AmazonElasticTranscoderRole"],
  );
  assert.deepEqual(decoded(role.AssumeRolePolicyDocument).Statement[0].Principal, {
    Service: "elastictranscoder.amazonaws.com",
  });
  assert.ok(
    all.Policies!.some(({ PolicyName, PolicyVersionList }) => PolicyName === "p" && PolicyVersionList!.length === 1),
  );

  const { SummaryMap } = await iam.getAccountSummary({});
  const { Users, Groups, Roles, Policies, UsersQuota } = SummaryMap!;
  assert.deepEqual([Users, Groups, Roles, Policies, UsersQuota], [2, 1, 1, 1, 5000]);
});

test("what AWS would not take is refused by name, and what is not done says so", async (t) => {
  const server = await startIam(t);
  const iam = server.iam();
  const invalid = (member: string) => named("ValidationError", new RegExp(`'${member}'`), 400);
  await assert.rejects(iam.createUser({ UserName: "a b" }), invalid("userName"));
  await assert.rejects(iam.createUser({ UserName: "x".repeat(65) }), invalid("userName"));
  await assert.rejects(iam.createUser({ UserName: "x", Path: "no/slash" }), invalid("path"));
  await assert.rejects(iam.listUsers({ MaxItems: 1001 }), invalid("maxItems"));
  await assert.rejects(iam.createUser({} as never), invalid("userName"));
  await assert.rejects(
    iam.getPolicy({ PolicyArn: "arn:aws:s3:::not-a-policy" }),
    named("ValidationError", /is not valid/, 400),
  );
  const password = iam.createLoginProfile({ UserName: "x", Password: "y" });
  await assert.rejects(
    password,
    named("NotImplemented", /^CreateLoginProfile is not implemented here\. .*access keys/, 501),
  );
});
