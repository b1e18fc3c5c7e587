/**
 * Whether somebody may do something: all policies that have a say are gathered, and policy/evaluate.ts decides.
 *
 * Who may do what is looked up at each call, and remembered for a second at most: a session of a role that is gone, or
 * whose policies have changed, is judged by what is there now.
 */
import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { evaluate } from "../../policy/evaluate.ts";
import { explain } from "../../policy/explain.ts";
import type {
  AccessQuestion,
  ConditionContext,
  Decision,
  Policy,
  PolicyKind,
  PolicyPrincipal,
  SourcedPolicy,
} from "../../policy/policy.types.ts";
import type { Records } from "../../storage/records/records.ts";
import { findRoleByArn } from "../../storage/records/roles.ts";
import { type Holdings, openGatherer } from "./gatherer.ts";
import { openParsedPolicies } from "./parsed-policies.ts";
import type { AccessWanted, RoleAccess } from "./role-access.ts";
import type { Requester } from "./session.ts";

export type Asked = {
  /** `undefined`: nobody in particular. */
  caller: Requester | undefined;
  wanted: AccessWanted;
  /** The condition keys of the request, by lower-case name. Not asked for where no policy has a say. */
  request(): ConditionContext;
};

export type Access = RoleAccess & {
  /** Never throws for what policies say, or how. */
  decide(asked: Asked): Decision | Promise<Decision>;
  /** The same in sentences: the decision, then the statements that made it. @throws MalformedPolicy */
  explain(asked: Asked): Promise<readonly string[]>;
  /** Whether the policy of the resource lets in somebody who has no policies here: a service, a web identity. */
  decideBy(principal: PolicyPrincipal, wanted: AccessWanted): Promise<Decision>;
  /** Users, groups, roles or policies have changed: nothing that was gathered before counts any more. */
  forget(): void;
};

export type AccessOptions = { records: Records; clock: Clock; log: Log };

export function openAccess({ records, clock, log }: AccessOptions): Access {
  const policies = openParsedPolicies();
  const gatherer = openGatherer({ records, clock, policies });

  function questionOf(
    principal: PolicyPrincipal,
    { identity, boundary, session }: Pick<Holdings, "identity" | "boundary"> & { session?: readonly SourcedPolicy[] },
    { action, resource, accountId, resourcePolicy }: AccessWanted,
    context: ConditionContext,
  ): AccessQuestion {
    const resourceAccountId = accountId ?? ("accountId" in principal ? principal.accountId : "");
    return {
      principal,
      action,
      resource,
      resourceAccountId,
      context: { "aws:resourceaccount": resourceAccountId, ...context },
      identity,
      ...(boundary !== undefined && { boundary }),
      ...(session !== undefined && { session }),
      ...(resourcePolicy !== undefined && {
        resourcePolicy: {
          source: resourcePolicy.source,
          policy: policies.parse(resourcePolicy.document, kindOf(action, resourcePolicy.mustAllow)),
          ...(resourcePolicy.mustAllow !== undefined && { mustAllow: resourcePolicy.mustAllow }),
        },
      }),
    };
  }

  /** What cannot be evaluated is denied, and the log says why. */
  async function orDeny(wanted: AccessWanted, work: () => Promise<Decision>): Promise<Decision> {
    try {
      return await work();
    } catch (error) {
      log.error({ err: error, action: wanted.action, resource: wanted.resource }, "policies could not be evaluated");
      return {
        allowed: false,
        decision: "implicitDeny",
        reason: "because its policies could not be evaluated",
        matched: [],
        missingContext: [],
      };
    }
  }

  async function sessionPolicies({ session }: Requester): Promise<readonly SourcedPolicy[] | undefined> {
    if (session?.policies === undefined && session?.policyArns === undefined) return undefined;
    const inline = (session.policies ?? []).map((document) => ({
      source: "session policy",
      policy: policies.parse(document, "identity"),
    }));
    const managed = await Promise.all((session.policyArns ?? []).map((arn) => gatherer.managed(arn)));
    return [...inline, ...managed];
  }

  async function ask({ caller, wanted, request }: Asked): Promise<AccessQuestion> {
    const holdings = caller === undefined ? nothing : await holdingsOf(caller);
    const context = { ...principalTags(holdings.tags), ...request(), ...wanted.context };
    if (caller === undefined) return questionOf({ type: "anonymous" }, holdings, wanted, context);
    const session = await sessionPolicies(caller);
    return questionOf(principalOf(caller), { ...holdings, ...(session && { session }) }, wanted, context);
  }

  function decide(asked: Asked): Decision | Promise<Decision> {
    return isRootAlone(asked) ? asRoot : orDeny(asked.wanted, async () => evaluate(await ask(asked)));
  }

  async function holdingsOf({ isRoot, session, userId }: Requester): Promise<Holdings> {
    if (isRoot) return nothing;
    if (session?.federatedBy === "root") return everything;
    if (session?.role !== undefined) return (await gatherer.ofRole(session.role.id)) ?? nothing;
    const id = session?.federatedBy ?? userId;
    return (id === undefined ? undefined : await gatherer.ofUser(id)) ?? nothing;
  }

  return {
    decide,

    async explain(asked) {
      const question = await ask(asked);
      return explain(question, evaluate(question));
    },

    decideBy(principal, wanted) {
      const context = {
        "aws:currenttime": new Date(clock()).toISOString(),
        "aws:epochtime": String(Math.floor(clock() / 1000)),
        ...(principal.type === "service" && {
          "aws:principalisawsservice": "true",
          "aws:principalservicename": principal.name,
        }),
        ...wanted.context,
      };
      return orDeny(wanted, async () => evaluate(questionOf(principal, nothing, wanted, context)));
    },

    async canBeAssumedBy(roleArn, service) {
      const role = await findRoleByArn(records.db, roleArn);
      if (role === undefined) return "no such role";
      const { allowed } = await this.decideBy(
        { type: "service", name: service },
        {
          action: "sts:AssumeRole",
          resource: role.arn,
          accountId: role.account,
          context: { "aws:sourceaccount": role.account },
          resourcePolicy: { source: `trust policy of role ${role.name}`, document: role.trustPolicy, mustAllow: true },
        },
      );
      return allowed ? undefined : "not trusted";
    },

    async decideAs(roleArn, wanted) {
      const role = await findRoleByArn(records.db, roleArn);
      const sessionName = "millrace";
      const { account = accountOf(roleArn), id = "", name = "" } = role ?? {};
      const caller: Requester = {
        accountId: account,
        principalArn: `arn:aws:sts::${account}:assumed-role/${name}/${sessionName}`,
        isRoot: false,
        userId: `${id}:${sessionName}`,
        session: {
          issuedAtMs: clock(),
          expiresAtMs: Number.MAX_SAFE_INTEGER,
          role: { arn: roleArn, id, name },
          tags: {},
        },
      };
      const request = (): ConditionContext => ({
        "aws:currenttime": new Date(clock()).toISOString(),
        "aws:epochtime": String(Math.floor(clock() / 1000)),
        "aws:principalarn": roleArn,
        "aws:principalaccount": account,
        "aws:principaltype": "AssumedRole",
        "aws:userid": caller.userId!,
        "aws:viaawsservice": "true",
        "aws:principalisawsservice": "false",
        "aws:securetransport": "true",
      });
      return decide({ caller, wanted, request });
    },

    forget: gatherer.forget,
  };
}

