/**
 * Every served operation, allowed and denied: called through the edge by users whose only policy allows what the tables
 * in authorized-calls/ say that it needs, or everything but one of these needs; and by nobody.
 */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
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

type Refusal = readonly [status: number, name: string];

type Api = { cases: Cases; denied: Refusal; unsigned: Refusal };

const noToken: Refusal = [403, "MissingAuthenticationToken"];
const noTokenException: Refusal = [403, "MissingAuthenticationTokenException"];

/** By model: the calls to try, and how the API says no to somebody and to nobody. */
const apis: Record<string, Api> = {
  // A form that nobody has signed is STS's, which has operations for those who have no keys yet.
  iam: { cases: iamCases, denied: [403, "AccessDenied"], unsigned: [400, "InvalidAction"] },
  sts: { cases: stsCases, denied: [403, "AccessDenied"], unsigned: noToken },
  kms: {
    cases: kmsCases,
    denied: [400, "AccessDeniedException"],
    unsigned: [400, "MissingAuthenticationTokenException"],
  },
  s3: { cases: s3Cases, denied: [403, "AccessDenied"], unsigned: [403, "AccessDenied"] },
  "kinesis-video": { cases: streamsCases, denied: [401, "AccessDeniedException"], unsigned: noTokenException },
  "kinesis-video-media": { cases: mediaCases, denied: [401, "AccessDeniedException"], unsigned: noTokenException },
  "kinesis-video-archived-media": {
    cases: archivedMediaCases,
    denied: [401, "AccessDeniedException"],
    unsigned: noTokenException,
  },
  "kinesis-video-signaling": { cases: {}, denied: [401, "AccessDeniedException"], unsigned: noTokenException },
  "elastic-transcoder": { cases: transcoderCases, denied: [403, "AccessDeniedException"], unsigned: noTokenException },
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

  await t.test("the program serves no service that is not tried here", async () => {
    const opened = async (file: string) => {
      const text = await readFile(join(import.meta.dirname, file), "utf8");
      return [...text.matchAll(/\/services\/([a-z0-9]+)\/service\.ts"/g)].map(([, name]) => name);
    };
    const program = await opened("../../src/app/compose.ts");
    assert.ok(5 <= program.length);
    assert.deepEqual(program.sort(), (await opened("authorized-calls/world.ts")).sort());
  });

  const calls = Object.entries(apis).flatMap(([model, { cases, denied, unsigned }]) =>
    Object.entries(cases).map(([name, make]) =>
      t.test(`${model} ${name}`, async () => {
        const operation = operationOf(name);
        const one = await make(world, operation);
        const nobodys = await failureOf(world, model, operation, one, undefined);
        assert.ok(nobodys !== undefined, "unsigned it is allowed");
        assert.equal(nobodys.status, unsigned[0], "unsigned");
        if (!operation.startsWith("Head")) assert.equal(nobodys.name, unsigned[1], "unsigned");
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

  const { unsigned } = world.services.find(({ model }) => model === "s3")!;
  for (const operation of unsigned!) {
    await t.test(`s3 ${operation} by nobody is a matter of the bucket's policy`, async () => {
      const one = await s3Cases[operation]!(world, operation);
      await openTo(world, one.needs);
      const error = await failureOf(world, "s3", operation, one, undefined);
      assert.equal(error?.name, one.fails, `${error?.message}`);
    });
  }

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
  keys: Keys | undefined,
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

async function callBySdk(
  world: World,
  model: string,
  operation: string,
  input: object,
  keys: Keys | undefined,
): Promise<void> {
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

/** Lets everybody do it, by the policy of the bucket that it is done to. */
async function openTo({ s3 }: World, needs: readonly Need[]): Promise<void> {
  const Bucket = /^arn:aws:s3:::([^/]+)/.exec(needs[0]![1])![1]!;
  await s3.deletePublicAccessBlock({ Bucket });
  const Statement = needs.map((need) => ({ ...allowed(need), Principal: "*" }));
  await s3.putBucketPolicy({ Bucket, Policy: JSON.stringify({ Version: "2012-10-17", Statement }) });
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
