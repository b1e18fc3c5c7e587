import type { Case, Cases } from "./cases.ts";
import { account, type World } from "./world.ts";

const arn = (rest: string) => `arn:aws:iam::${account}:${rest}`;
const document = JSON.stringify({
  Version: "2012-10-17",
  Statement: { Effect: "Allow", Action: "s3:GetObject", Resource: "*" },
});
const trust = JSON.stringify({
  Version: "2012-10-17",
  Statement: { Effect: "Allow", Action: "sts:AssumeRole", Principal: { Service: "elastictranscoder.amazonaws.com" } },
});

type On = { name: string; world: World };
type More = (on: On) => object | Promise<object>;

/** IAM's actions are called as its operations are. */
const onAll =
  (input: object = {}): Cases[string] =>
  (_, operation) => ({ needs: [[`iam:${operation}`, "*"]], input });

const onUser =
  (more: More = () => ({})): Cases[string] =>
  async (world, operation) => {
    const name = world.fresh("user");
    await world.iam.createUser({ UserName: name });
    return {
      needs: [[`iam:${operation}`, arn(`user/${name}`)]],
      input: { UserName: name, ...(await more({ name, world })) },
    };
  };

const onGroup =
  (more: More = () => ({})): Cases[string] =>
  async (world, operation) => {
    const name = world.fresh("group");
    await world.iam.createGroup({ GroupName: name });
    return {
      needs: [[`iam:${operation}`, arn(`group/${name}`)]],
      input: { GroupName: name, ...(await more({ name, world })) },
    };
  };

const onRole =
  (more: More = () => ({})): Cases[string] =>
  async (world, operation) => {
    const name = world.fresh("role");
    await world.iam.createRole({ RoleName: name, AssumeRolePolicyDocument: trust });
    return {
      needs: [[`iam:${operation}`, arn(`role/${name}`)]],
      input: { RoleName: name, ...(await more({ name, world })) },
    };
  };

const onPolicy =
  (more: More = () => ({})): Cases[string] =>
  async (world, operation) => {
    const name = world.fresh("policy");
    const PolicyArn = await newPolicy(world, name);
    return {
      needs: [[`iam:${operation}`, arn(`policy/${name}`)]],
      input: { PolicyArn, ...(await more({ name: PolicyArn, world })) },
    };
  };

const onProvider =
  (more: object = {}): Cases[string] =>
  async (world, operation) => {
    const host = `${world.fresh("issuer")}.example.com`;
    await world.iam.createOpenIDConnectProvider({ Url: `https://${host}`, ClientIDList: ["a"] });
    const OpenIDConnectProviderArn = arn(`oidc-provider/${host}`);
    return {
      needs: [[`iam:${operation}`, OpenIDConnectProviderArn]],
      input: { OpenIDConnectProviderArn, ...more },
    };
  };

async function newPolicy({ iam }: World, PolicyName: string): Promise<string> {
  const { Policy } = await iam.createPolicy({ PolicyName, PolicyDocument: document });
  return Policy!.Arn!;
}

const attachment: More = async ({ world }) => ({ PolicyArn: await newPolicy(world, world.fresh("policy")) });
const boundary: More = async ({ world }) => ({ PermissionsBoundary: await newPolicy(world, world.fresh("policy")) });
const inline: More = () => ({ PolicyName: "p", PolicyDocument: document });
const Tags = [{ Key: "team", Value: "a" }];
const TagKeys = ["team"];

/** An access key of the user. */
const accessKey: More = async ({ name, world }) => {
  const { AccessKey } = await world.iam.createAccessKey({ UserName: name });
  return { AccessKeyId: AccessKey!.AccessKeyId };
};

const inlineOfUser: More = async ({ name, world }) => {
  await world.iam.putUserPolicy({ UserName: name, PolicyName: "p", PolicyDocument: document });
  return { PolicyName: "p" };
};
const inlineOfGroup: More = async ({ name, world }) => {
  await world.iam.putGroupPolicy({ GroupName: name, PolicyName: "p", PolicyDocument: document });
  return { PolicyName: "p" };
};
const inlineOfRole: More = async ({ name, world }) => {
  await world.iam.putRolePolicy({ RoleName: name, PolicyName: "p", PolicyDocument: document });
  return { PolicyName: "p" };
};

