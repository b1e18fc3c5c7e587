/**
 * Every operation of five APIs, which between them speak all four protocols: values made from the SDK's own schemas go
 * through the real client, the edge on a port, and back. Whatever the edge loses or changes shows as a difference.
 *
 * KMS, IAM and CloudFront are not served by Millrace; their models are made on the fly.
 */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { NormalizedSchema } from "@smithy/core/schema";
import { printSnapshot, snapshots, takeSnapshot } from "../../../scripts/snapshot-models.ts";
import { systemClock } from "../../src/base/clock.ts";
import { type Log, silentLog } from "../../src/base/log.ts";
import { systemRandom } from "../../src/base/random.ts";
import { createEdge } from "../../src/edge/edge.ts";
import { openListener } from "../../src/edge/listener.ts";
import { extensions } from "../../src/edge/model/extensions.ts";
import { compileModel } from "../../src/edge/model/model.ts";
import { ServiceError } from "../../src/services/service-error.ts";

const services: Record<string, string> = {
  ...snapshots,
  kms: "@aws-sdk/client-kms",
  iam: "@aws-sdk/client-iam",
  cloudfront: "@aws-sdk/client-cloudfront",
};

const keys = { accessKeyId: "AKIASWEEPSWEEPSWEEP1", secretAccessKey: "sweep-secret" };

/** Where the client itself adds or changes a member: member → operations, or `*`. */
const inputDifferences: Record<string, readonly string[]> = {
  // Set from the body's size.
  ContentLength: ["PutObject", "UploadPart", "WriteGetObjectResponse", "PutObjectAnnotation"],
};
const outputDifferences: Record<string, readonly string[]> = {
  // The client gives the header as it came, beside its date.
  ExpiresString: ["*"],
};

for (const [name, source] of Object.entries(services)) {
  test(`${name}: every input, output and error keeps its value`, async (t) => {
    const { client, module, operations, state, failures } = await startSweep(t, name, source);
    const counts = { operations: 0, errors: 0 };
    for (const [operation, schema] of operations) {
      const [, , , , input, output] = schema;
      if (hasEvents(input) || hasEvents(output)) continue;
      const sent = generate(NormalizedSchema.of(input), "body") as Record<string, unknown>;
      state.output = generate(NormalizedSchema.of(output), "body") as Record<string, unknown>;
      state.error = undefined;
      const expected = await plain(state.output);
      const received = await client.send(commandOf(module, operation, sent)).catch((error: Error) => {
        throw new Error(`${operation}: ${error.message} ${failures.splice(0).join(" ")}`, { cause: error });
      });
      assert.equal(state.operation, operation);
      const { $metadata, ...answer } = received;
      const seen = without(state.input, inputDifferences, operation);
      assert.deepEqual(seen, without(await plain(sent), inputDifferences, operation), `${operation}: input`);
      const given = without(await plain(answer), outputDifferences, operation);
      assert.deepEqual(given, without(expected, outputDifferences, operation), `${operation}: output`);
      assert.ok($metadata.requestId, operation);
      counts.operations += 1;
    }

    const [operation, [, , , , input]] = operations.find(([candidate]) => !/^Head/.test(candidate))!;
    for (const [errorName, schema] of errorsOf(module)) {
      const members = generate(NormalizedSchema.of(schema as Anything), "body") as Record<string, unknown>;
      const message = "what is wrong & <why>";
      for (const member of Object.keys(members)) if (/^message$/i.test(member)) delete members[member];
      const status = schema[3]?.httpError ?? (schema[3]?.error === "server" ? 500 : 400);
      state.error = new ServiceError(errorName, status, message, { members });
      const sent = generate(NormalizedSchema.of(input), "body");
      const error = await client.send(commandOf(module, operation, sent)).then(
        () => assert.fail(`${errorName} did not come`),
        (error: Error) => error,
      );
      assert.ok(error instanceof module[errorName], `${errorName}: came as ${error.name}: ${error.message}`);
      assert.equal(error.message, message, errorName);
      const rest = await plain(Object.fromEntries(Object.keys(members).map((key) => [key, error[key as "name"]])));
      assert.deepEqual(rest, await plain(members), errorName);
      counts.errors += 1;
    }
    t.diagnostic(`${name}: ${counts.operations} operations, ${counts.errors} errors`);
    assert.ok(counts.operations > 0 && counts.errors > 0);
    assert.deepEqual(failures, []);
  });
}

test("a snapshot prints and reads as the same", async () => {
  const snapshot = await takeSnapshot(services.kms!);
  assert.deepEqual(JSON.parse(printSnapshot(snapshot)), JSON.parse(JSON.stringify(snapshot)));
});

// biome-ignore lint/suspicious/noExplicitAny: clients of five services are driven alike.
type Anything = any;
// biome-ignore lint/suspicious/noExplicitAny: raw schemas, as clients carry them.
type Schema = readonly any[];

/** Clients sign none of STS's operations for those who have no keys yet. */
const unsigned = new Set(["AssumeRoleWithSAML", "AssumeRoleWithWebIdentity"]);
const common = { context: {}, notDone: {}, constraints: {}, unsigned };

