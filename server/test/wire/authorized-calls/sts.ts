import assert from "node:assert/strict";
import type { Cases } from "./cases.ts";
import { account, type World } from "./world.ts";

async function newRole(world: World): Promise<string> {
  const { arn } = await world.role(world.fresh("role"), { AWS: account });
  return arn;
}

export const stsCases: Cases = {
  async AssumeRole(world) {
    const RoleArn = await newRole(world);
    return { needs: [["sts:AssumeRole", RoleArn]], input: { RoleArn, RoleSessionName: "session" } };
  },
  async "AssumeRole with tags"(world) {
    const RoleArn = await newRole(world);
    return {
      needs: [
        ["sts:AssumeRole", RoleArn],
        ["sts:TagSession", RoleArn],
      ],
      input: { RoleArn, RoleSessionName: "session", Tags: [{ Key: "team", Value: "a" }] },
    };
  },
  async "AssumeRole with a source identity"(world) {
    const RoleArn = await newRole(world);
    return {
      needs: [
        ["sts:AssumeRole", RoleArn],
        ["sts:SetSourceIdentity", RoleArn],
      ],
      input: { RoleArn, RoleSessionName: "session", SourceIdentity: "somebody" },
    };
  },
  GetAccessKeyInfo: ({ root }) => ({
    needs: [["sts:GetAccessKeyInfo", "*"]],
    input: { AccessKeyId: root.accessKeyId },
  }),
  GetFederationToken: () => ({
    needs: [["sts:GetFederationToken", `arn:aws:sts::${account}:federated-user/guest`]],
    input: { Name: "guest" },
  }),
  "GetFederationToken with tags": () => ({
    needs: [
      ["sts:GetFederationToken", `arn:aws:sts::${account}:federated-user/guest`],
      ["sts:TagSession", `arn:aws:sts::${account}:federated-user/guest`],
    ],
    input: { Name: "guest", Tags: [{ Key: "team", Value: "a" }] },
  }),
};

/** Operations that everybody may call who has signed. AWS lists no permission for them that a policy could take away. */
export const undeniable: Record<string, object> = { GetCallerIdentity: {}, GetSessionToken: {} };

/** Nobody signs this one: the trust policy of the role decides. */
export async function checkWebIdentity(world: World): Promise<void> {
  const name = world.issuer.url.slice("https://".length);
  await world.iam.createOpenIDConnectProvider({ Url: world.issuer.url, ClientIDList: ["millrace"] });
  const trusting = (subject: string) => ({
    Statement: [
      {
        Effect: "Allow",
        Principal: { Federated: `arn:aws:iam::${account}:oidc-provider/${name}` },
        Action: "sts:AssumeRoleWithWebIdentity",
        Condition: { StringEquals: { [`${name}:sub`]: subject } },
      },
    ],
  });
  const noKeys = () => Promise.reject(new Error("nobody may ask for keys here"));
  const sts = world.sts(undefined, { credentials: noKeys });
  const assume = async (subject: string) => {
    const { arn } = await world.role(world.fresh("role"), trusting(subject));
    const WebIdentityToken = world.issuer.token({ sub: "job-7" });
    return sts.assumeRoleWithWebIdentity({ RoleArn: arn, RoleSessionName: "session", WebIdentityToken });
  };
  assert.match((await assume("job-7")).Credentials!.AccessKeyId!, /^ASIA/);
  await assert.rejects(assume("job-8"), { name: "AccessDenied", message: /sts:AssumeRoleWithWebIdentity/ });
}