const attachedToUser: More = async ({ name, world }) => {
  const PolicyArn = await newPolicy(world, world.fresh("policy"));
  await world.iam.attachUserPolicy({ UserName: name, PolicyArn });
  return { PolicyArn };
};
const attachedToGroup: More = async ({ name, world }) => {
  const PolicyArn = await newPolicy(world, world.fresh("policy"));
  await world.iam.attachGroupPolicy({ GroupName: name, PolicyArn });
  return { PolicyArn };
};
const attachedToRole: More = async ({ name, world }) => {
  const PolicyArn = await newPolicy(world, world.fresh("policy"));
  await world.iam.attachRolePolicy({ RoleName: name, PolicyArn });
  return { PolicyArn };
};

const boundedUser: More = async ({ name, world }) => {
  await world.iam.putUserPermissionsBoundary({
    UserName: name,
    PermissionsBoundary: await newPolicy(world, world.fresh("policy")),
  });
  return {};
};
const boundedRole: More = async ({ name, world }) => {
  await world.iam.putRolePermissionsBoundary({
    RoleName: name,
    PermissionsBoundary: await newPolicy(world, world.fresh("policy")),
  });
  return {};
};

/** A version that is not the default one. */
const oldVersion: More = async ({ name, world }) => {
  await world.iam.createPolicyVersion({ PolicyArn: name, PolicyDocument: document, SetAsDefault: true });
  return { VersionId: "v1" };
};

const member: More = async ({ name, world }) => {
  const UserName = world.fresh("user");
  await world.iam.createUser({ UserName });
  await world.iam.addUserToGroup({ UserName, GroupName: name });
  return { UserName };
};