async function startSweep(t: TestContext, name: string, source: string) {
  const module: Record<string, Anything> = await import(source);
  const model = compileModel(await takeSnapshot(source), extensions[name]);
  const state: { operation?: string; input?: unknown; output: object; error?: Error } = { output: {} };
  const served = [...model.operations.keys()].map((operation) => [
    operation,
    {
      authorize: () => (unsigned.has(operation) ? [] : { action: `${name}:${operation}`, resource: "*" }),
      async run(input: object) {
        state.operation = operation;
        state.input = await plain(input);
        if (state.error !== undefined) throw state.error;
        return state.output;
      },
    },
  ]);
  const failures: string[] = [];
  const log: Log = { ...silentLog, error: (fields) => failures.push(String((fields as { err?: unknown }).err)) };
  const handler = createEdge({
    services: [{ ...common, model: name, operations: Object.fromEntries(served) }],
    models: { [name]: model },
    credentials: {
      find: async (accessKeyId) => ({
        accountId: "123456789012",
        accessKeyId,
        principalArn: "arn:aws:iam::123456789012:root",
        isRoot: true,
        secret: keys.secretAccessKey,
      }),
    },
    clock: systemClock,
    random: systemRandom,
    log,
    s3BaseDomains: [],
  });
  const listener = await openListener({ handler, host: "127.0.0.1", port: 0 });
  const Client = Object.values(module).find((value) => /^\w+Client$/.test(value?.name) && value.prototype?.send);
  const client = new Client({
    endpoint: listener.url,
    region: "us-east-1",
    credentials: keys,
    maxAttempts: 1,
    disableHostPrefix: true,
    forcePathStyle: true,
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
  });
  t.after(async () => {
    client.destroy();
    await listener.close();
  });
  const operations = Object.values(module)
    .filter((value): value is Schema => Array.isArray(value) && value[0] === 9)
    .map((schema): [string, Schema] => [schema[2], schema]);
  return { client, module, operations, state, failures };
}

function errorsOf(module: Record<string, Anything>): [string, Schema][] {
  return Object.values(module)
    .filter((value): value is Schema => Array.isArray(value) && value[0] === -3 && !value[1].includes("synthetic"))
    .map((schema) => [schema[2], schema]);
}

/** What S3's client does beside speaking the protocol: checksums, hashes of keys, answers that it reads twice. */
const extras = [
  "flexibleChecksumsMiddleware",
  "flexibleChecksumsInputMiddleware",
  "flexibleChecksumsResponseMiddleware",
  "ssecMiddleware",
  "locationConstraintMiddleware",
];

function commandOf(module: Record<string, Anything>, operation: string, input: unknown): Anything {
  const command = new module[`${operation}Command`](input);
  const use = command.middlewareStack.use.bind(command.middlewareStack);
  command.middlewareStack.use = (plugin: Anything) =>
    use({
      applyToStack(stack: Anything) {
        plugin.applyToStack(stack);
        for (const extra of extras) stack.remove(extra);
      },
    });
  return command;
}

function hasEvents(schema: Anything): boolean {
  const normalized = NormalizedSchema.of(schema);
  return normalized.isStructSchema() && normalized.getEventStreamMember() !== "";
}

type Place = "body" | "bound" | "label";

/** One of everything. Of a structure that holds itself, one level. */
function generate(schema: NormalizedSchema, place: Place, path: readonly string[] = []): unknown {
  if (schema.isStructSchema()) {
    const name = schema.getName(true) ?? "";
    if (path.includes(name)) return undefined;
    const members: [string, unknown][] = [];
    for (const [member, memberSchema] of schema.structIterator()) {
      const value = generateMember(member, memberSchema, [...path, name]);
      if (value === undefined) continue;
      members.push([member, value]);
      if (schema.isUnionSchema()) break;
    }
    return Object.fromEntries(members);
  }
  if (schema.isListSchema()) {
    const element = generate(schema.getValueSchema(), place, path);
    return element === undefined ? [] : [element];
  }
  if (schema.isMapSchema()) {
    const element = generate(schema.getValueSchema(), place, path);
    return element === undefined ? {} : { key: element };
  }
  if (schema.isNumericSchema()) return 5;
  if (schema.isBooleanSchema()) return true;
  if (schema.isTimestampSchema()) return new Date("2026-01-02T03:04:05Z");
  if (schema.isBlobSchema()) return Uint8Array.of(1, 2, 3);
  if (schema.isDocumentSchema()) return { a: [1, "b", null] };
  if (schema.isUnitSchema()) return {};
  return { body: 'x <&> "é" \r\n😀', bound: "plain", label: "a b/é+%" }[place];
}

function generateMember(name: string, schema: NormalizedSchema, path: readonly string[]): unknown {
  const traits = schema.getMergedTraits() as Record<string, unknown>;
  const isBound =
    traits.httpHeader !== undefined || traits.httpQuery !== undefined || traits.httpPrefixHeaders !== undefined;
  // It says how long the body is, which has three bytes.
  if (String(traits.httpHeader).toLowerCase() === "content-length") return 3;
  if (name === "Bucket" && traits.httpLabel) return "bucket";
  if (traits.xmlAttribute) return "attribute";
  return generate(schema, traits.httpLabel ? "label" : isBound ? "bound" : "body", path);
}

/** Bytes and streams as text, absent members gone. */
async function plain(value: unknown): Promise<Anything> {
  if (value instanceof Uint8Array) return `bytes ${Buffer.from(value).toString("hex")}`;
  if (value instanceof Date || typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return Promise.all(value.map(plain));
  if (Symbol.asyncIterator in value) {
    const parts = await Array.fromAsync(value as AsyncIterable<Uint8Array>);
    return `bytes ${Buffer.concat(parts).toString("hex")}`;
  }
  const entries = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(await Promise.all(entries.map(async ([key, member]) => [key, await plain(member)])));
}

function without(value: Anything, differences: Record<string, readonly string[]>, operation: string): unknown {
  const entries = Object.entries(value).filter(([member]) => {
    const where = differences[member] ?? [];
    return !where.includes("*") && !where.includes(operation);
  });
  return Object.fromEntries(entries);
}
