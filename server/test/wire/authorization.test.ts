/**
 * Every served operation, allowed and denied: called through the edge by users whose only policy allows what the tables
 * in authorized-calls/ say that it needs, or everything but one of these needs.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Keys } from "../support/identities.ts";
import type { Case, Cases, Need } from "./authorized-calls/cases.ts";
import { iamCases } from "./authorized-calls/iam.ts";
import { kmsCases } from "./authorized-calls/kms.ts";
import { s3Cases } from "./authorized-calls/s3.ts";
import { archivedMediaCases, mediaCases, streamsCases } from "./authorized-calls/streams.ts";
import { checkWebIdentity, stsCases, undeniable } from "./authorized-calls/sts.ts";
import { transcoderCases } from "./authorized-calls/transcoder.ts";
import { startWorld, type World } from "./authorized-calls/world.ts";

type Api = { cases: Cases; denied: readonly [status: number, name: string] };

/** By model: the calls to try, and how the API says no. */
const apis: Record<string, Api> = {
  iam: { cases: iamCases, denied: [403, "AccessDenied"] },
  sts: { cases: stsCases, denied: [403, "AccessDenied"] },
  kms: { cases: kmsCases, denied: [400, "AccessDeniedException"] },
  s3: { cases: s3Cases, denied: [403, "AccessDenied"] },
  "kinesis-video": { cases: streamsCases, denied: [401, "AccessDeniedException"] },
  "kinesis-video-media": { cases: mediaCases, denied: [401, "AccessDeniedException"] },
  "kinesis-video-archived-media": { cases: archivedMediaCases, denied: [401, "AccessDeniedException"] },
  "kinesis-video-signaling": { cases: {}, denied: [401, "AccessDeniedException"] },
  "elastic-transcoder": { cases: transcoderCases, denied: [403, "AccessDeniedException"] },
};

/** Whose trust policy decides and not the caller's, who has none: checked on its own. */
const byTrustAlone = ["sts AssumeRoleWithWebIdentity"];

test("each operation asks for exactly what AWS's reference says", { concurrency: 4 }, async (t) => {
  const world = await startWorld(t);
  const counts = { allowed: 0, denied: 0 };

  await t.test("none is forgotten, and none is made up", () => {
    const known = Object.entries(apis).flatMap(([model, { cases }]) =>
      Object.keys(cases).map((name) => `${model} ${operationOf(name)}`),
    );
    const checked = new Set([...known, ...byTrustAlone, ...Object.keys(undeniable).map((name) => `sts ${name}`)]);
    const served = world.services.flatMap(({ model, operations }) =>
      Object.keys(operations).map((name) => `${model} ${name}`),
    );
    assert.deepEqual([...checked].sort(), served.sort());
  });

  const calls = Object.entries(apis).flatMap(([model, { cases, denied }]) =>
    Object.entries(cases).map(([name, make]) =>
      t.test(`${model} ${name}`, async () => {
        const operation = operationOf(name);
        const one = await make(world, operation);
        assert.equal(new Set(one.needs.map(String)).size, one.needs.length, "a need stands there twice");
        for (const need of one.needs) {
          const error = await failureOf(world, model, operation, one, await newUser(world, allBut(need)));
          const what = `without ${need.join(" on ")}`;
          assert.ok(error !== undefined, `${what} it is allowed`);
          // An answer to HEAD has no body to tell more with.
          if (operation.startsWith("Head")) assert.equal(error.status, denied[0], what);
          else {
            assert.deepEqual([error.status, error.name], denied, `${what}: ${error.message}`);
            const text = `is not authorized to perform: ${need[0]} on resource: ${need[1]} `;
            assert.ok(error.message.includes(text), `${what}: ${error.message}`);
          }
          counts.denied += 1;
        }
        const error = await failureOf(world, model, operation, one, await newUser(world, one.needs.map(allowed)));
        assert.equal(error?.name, one.fails, `with ${JSON.stringify(one.needs)}: ${error?.message}`);
        counts.allowed += 1;
      }),
    ),
  );
  await Promise.all(calls);

  await t.test("those that nobody can be denied are answered under a Deny of everything", async () => {
    const sets = world.services.flatMap(({ model, undeniable = [] }) => [...undeniable].map((name) => [model, name]));
    assert.deepEqual(
      sets,
      Object.keys(undeniable).map((name) => ["sts", name]),
    );
    const keys = await newUser(world, [{ Effect: "Deny", Action: "*", Resource: "*" }]);
    for (const [name, input] of Object.entries(undeniable)) {
      assert.equal(await failureOf(world, "sts", name, { needs: [], input }, keys), undefined, name);
    }
  });

  await t.test("a web identity is let in by the role's trust policy alone", () => checkWebIdentity(world));

  t.diagnostic(`${counts.allowed} calls allowed, ${counts.denied} denied`);
});

/** `PutObject with tags` is a PutObject. */
function operationOf(name: string): string {
  return name.split(" ")[0]!;
}

type Failure = { status: number | undefined; name: string; message: string };

async function failureOf(
  world: World,
  model: string,
  operation: string,
  { input = {}, call }: Case,
  keys: Keys,
): Promise<Failure | undefined> {
  try {
    await (call?.(keys) ?? callBySdk(world, model, operation, input, keys));
    return undefined;
  } catch (error) {
    const { name, message, $metadata } = error as Error & { $metadata?: { httpStatusCode: number } };
    if ($metadata === undefined) throw error;
    return { status: $metadata.httpStatusCode, name, message };
  }
}

async function callBySdk(world: World, model: string, operation: string, input: object, keys: Keys): Promise<void> {
  const client = world.client(model as Parameters<World["client"]>[0], keys);
  const method = operation[0]!.toLowerCase() + operation.slice(1);
  // biome-ignore lint/suspicious/noExplicitAny: clients of all services are driven alike.
  const { Body, Payload } = await (client as any)[method](input);
  for (const stream of [Body, Payload]) stream?.destroy?.();
}

async function newUser(world: World, statements: readonly object[]): Promise<Keys> {
  const { keys } = await world.user(world.fresh("caller"), [{ Statement: statements }]);
  return keys;
}

function allowed([Action, Resource]: Need): object {
  return { Effect: "Allow", Action, Resource };
}

/** Everything is allowed but this action on this resource. */
function allBut([action, resource]: Need): object[] {
  return [
    { Effect: "Allow", NotAction: action, Resource: "*" },
    { Effect: "Allow", Action: action, NotResource: resource },
  ];
}
