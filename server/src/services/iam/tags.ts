/**
 * The tags of users, roles, policies and OpenID Connect providers: the same three operations for each.
 */
import type { Tag } from "@aws-sdk/client-iam";
import type { ConditionContext } from "../../policy/policy.types.ts";
import { setPolicyTags } from "../../storage/records/managed-policies.ts";
import { updateOidcProvider } from "../../storage/records/oidc-providers.ts";
import { updateRole } from "../../storage/records/roles.ts";
import { updateUser } from "../../storage/records/users.ts";
import type { Authorization, Operation } from "../operation.ts";
import { type Call, change, type Database, type IamContext } from "./context.ts";
import { need, onOwner } from "./owners.ts";
import { type PageInput, type PageOutput, pageIn } from "./paging.ts";
import { needOwnPolicy, needPolicy, onPolicy } from "./policies.ts";
import { needProvider, onProvider } from "./providers.ts";
import { requestTags, type TagSet, tagList, withoutTags, withTags } from "./tag-set.ts";

/** What can be tagged: how it is named, judged, read and written. */
export type Tagged<Member extends string> = {
  /** As operations end: `TagUser`. */
  noun: string;
  member: Member;
  on(action: string, name: string, ctx: Call, context?: ConditionContext): Promise<Authorization>;
  read(name: string, ctx: Call): Promise<TagSet>;
  rewrite(name: string, ctx: Call, db: Database, change: (tags: TagSet) => TagSet): Promise<void>;
};

export const taggedUser: Tagged<"UserName"> = {
  noun: "User",
  member: "UserName",
  on: (action, name, ctx, context) => onOwner(action, "user", name, ctx, context),
  read: async (name, ctx) => (await need("user", name, ctx)).tags,
  async rewrite(name, ctx, db, change) {
    const user = await need("user", name, ctx, db);
    await updateUser(db, user, { tags: change(user.tags) });
  },
};

export const taggedRole: Tagged<"RoleName"> = {
  noun: "Role",
  member: "RoleName",
  on: (action, name, ctx, context) => onOwner(action, "role", name, ctx, context),
  read: async (name, ctx) => (await need("role", name, ctx)).tags,
  async rewrite(name, ctx, db, change) {
    const role = await need("role", name, ctx, db);
    await updateRole(db, role, { tags: change(role.tags) });
  },
};

export const taggedPolicy: Tagged<"PolicyArn"> = {
  noun: "Policy",
  member: "PolicyArn",
  on: onPolicy,
  read: async (arn, ctx) => (await needPolicy(arn, ctx)).tags,
  async rewrite(arn, ctx, db, change) {
    const policy = await needOwnPolicy(arn, ctx, db);
    await setPolicyTags(db, policy.id, change(policy.tags));
  },
};

export const taggedProvider: Tagged<"OpenIDConnectProviderArn"> = {
  noun: "OpenIDConnectProvider",
  member: "OpenIDConnectProviderArn",
  on: onProvider,
  read: async (arn, ctx) => (await needProvider(arn, ctx)).tags,
  async rewrite(arn, ctx, db, change) {
    const provider = await needProvider(arn, ctx, db);
    await updateOidcProvider(db, provider, { tags: change(provider.tags) });
  },
};

export function tagOperations<Member extends string>({ noun, member, on, read, rewrite }: Tagged<Member>) {
  type Named = { [Each in Member]: string };
  const tag: Operation<Named & { Tags: Tag[] }, object, IamContext> = {
    authorize: (input, ctx) => on(`Tag${noun}`, input[member], ctx, requestTags(input.Tags)),

    async run(input, ctx) {
      await change(ctx, (db) => rewrite(input[member], ctx, db, (tags) => withTags(tags, input.Tags)));
      return {};
    },
  };

  const untag: Operation<Named & { TagKeys: string[] }, object, IamContext> = {
    authorize: (input, ctx) => on(`Untag${noun}`, input[member], ctx, { "aws:tagkeys": input.TagKeys }),

    async run(input, ctx) {
      await change(ctx, (db) => rewrite(input[member], ctx, db, (tags) => withoutTags(tags, input.TagKeys)));
      return {};
    },
  };

  const list: Operation<Named & PageInput, { Tags: Tag[] } & PageOutput, IamContext> = {
    authorize: (input, ctx) => on(`List${noun}Tags`, input[member], ctx),

    async run(input, ctx) {
      const { page, output } = pageIn(tagList(await read(input[member], ctx)), input, ({ Key }) => Key!);
      return { Tags: page, ...output };
    },
  };

  return { tag, untag, list };
}
