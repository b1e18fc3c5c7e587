/**
 * The policy simulator through the JS SDK: which statement decides, and what is missing.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { account } from "../support/identities.ts";
import { allow, deny, named, policyOf, startIam, trustOf } from "./iam-server.ts";

const documented = `{
  "Version": "2012-10-17",
  "Statement": [
    { "Sid": "Read", "Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::films/*" },
    {
      "Effect": "Deny", "Action": "*", "Resource": "*",
      "Condition": { "Bool": { "aws:SecureTransport": "false" } }
    }
  ]
}`;

test("a custom policy is judged for each action and each resource, with the places of what decided", async (t) => {
  const iam = (await startIam(t)).iam();
  const { EvaluationResults, IsTruncated } = await iam.simulateCustomPolicy({
    PolicyInputList: [policyOf(allow("s3:ListBucket")), documented],
    ActionNames: ["s3:GetObject", "s3:PutObject"],
    ResourceArns: ["arn:aws:s3:::films/a", "arn:aws:s3:::other/a"],
    ContextEntries: [{ ContextKeyName: "aws:SecureTransport", ContextKeyType: "boolean", ContextKeyValues: ["true"] }],
  });
  assert.equal(IsTruncated, false);
  assert.deepEqual(
    EvaluationResults!.map((one) => [one.EvalActionName, one.EvalResourceName, one.EvalDecision]),
    [
      ["s3:GetObject", "arn:aws:s3:::films/a", "allowed"],
      ["s3:GetObject", "arn:aws:s3:::other/a", "implicitDeny"],
      ["s3:PutObject", "arn:aws:s3:::films/a", "implicitDeny"],
      ["s3:PutObject", "arn:aws:s3:::other/a", "implicitDeny"],
    ],
  );
  const [statement, ...others] = EvaluationResults![0]!.MatchedStatements!;
  assert.deepEqual(others, []);
  assert.equal(statement!.SourcePolicyId, "PolicyInputList.2");
  const lines = documented.split("\n");
  assert.equal(statement!.StartPosition!.Line, 4);
  assert.equal(lines[3]![statement!.StartPosition!.Column! - 1], "{");
  assert.equal(statement!.EndPosition!.Line, 4);
});

test("condition keys that policies ask for and the request lacks are told", async (t) => {
  const iam = (await startIam(t)).iam();
  const simulate = async (values?: string[]) => {
    const ContextEntries = values && [
      { ContextKeyName: "aws:SecureTransport", ContextKeyType: "boolean" as const, ContextKeyValues: values },
    ];
    const asked = { PolicyInputList: [documented], ActionNames: ["s3:GetObject"], ContextEntries };
    const answer = await iam.simulateCustomPolicy({ ...asked, ResourceArns: ["arn:aws:s3:::films/a"] });
    return answer.EvaluationResults![0]!;
  };
  const without = await simulate();
  assert.deepEqual([without.EvalDecision, without.MissingContextValues], ["allowed", ["aws:SecureTransport"]]);
  const plain = await simulate(["false"]);
  assert.deepEqual([plain.EvalDecision, plain.MissingContextValues], ["explicitDeny", []]);
  assert.equal(plain.MatchedStatements![0]!.StartPosition!.Line, 5);
  await assert.rejects(simulate(["a", "b"]), named("InvalidInput", /must have one value/, 400));
});

test("a user is judged with groups, attached policies, boundary and tags; what is handed in comes on top", async (t) => {
  const server = await startIam(t);
  const iam = server.iam();
  const { User } = await iam.createUser({ UserName: "ann", Tags: [{ Key: "team", Value: "red" }] });
  await iam.createGroup({ GroupName: "g" });
  await iam.addUserToGroup({ GroupName: "g", UserName: "ann" });
  const byTag = allow("s3:GetObject", `arn:aws:s3:::\${aws:PrincipalTag/team}/\${aws:username}/*`);
  await iam.putGroupPolicy({ GroupName: "g", PolicyName: "own", PolicyDocument: policyOf(byTag) });
  await iam.attachUserPolicy({ UserName: "ann", PolicyArn: "arn:aws:iam::aws:policy/IAMReadOnlyAccess" });
  const simulate = async (ActionNames: string[], ResourceArns: string[], more: object = {}) => {
    const asked = { PolicySourceArn: User!.Arn!, ActionNames, ResourceArns, ...more };
    return (await iam.simulatePrincipalPolicy(asked)).EvaluationResults!;
  };
  const decisionOf = async (...asked: Parameters<typeof simulate>) => (await simulate(...asked))[0]!.EvalDecision;

  const [own, theirs] = await simulate(["s3:GetObject"], ["arn:aws:s3:::red/ann/x", "arn:aws:s3:::red/bob/x"]);
  assert.deepEqual([own!.EvalDecision, theirs!.EvalDecision], ["allowed", "implicitDeny"]);
  assert.deepEqual(
    own!.MatchedStatements!.map((one) => [one.SourcePolicyId, one.SourcePolicyType]),
    [["group_g_own", "group"]],
  );
  const [listed] = await simulate(["iam:ListUsers"], ["*"]);
  assert.deepEqual(
    listed!.MatchedStatements!.map((one) => [one.SourcePolicyId, one.SourcePolicyType]),
    [["IAMReadOnlyAccess", "aws-managed"]],
  );
  assert.equal(
    await decisionOf(["s3:PutObject"], ["arn:aws:s3:::b/k"], { PolicyInputList: [policyOf(allow("s3:*"))] }),
    "allowed",
  );
  assert.equal(
    await decisionOf(["iam:ListUsers"], ["*"], { PolicyInputList: [policyOf(deny("iam:*"))] }),
    "explicitDeny",
  );

  const { Policy } = await iam.createPolicy({ PolicyName: "fence", PolicyDocument: policyOf(allow("s3:*")) });
  await iam.putUserPermissionsBoundary({ UserName: "ann", PermissionsBoundary: Policy!.Arn! });
  const [fenced] = await simulate(["iam:ListUsers"], ["*"]);
  assert.equal(fenced!.EvalDecision, "implicitDeny");
  assert.equal(fenced!.PermissionsBoundaryDecisionDetail!.AllowedByPermissionsBoundary, false);
  const wider = { PermissionsBoundaryPolicyInputList: [policyOf(allow("*"))] };
  assert.equal(
    await decisionOf(["iam:ListUsers"], ["*"], wider),
    "allowed",
    "another boundary takes the place of its own",
  );

  const { Role } = await iam.createRole({ RoleName: "r", AssumeRolePolicyDocument: trustOf({ AWS: account }) });
  await iam.putRolePolicy({ RoleName: "r", PolicyName: "p", PolicyDocument: policyOf(allow("kms:Decrypt")) });
  assert.equal(await decisionOf(["kms:Decrypt"], ["*"], { PolicySourceArn: Role!.Arn }), "allowed");
  const groupArn = `arn:aws:iam::${account}:group/g`;
  assert.equal(await decisionOf(["s3:GetObject"], ["arn:aws:s3:::b/k"], { PolicySourceArn: groupArn }), "implicitDeny");
});

test("a resource's policy has its say about the caller", async (t) => {
  const server = await startIam(t);
  const user = await server.user("ann");
  const ResourcePolicy = policyOf({ ...allow("s3:GetObject", "arn:aws:s3:::b/*"), Principal: { AWS: user.arn } });
  const asked = {
    PolicyInputList: [policyOf(allow("s3:List*"))],
    ActionNames: ["s3:GetObject"],
    ResourceArns: ["arn:aws:s3:::b/k"],
    ResourcePolicy,
  };
  const decisionOf = async (CallerArn?: string) =>
    (await server.iam().simulateCustomPolicy({ ...asked, CallerArn })).EvaluationResults![0]!;
  const direct = await decisionOf(user.arn);
  assert.equal(direct.EvalDecision, "allowed");
  assert.deepEqual(
    direct.MatchedStatements!.map((one) => [one.SourcePolicyId, one.SourcePolicyType]),
    [["ResourcePolicy", "resource"]],
  );
  assert.equal((await decisionOf()).EvalDecision, "implicitDeny");
  const owner = { ...asked, CallerArn: user.arn, ResourceOwner: "arn:aws:iam::999999999999:root" };
  const elsewhere = (await server.iam().simulateCustomPolicy(owner)).EvaluationResults![0]!;
  assert.equal(elsewhere.EvalDecision, "implicitDeny", "in another account both sides must allow");
});

test("results come in pages, and nonsense is refused", async (t) => {
  const server = await startIam(t);
  const iam = server.iam();
  const asked = {
    PolicyInputList: [policyOf(allow("s3:*"))],
    ActionNames: ["s3:GetObject", "s3:PutObject", "kms:Decrypt"],
  };
  const first = await iam.simulateCustomPolicy({ ...asked, MaxItems: 2 });
  assert.deepEqual([first.EvaluationResults!.length, first.IsTruncated], [2, true]);
  const second = await iam.simulateCustomPolicy({ ...asked, MaxItems: 2, Marker: first.Marker });
  assert.deepEqual([second.EvaluationResults![0]!.EvalActionName, second.IsTruncated], ["kms:Decrypt", false]);
  const invalid = named("InvalidInput", /./, 400);
  await assert.rejects(iam.simulateCustomPolicy({ ...asked, ActionNames: ["s3:Get*"] }), invalid);
  await assert.rejects(iam.simulateCustomPolicy({ ...asked, Marker: "x" }), invalid);
  await assert.rejects(iam.simulateCustomPolicy({ ...asked, CallerArn: "me" }), invalid);
  await assert.rejects(
    iam.simulateCustomPolicy({ ...asked, PolicyInputList: ["{}"] }),
    named("MalformedPolicyDocument", /./, 400),
  );
  const nobody = `arn:aws:iam::${account}:user/nobody`;
  const principal = { PolicySourceArn: nobody, ActionNames: ["s3:GetObject"] };
  await assert.rejects(iam.simulatePrincipalPolicy(principal), named("NoSuchEntity", /nobody/, 404));
  const root = { ...principal, PolicySourceArn: `arn:aws:iam::${account}:root` };
  await assert.rejects(iam.simulatePrincipalPolicy(root), named("InvalidInput", /Invalid Entity Arn/, 400));

  const user = await server.user("asker", [
    allow("iam:SimulatePrincipalPolicy", `arn:aws:iam::*:user/\${aws:username}`),
  ]);
  const own = server.iam(user.keys);
  const self = await own.simulatePrincipalPolicy({ PolicySourceArn: user.arn, ActionNames: ["s3:GetObject"] });
  assert.equal(self.EvaluationResults![0]!.EvalDecision, "implicitDeny");
  await assert.rejects(own.simulatePrincipalPolicy(principal), named("AccessDenied", /no identity-based policy/, 403));
});
