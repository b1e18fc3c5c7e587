/**
 * OpenID Connect providers: the issuers whose tokens AssumeRoleWithWebIdentity takes.
 *
 * Thumbprints are kept and shown; an issuer's certificate is judged by the certificate authorities that this server
 * trusts, as AWS does for most issuers.
 */
import type {
  AddClientIDToOpenIDConnectProviderRequest,
  CreateOpenIDConnectProviderRequest,
  CreateOpenIDConnectProviderResponse,
  DeleteOpenIDConnectProviderRequest,
  GetOpenIDConnectProviderRequest,
  GetOpenIDConnectProviderResponse,
  ListOpenIDConnectProvidersRequest,
  ListOpenIDConnectProvidersResponse,
  RemoveClientIDFromOpenIDConnectProviderRequest,
  UpdateOpenIDConnectProviderThumbprintRequest,
} from "@aws-sdk/client-iam";
import {
  buildOidcProviderArn,
  deleteOidcProvider,
  insertOidcProvider,
  listOidcProviders,
  updateOidcProvider,
} from "../../storage/records/oidc-providers.ts";
import type { Operation, With } from "../operation.ts";
import { change, type IamContext } from "./context.ts";
import { alreadyExists, invalidInput, quotaExceeded } from "./errors.ts";
import { needProvider, onProvider } from "./providers.ts";
import { quotas } from "./quotas.ts";
import { requestTags, tagList, withTags } from "./tag-set.ts";

export const createOpenIDConnectProvider: Operation<
  With<CreateOpenIDConnectProviderRequest, "Url">,
  CreateOpenIDConnectProviderResponse,
  IamContext
> = {
  authorize: ({ Url, Tags }, ctx) => ({
    action: "iam:CreateOpenIDConnectProvider",
    resource: buildOidcProviderArn({ account: ctx.accountId, name: nameOf(Url) }),
    context: requestTags(Tags),
  }),

  async run({ Url, ClientIDList = [], ThumbprintList = [], Tags }, ctx) {
    checkUrl(Url);
    const clientIds = checkCount([...new Set(ClientIDList)], "ClientIdsPerOpenIdConnectProvider");
    const thumbprints = checkCount(ThumbprintList, "ThumbprintsPerOpenIdConnectProvider");
    const provider = {
      account: ctx.accountId,
      name: nameOf(Url),
      createdAt: ctx.clock(),
      clientIds,
      thumbprints,
      tags: withTags({}, Tags),
    };
    await change(ctx, async (db) => {
      if ((await insertOidcProvider(db, provider)) === "exists") {
        throw alreadyExists(`Provider with url ${Url} already exists.`);
      }
      checkCount(await listOidcProviders(db, ctx.accountId), "OpenIdConnectProvidersPerAccount");
    });
    const OpenIDConnectProviderArn = buildOidcProviderArn(provider);
    return { OpenIDConnectProviderArn, ...(Tags !== undefined && { Tags: tagList(provider.tags) }) };
  },
};

export const getOpenIDConnectProvider: Operation<
  With<GetOpenIDConnectProviderRequest, "OpenIDConnectProviderArn">,
  GetOpenIDConnectProviderResponse,
  IamContext
> = {
  authorize: (input, ctx) => onProvider("GetOpenIDConnectProvider", input.OpenIDConnectProviderArn, ctx),

  async run(input, ctx) {
    const { name, clientIds, thumbprints, createdAt, tags } = await needProvider(input.OpenIDConnectProviderArn, ctx);
    return {
      Url: name,
      ClientIDList: [...clientIds],
      ThumbprintList: [...thumbprints],
      CreateDate: new Date(createdAt),
      Tags: tagList(tags),
    };
  },
};

export const listOpenIDConnectProviders: Operation<
  ListOpenIDConnectProvidersRequest,
  ListOpenIDConnectProvidersResponse,
  IamContext
