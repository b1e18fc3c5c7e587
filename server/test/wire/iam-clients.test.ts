/**
 * IAM through the AWS CLI and boto3, as distributions ship them: only the endpoint and the keys are set.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { promisify } from "node:util";
import { account, region } from "../support/identities.ts";
import { allow, type IamServer, policyOf, startIam, trustOf } from "./iam-server.ts";

const run = promisify(execFile);
const aws = "/usr/bin/aws";
const python = "/usr/bin/python3";
const hasBoto = await run(python, ["-c", "import boto3"]).then(
  () => true,
  () => false,
);

function environment({ folder, root }: IamServer): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH,
    HOME: folder,
    AWS_ACCESS_KEY_ID: root.accessKeyId,
    AWS_SECRET_ACCESS_KEY: root.secretAccessKey,
    AWS_DEFAULT_REGION: region,
    AWS_EC2_METADATA_DISABLED: "true",
    AWS_PAGER: "",
  };
}

test("the AWS CLI makes a user and a role, reads documents back, pages and simulates", {
  skip: !existsSync(aws) && `no ${aws}`,
}, async (t) => {
  const server = await startIam(t);
  const cli = async (...args: string[]) => {
    const command = ["iam", ...args, "--endpoint-url", server.url, "--output", "json"];
    const { stdout } = await run(aws, command, { env: environment(server) });
    return stdout === "" ? {} : JSON.parse(stdout);
  };
  const { User } = await cli("create-user", "--user-name", "cam", "--path", "/sites/", "--tags", "Key=a,Value=b c");
  assert.deepEqual([User.Arn, User.Tags], [`arn:aws:iam::${account}:user/sites/cam`, [{ Key: "a", Value: "b c" }]]);
  const document = policyOf(allow(["kinesisvideo:PutMedia"], `arn:aws:kinesisvideo:*:*:stream/\${aws:username}/*`));
  await cli("put-user-policy", "--user-name", "cam", "--policy-name", "put", "--policy-document", document);
  const got = await cli("get-user-policy", "--user-name", "cam", "--policy-name", "put");
  assert.deepEqual(got.PolicyDocument, JSON.parse(document));
  const { AccessKey } = await cli("create-access-key", "--user-name", "cam");
  assert.match(AccessKey.AccessKeyId, /^AKIA/);
  const trust = trustOf({ Service: "elastictranscoder.amazonaws.com" });
  const { Role } = await cli("create-role", "--role-name", "tr", "--assume-role-policy-document", trust);
  assert.deepEqual(Role.AssumeRolePolicyDocument, JSON.parse(trust));
  // The CLI fetches page after page by itself.
  const { Policies } = await cli("list-policies", "--page-size", "3");
  assert.equal(Policies.length, 13);
  const simulated = await cli(
    ...["simulate-principal-policy", "--policy-source-arn", User.Arn, "--action-names", "kinesisvideo:PutMedia"],
    ...["--resource-arns", `arn:aws:kinesisvideo:us-east-1:${account}:stream/cam/1`],
  );
  assert.equal(simulated.EvaluationResults[0].EvalDecision, "allowed");
  await assert.rejects(
    cli("delete-user", "--user-name", "cam"),
    /\(DeleteConflict\) when calling the DeleteUser operation: Cannot delete entity, must delete access keys first\./,
  );
});

const script = `
import json, sys, boto3
iam = boto3.client("iam", endpoint_url=sys.argv[1])
account = sys.argv[2]
for name in ("a", "b", "c"):
    iam.create_user(UserName=name)
pages = iam.get_paginator("list_users").paginate(PaginationConfig={"PageSize": 2})
assert [user["UserName"] for page in pages for user in page["Users"]] == ["a", "b", "c"]
iam.get_waiter("user_exists").wait(UserName="a", WaiterConfig={"Delay": 1, "MaxAttempts": 2})

document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::b/it's ü*"}]}
arn = iam.create_policy(PolicyName="p", PolicyDocument=json.dumps(document, ensure_ascii=False), Description="größer")["Policy"]["Arn"]
assert iam.get_policy_version(PolicyArn=arn, VersionId="v1")["PolicyVersion"]["Document"] == document
assert iam.get_policy(PolicyArn=arn)["Policy"]["Description"] == "größer"
iam.attach_user_policy(UserName="a", PolicyArn=arn)
assert iam.list_entities_for_policy(PolicyArn=arn)["PolicyUsers"][0]["UserName"] == "a"

trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::%s:user/a" % account}, "Action": "sts:AssumeRole"}]}
role = iam.create_role(RoleName="r", AssumeRolePolicyDocument=json.dumps(trust), MaxSessionDuration=7200, Tags=[{"Key": "k", "Value": "v"}])["Role"]
assert role["AssumeRolePolicyDocument"] == trust, role
assert iam.get_role(RoleName="r")["Role"]["MaxSessionDuration"] == 7200
assert iam.list_role_tags(RoleName="r")["Tags"] == [{"Key": "k", "Value": "v"}]

key = iam.create_access_key(UserName="a")["AccessKey"]
sts = boto3.client("sts", endpoint_url=sys.argv[1], aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"])
assumed = sts.assume_role(RoleArn=role["Arn"], RoleSessionName="night")
assert assumed["AssumedRoleUser"]["Arn"].endswith(":assumed-role/r/night")
own = boto3.resource("iam", endpoint_url=sys.argv[1])
assert [policy.arn for policy in own.User("a").attached_policies.all()] == [arn]

for call, wanted in (
    (lambda: iam.get_user(UserName="zz"), iam.exceptions.NoSuchEntityException),
    (lambda: iam.create_user(UserName="A"), iam.exceptions.EntityAlreadyExistsException),
    (lambda: iam.put_user_policy(UserName="a", PolicyName="x", PolicyDocument="{}"), iam.exceptions.MalformedPolicyDocumentException),
    (lambda: iam.delete_policy(PolicyArn=arn), iam.exceptions.DeleteConflictException),
):
    try:
        call()
        raise SystemExit("nothing was refused")
    except wanted as error:
        assert error.response["ResponseMetadata"]["RequestId"]
print("done")
`;

test("boto3 drives users, policies and roles, and tells errors apart", {
  skip: !hasBoto && "no boto3",
}, async (t) => {
  const server = await startIam(t);
  const { stdout } = await run(python, ["-c", script, server.url, account], { env: environment(server) });
  assert.equal(stdout, "done\n");
});
