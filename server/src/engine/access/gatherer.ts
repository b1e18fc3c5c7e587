/**
 * What users and roles hold: their policies, their boundary, their tags. Looked up anew after a second, and at once after
 * this process has changed something.
 */
import type { Clock } from "../../base/clock.ts";
import type { Policy, SourcedPolicy } from "../../policy/policy.types.ts";
import { heldInlinePolicies, heldManagedPolicies } from "../../storage/records/holdings.ts";
import { findManagedPolicy } from "../../storage/records/managed-policies.ts";
import type { Records } from "../../storage/records/records.ts";
import { findRoleById } from "../../storage/records/roles.ts";
import { findUserById } from "../../storage/records/users.ts";
import type { ParsedPolicies } from "./parsed-policies.ts";

export type Holdings = {
  identity: readonly SourcedPolicy[];
  boundary?: SourcedPolicy;
  tags: Readonly<Record<string, string>>;
};

export type Gatherer = {
  /** By `AIDA…`; with those of the groups. `undefined`: there is no such user. */
  ofUser(id: string): Promise<Holdings | undefined>;
  /** By `AROA…`. */
  ofRole(id: string): Promise<Holdings | undefined>;
  /** One that does not exist allows nothing. */
  managed(arn: string): Promise<SourcedPolicy>;
  forget(): void;
};

export type GathererOptions = { records: Records; clock: Clock; policies: ParsedPolicies };

const keptMs = 1000;
const maxKept = 10_000;

export function openGatherer({ records, clock, policies }: GathererOptions): Gatherer {
  const { db } = records;
  let kept = new Map<string, { at: number; value: Promise<unknown> }>();

  function lately<Value>(name: string, look: () => Promise<Value>): Promise<Value> {
    const found = kept.get(name);
    const age = found === undefined ? keptMs : clock() - found.at;
    if (0 <= age && age < keptMs) return found!.value as Promise<Value>;
    const value = look();
    // What is forgotten while it is looked up goes into a map that nobody asks any more.
    const into = kept;
    into.delete(name);
    into.set(name, { at: clock(), value });
    if (maxKept < into.size) into.delete(into.keys().next().value!);
    value.catch(() => into.delete(name));
    return value;
  }

  async function policiesOf(id: string, owner: string): Promise<SourcedPolicy[]> {
    const [inline, attached] = await Promise.all([heldInlinePolicies(db, id), heldManagedPolicies(db, id)]);
    return [
      ...inline.map(({ name, document, group }) => ({
        source: `inline policy ${name} of ${group === null ? owner : `group ${group}`}`,
        policy: policies.parse(document, "identity"),
      })),
      ...(await Promise.all(attached.map(managed))),
    ];
  }

  function managed(arn: string): Promise<SourcedPolicy> {
    return lately(arn, async () => {
      const found = await findManagedPolicy(db, arn);
      return { source: arn, policy: found === undefined ? empty : policies.parse(found.document, "identity") };
    });
  }

  async function boundaryOf({ boundary }: { boundary: string | undefined }): Promise<Pick<Holdings, "boundary">> {
    return boundary === undefined ? {} : { boundary: await managed(boundary) };
  }

  return {
    ofUser: (id) =>
      lately(id, async () => {
        const user = await findUserById(db, id);
        if (user === undefined) return undefined;
        const identity = await policiesOf(id, `user ${user.name}`);
        return { identity, tags: user.tags, ...(await boundaryOf(user)) };
      }),

    ofRole: (id) =>
      lately(id, async () => {
        const role = await findRoleById(db, id);
        if (role === undefined) return undefined;
        const identity = await policiesOf(id, `role ${role.name}`);
        return { identity, tags: role.tags, ...(await boundaryOf(role)) };
      }),

    managed,

    forget() {
      kept = new Map();
    },
  };
}

const empty: Policy = { version: "2012-10-17", statements: [] };