/** The root of an account may do everything in it, where no policy has a say. */
function isRootAlone({ caller, wanted: { accountId, resourcePolicy } }: Asked): boolean {
  const isOwn = accountId === undefined || accountId === caller?.accountId;
  return caller?.isRoot === true && caller.session === undefined && isOwn && resourcePolicy === undefined;
}

const asRoot: Decision = {
  allowed: true,
  decision: "allowed",
  reason: "as the root of the account",
  matched: [],
  missingContext: [],
};

const nothing: Holdings = { identity: [], tags: {} };

/** What the root of an account hands on to those whom it federates: all, within the session's own policies. */
const everything: Holdings = {
  identity: [{ source: "the root of the account", policy: allowAll() }],
  tags: {},
};

function allowAll(): Policy {
  const place = { line: 1, column: 1 };
  const statement = { index: 0, start: place, end: place, actions: () => true, resources: () => true, conditions: [] };
  return { version: "2012-10-17", statements: [{ ...statement, effect: "Allow" }] };
}

function principalOf({ accountId, principalArn, isRoot, userId = "", session }: Requester): PolicyPrincipal {
  if (isRoot) return { type: "root", accountId };
  if (session?.role !== undefined) {
    return { type: "session", accountId, arn: principalArn, roleArn: session.role.arn, roleId: session.role.id };
  }
  if (session?.federatedBy !== undefined) return { type: "federated-user", accountId, arn: principalArn };
  return { type: "user", accountId, arn: principalArn, id: userId };
}

function principalTags(tags: Readonly<Record<string, string>>): ConditionContext {
  return Object.fromEntries(
    Object.entries(tags).map(([key, value]) => [`aws:principaltag/${key.toLowerCase()}`, value]),
  );
}

/** Policies that must allow by themselves are those of roles and of keys. */
function kindOf(action: string, mustAllow: boolean | undefined): PolicyKind {
  if (!mustAllow) return "resource";
  return action.startsWith("sts:") ? "trust" : "key";
}

function accountOf(arn: string): string {
  return arn.split(":")[4] ?? "";
}
