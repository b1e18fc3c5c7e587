/**
 * Lists of what cannot be made here, and so is always empty. Terraform and its like ask for them before they delete a
 * role or a user.
 */
import type { Operation } from "../operation.ts";
import type { IamContext } from "./context.ts";
import { need, onOwner } from "./owners.ts";

type Listing<Input, Output> = Operation<Input, Output & { IsTruncated: boolean }, IamContext>;

function emptyList<Output extends object>(action: string, output: Output): Listing<object, Output> {
  return {
    authorize: () => ({ action: `iam:${action}`, resource: "*" }),
    run: async () => ({ ...output, IsTruncated: false }),
  };
}

function emptyListOfUser<Output extends object>(
  action: string,
  output: Output,
): Listing<{ UserName?: string | undefined }, Output> {
  return {
    authorize: ({ UserName }, ctx) => onOwner(action, "user", UserName, ctx),
    async run({ UserName }, ctx) {
      if (UserName !== undefined) await need("user", UserName, ctx);
      return { ...output, IsTruncated: false };
    },
  };
}

export const listInstanceProfilesForRole: Listing<{ RoleName: string }, { InstanceProfiles: never[] }> = {
  authorize: ({ RoleName }, ctx) => onOwner("ListInstanceProfilesForRole", "role", RoleName, ctx),
  async run({ RoleName }, ctx) {
    await need("role", RoleName, ctx);
    return { InstanceProfiles: [], IsTruncated: false };
  },
};

export const listAccountAliases = emptyList("ListAccountAliases", { AccountAliases: [] as string[] });
export const listInstanceProfiles = emptyList("ListInstanceProfiles", { InstanceProfiles: [] as never[] });
export const listMFADevices = emptyListOfUser("ListMFADevices", { MFADevices: [] as never[] });
export const listSigningCertificates = emptyListOfUser("ListSigningCertificates", { Certificates: [] as never[] });
export const listSSHPublicKeys = emptyListOfUser("ListSSHPublicKeys", { SSHPublicKeys: [] as never[] });
export const listServiceSpecificCredentials = emptyListOfUser("ListServiceSpecificCredentials", {
  ServiceSpecificCredentials: [] as never[],
});