export const iamCases: Cases = {
  AddClientIDToOpenIDConnectProvider: onProvider({ ClientID: "b" }),
  AddUserToGroup: onGroup(async ({ world }) => {
    const UserName = world.fresh("user");
    await world.iam.createUser({ UserName });
    return { UserName };
  }),
  AttachGroupPolicy: onGroup(attachment),
  AttachRolePolicy: onRole(attachment),
  AttachUserPolicy: onUser(attachment),
  CreateAccessKey: onUser(),
  CreateGroup: (world) => {
    const name = world.fresh("group");
    return { needs: [["iam:CreateGroup", arn(`group/ops/${name}`)]], input: { GroupName: name, Path: "/ops/" } };
  },
  CreateOpenIDConnectProvider: (world) => {
    const host = `${world.fresh("issuer")}.example.com`;
    return {
      needs: [["iam:CreateOpenIDConnectProvider", arn(`oidc-provider/${host}`)]],
      input: { Url: `https://${host}` },
    };
  },
  CreatePolicy: (world) => {
    const name = world.fresh("policy");
    return {
      needs: [["iam:CreatePolicy", arn(`policy/${name}`)]],
      input: { PolicyName: name, PolicyDocument: document },
    };
  },
  CreatePolicyVersion: onPolicy(() => ({ PolicyDocument: document })),
  CreateRole: (world) => {
    const name = world.fresh("role");
    return {
      needs: [["iam:CreateRole", arn(`role/ops/${name}`)]],
      input: { RoleName: name, Path: "/ops/", AssumeRolePolicyDocument: trust },
    };
  },
  CreateUser: (world) => {
    const name = world.fresh("user");
    return { needs: [["iam:CreateUser", arn(`user/ops/${name}`)]], input: { UserName: name, Path: "/ops/" } };
  },
  DeleteAccessKey: onUser(accessKey),
  DeleteGroup: onGroup(),
  DeleteGroupPolicy: onGroup(inlineOfGroup),
  DeleteOpenIDConnectProvider: onProvider(),
  DeletePolicy: onPolicy(),
  DeletePolicyVersion: onPolicy(oldVersion),
  DeleteRole: onRole(),
  DeleteRolePermissionsBoundary: onRole(boundedRole),
  DeleteRolePolicy: onRole(inlineOfRole),
  DeleteUser: onUser(),
  DeleteUserPermissionsBoundary: onUser(boundedUser),
  DeleteUserPolicy: onUser(inlineOfUser),
  DetachGroupPolicy: onGroup(attachedToGroup),
  DetachRolePolicy: onRole(attachedToRole),
  DetachUserPolicy: onUser(attachedToUser),
  GetAccessKeyLastUsed: onUser(accessKey),
  GetAccountAuthorizationDetails: onAll(),
  GetAccountSummary: onAll(),
  GetGroup: onGroup(),
  GetGroupPolicy: onGroup(inlineOfGroup),
  GetOpenIDConnectProvider: onProvider(),
  GetPolicy: onPolicy(),
  GetPolicyVersion: onPolicy(() => ({ VersionId: "v1" })),
  GetRole: onRole(),
  GetRolePolicy: onRole(inlineOfRole),
  GetUser: onUser(),
  GetUserPolicy: onUser(inlineOfUser),
  ListAccessKeys: onUser(),
  ListAccountAliases: onAll(),
  ListAttachedGroupPolicies: onGroup(),
  ListAttachedRolePolicies: onRole(),
  ListAttachedUserPolicies: onUser(),
  ListEntitiesForPolicy: onPolicy(),
  ListGroupPolicies: onGroup(),
  ListGroups: onAll(),
  ListGroupsForUser: onUser(),
  ListInstanceProfiles: onAll(),
  ListInstanceProfilesForRole: onRole(),
  ListMFADevices: onUser(),
  ListOpenIDConnectProviders: onAll(),
  ListOpenIDConnectProviderTags: onProvider(),
  ListPolicies: onAll(),
  ListPolicyTags: onPolicy(),
  ListPolicyVersions: onPolicy(),
  ListRolePolicies: onRole(),
  ListRoles: onAll(),
  ListRoleTags: onRole(),
  ListServiceSpecificCredentials: onUser(),
  ListSigningCertificates: onUser(),
  ListSSHPublicKeys: onUser(),
  ListUserPolicies: onUser(),
  ListUsers: onAll(),
  ListUserTags: onUser(),
  PutGroupPolicy: onGroup(inline),
  PutRolePermissionsBoundary: onRole(boundary),
  PutRolePolicy: onRole(inline),
  PutUserPermissionsBoundary: onUser(boundary),
  PutUserPolicy: onUser(inline),
  RemoveClientIDFromOpenIDConnectProvider: onProvider({ ClientID: "a" }),
  RemoveUserFromGroup: onGroup(member),
  SetDefaultPolicyVersion: onPolicy(oldVersion),
  SimulateCustomPolicy: onAll({ PolicyInputList: [document], ActionNames: ["s3:GetObject"] }),
  SimulatePrincipalPolicy: onUser(({ name }) => ({
    PolicySourceArn: arn(`user/${name}`),
    ActionNames: ["s3:GetObject"],
  })),
  TagOpenIDConnectProvider: onProvider({ Tags }),
  TagPolicy: onPolicy(() => ({ Tags })),
  TagRole: onRole(() => ({ Tags })),
  TagUser: onUser(() => ({ Tags })),
  UntagOpenIDConnectProvider: onProvider({ TagKeys }),
  UntagPolicy: onPolicy(() => ({ TagKeys })),
  UntagRole: onRole(() => ({ TagKeys })),
  UntagUser: onUser(() => ({ TagKeys })),
  UpdateAccessKey: onUser(async (on) => ({ ...(await accessKey(on)), Status: "Inactive" })),
  UpdateAssumeRolePolicy: onRole(() => ({ PolicyDocument: trust })),
  UpdateGroup: renamed("group"),
  "UpdateGroup to the same name": onGroup(({ name }) => ({ NewGroupName: name })),
  UpdateOpenIDConnectProviderThumbprint: onProvider({ ThumbprintList: ["a".repeat(40)] }),
  UpdateRole: onRole(() => ({ MaxSessionDuration: 7200 })),
  UpdateRoleDescription: onRole(() => ({ Description: "d" })),
  UpdateUser: renamed("user"),
  "UpdateUser to another path": onUserMoved,
};

/** Who renames needs the right on the old and on the new name. IAM User Guide, "Renaming an IAM user". */
function renamed(kind: "user" | "group"): Cases[string] {
  return async (world, operation) => {
    const [from, to] = [world.fresh(kind), world.fresh(kind)];
    if (kind === "user") await world.iam.createUser({ UserName: from });
    else await world.iam.createGroup({ GroupName: from });
    return {
      needs: [
        [`iam:${operation}`, arn(`${kind}/${from}`)],
        [`iam:${operation}`, arn(`${kind}/${to}`)],
      ],
      input: kind === "user" ? { UserName: from, NewUserName: to } : { GroupName: from, NewGroupName: to },
    };
  };
}

async function onUserMoved(world: World): Promise<Case> {
  const name = world.fresh("user");
  await world.iam.createUser({ UserName: name });
  return {
    needs: [
      ["iam:UpdateUser", arn(`user/${name}`)],
      ["iam:UpdateUser", arn(`user/there/${name}`)],
    ],
    input: { UserName: name, NewPath: "/there/" },
  };
}