> = {
  authorize: () => ({ action: "iam:ListOpenIDConnectProviders", resource: "*" }),

  async run(_, ctx) {
    const providers = await listOidcProviders(ctx.records.db, ctx.accountId);
    return { OpenIDConnectProviderList: providers.map(({ arn }) => ({ Arn: arn })) };
  },
};

export const deleteOpenIDConnectProvider: Operation<
  With<DeleteOpenIDConnectProviderRequest, "OpenIDConnectProviderArn">,
  object,
  IamContext
> = {
  authorize: (input, ctx) => onProvider("DeleteOpenIDConnectProvider", input.OpenIDConnectProviderArn, ctx),

  async run(input, ctx) {
    await change(ctx, async (db) => {
      const { account, name } = await needProvider(input.OpenIDConnectProviderArn, ctx, db);
      await deleteOidcProvider(db, account, name);
    });
    return {};
  },
};

export const addClientIDToOpenIDConnectProvider: Operation<
  With<AddClientIDToOpenIDConnectProviderRequest, "OpenIDConnectProviderArn" | "ClientID">,
  object,
  IamContext
> = {
  authorize: (input, ctx) => onProvider("AddClientIDToOpenIDConnectProvider", input.OpenIDConnectProviderArn, ctx),

  async run({ OpenIDConnectProviderArn, ClientID }, ctx) {
    await change(ctx, async (db) => {
      const provider = await needProvider(OpenIDConnectProviderArn, ctx, db);
      const clientIds = [...new Set([...provider.clientIds, ClientID])];
      checkCount(clientIds, "ClientIdsPerOpenIdConnectProvider");
      await updateOidcProvider(db, provider, { clientIds });
    });
    return {};
  },
};

export const removeClientIDFromOpenIDConnectProvider: Operation<
  With<RemoveClientIDFromOpenIDConnectProviderRequest, "OpenIDConnectProviderArn" | "ClientID">,
  object,
  IamContext
> = {
  authorize: (input, ctx) => onProvider("RemoveClientIDFromOpenIDConnectProvider", input.OpenIDConnectProviderArn, ctx),

  async run({ OpenIDConnectProviderArn, ClientID }, ctx) {
    await change(ctx, async (db) => {
      const provider = await needProvider(OpenIDConnectProviderArn, ctx, db);
      await updateOidcProvider(db, provider, { clientIds: provider.clientIds.filter((id) => id !== ClientID) });
    });
    return {};
  },
};

export const updateOpenIDConnectProviderThumbprint: Operation<
  With<UpdateOpenIDConnectProviderThumbprintRequest, "OpenIDConnectProviderArn" | "ThumbprintList">,
  object,
  IamContext
> = {
  authorize: (input, ctx) => onProvider("UpdateOpenIDConnectProviderThumbprint", input.OpenIDConnectProviderArn, ctx),

  async run({ OpenIDConnectProviderArn, ThumbprintList }, ctx) {
    checkCount(ThumbprintList, "ThumbprintsPerOpenIdConnectProvider");
    await change(ctx, async (db) => {
      const provider = await needProvider(OpenIDConnectProviderArn, ctx, db);
      await updateOidcProvider(db, provider, { thumbprints: ThumbprintList });
    });
    return {};
  },
};

function nameOf(url: string): string {
  return url.replace(/^https:\/\//, "");
}

function checkUrl(url: string): void {
  const parsed = URL.parse(url);
  const isPlain = parsed?.protocol === "https:" && parsed.search === "" && parsed.hash === "" && parsed.username === "";
  if (!isPlain || !/^https:\/\/[^\s/?#]+[^\s?#]*$/.test(url)) {
    throw invalidInput("Invalid Open ID Connect Provider URL: it must begin with https:// and have no query.");
  }
}

type Quota = `${string}PerOpenIdConnectProvider` & keyof typeof quotas;

function checkCount<Item>(list: readonly Item[], quota: Quota | "OpenIdConnectProvidersPerAccount"): readonly Item[] {
  if (quotas[quota] < list.length) throw quotaExceeded(quota, quotas[quota]);
  return list;
}
