/**
 * IAM as clients reach it: the real edge, policies and service over SQLite on a free port.
 */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { IAM, type IAMClientConfig } from "@aws-sdk/client-iam";
import { openIamService } from "../../src/services/iam/service.ts";
import {
  type IdentityServer,
  type IdentityServerOptions,
  type Keys,
  region,
  startIdentities,
} from "../support/identities.ts";

export type IamServer = IdentityServer & { iam(credentials?: Keys, options?: IAMClientConfig): IAM };

export async function startIam(t: TestContext, options: IdentityServerOptions = {}): Promise<IamServer> {
  const server = await startIdentities(t, {
    ...options,
    services: ({ records, sealer, access }) => [openIamService({ records, sealer, changed: access.forget })],
  });
  const clients: IAM[] = [];
  t.after(() => {
    for (const client of clients) client.destroy();
  });
  return {
    ...server,
    iam(credentials = server.root, more = {}) {
      const client = new IAM({ endpoint: server.url, region, credentials, maxAttempts: 1, ...more });
      clients.push(client);
      return client;
    },
  };
}

/** For assert.rejects: an error of the SDK by its code, its message and its status. */
export function named(code: string, message: RegExp | string, status: number) {
  return (error: Error & { $metadata?: { httpStatusCode?: number } }) => {
    // The SDK names errors that the model knows by their shapes.
    assert.equal(error.name.replace(/Exception$/, ""), code, error.message);
    if (typeof message === "string") assert.equal(error.message, message);
    else assert.match(error.message, message);
    assert.equal(error.$metadata?.httpStatusCode, status);
    return true;
  };
}

export const allow = (action: string | string[], resource: string | string[] = "*", more: object = {}) => ({
  Effect: "Allow",
  Action: action,
  Resource: resource,
  ...more,
});

export const deny = (action: string, resource = "*") => ({ Effect: "Deny", Action: action, Resource: resource });

export function policyOf(...statements: object[]): string {
  return JSON.stringify({ Version: "2012-10-17", Statement: statements });
}

export function trustOf(principal: object | string): string {
  return policyOf({ Effect: "Allow", Principal: principal, Action: "sts:AssumeRole" });
}
