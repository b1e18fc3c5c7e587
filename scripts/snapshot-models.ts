/**
 * Writes `server/src/edge/model/*.json`: the API models that the edge serves, taken from the schemas that the public AWS
 * SDK clients carry (Apache-2.0), so that no client is needed at run time. Run it when a client's version changes.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { ShapeSnapshot, Snapshot, TypeSnapshot } from "../server/src/edge/model/snapshot.ts";

/** By the name of the file. */
export const snapshots = {
  "elastic-transcoder": "@aws-sdk/client-elastic-transcoder",
  "kinesis-video": "@aws-sdk/client-kinesis-video",
  "kinesis-video-archived-media": "@aws-sdk/client-kinesis-video-archived-media",
  "kinesis-video-media": "@aws-sdk/client-kinesis-video-media",
  "kinesis-video-signaling": "@aws-sdk/client-kinesis-video-signaling",
  iam: "@aws-sdk/client-iam",
  kms: "@aws-sdk/client-kms",
  s3: "@aws-sdk/client-s3",
  sts: "@aws-sdk/client-sts",
};

export function snapshotFile(name: string): URL {
  return new URL(`../server/src/edge/model/${name}.json`, import.meta.url);
}

/** One line for each shape and operation: a change of the model is a change of few lines. */
export function printSnapshot({ shapes, operations, ...head }: Snapshot): string {
  const lines = (table: object) =>
    Object.entries(table)
      .map(([name, value]) => `    ${JSON.stringify(name)}: ${JSON.stringify(value)}`)
      .join(",\n");
  const first = JSON.stringify(head, undefined, 2).slice(0, -2);
  return `${first},\n  "operations": {\n${lines(operations)}\n  },\n  "shapes": {\n${lines(shapes)}\n  }\n}\n`;
}

/** `source`: an SDK client's package. */
export async function takeSnapshot(source: string): Promise<Snapshot> {
  const require = createRequire(new URL("../server/package.json", import.meta.url));
  const { version } = JSON.parse(readFileSync(require.resolve(`${source}/package.json`), "utf8"));
  const exported = Object.values(await import(require.resolve(source)));
  const schemas = exported.filter((value): value is Schema => Array.isArray(value) && typeof value[0] === "number");
  const shapes: Record<string, ShapeSnapshot> = {};

  function reference(ref: Reference): TypeSnapshot {
    if (ref === "unit") return { type: "unit" };
    if (typeof ref === "function") return reference(ref());
    if (typeof ref === "number") return simple(ref);
    if (ref.length === 2) {
      const of = reference(ref[0] as Reference);
      const traits = { ...of.traits, ...expand(ref[1] as Traits) };
      return { ...of, ...(Object.keys(traits).length > 0 ? { traits } : {}) };
    }
    const schema = ref as unknown as Schema;
    if (schema[0] === 0) {
      const of = reference(schema[4] as Reference);
      const traits = { ...expand(schema[3]), ...of.traits };
      return { ...of, ...(Object.keys(traits).length > 0 ? { traits } : {}) };
    }
    return { shape: add(schema) };
  }

  function add(schema: Schema): string {
    const [kind, , name, traits] = schema;
    if (Object.hasOwn(shapes, name)) return name;
    const head = { kind: kinds[kind]!, ...(traits ? { traits: expand(traits) } : {}) };
    // Before its members: shapes hold themselves.
    shapes[name] = head as ShapeSnapshot;
    const [, , , , a, b, required = 0] = schema;
    if (kind === 1) Object.assign(head, { member: reference(a as Reference) });
    else if (kind === 2) Object.assign(head, { key: reference(a as Reference), value: reference(b as Reference) });
    else {
      const members = (a as string[]).map((member, i) => [member, reference((b as Reference[])[i]!)]);
      Object.assign(head, { members: Object.fromEntries(members), ...(required ? { required } : {}) });
    }
    return name;
  }

  const operations: Snapshot["operations"] = {};
  for (const [kind, , name, traits, input, output] of schemas) {
    if (kind !== 9) continue;
    operations[name] = {
      input: shapeName(reference(input as Reference)),
      output: shapeName(reference(output as Reference)),
      ...(traits ? { traits: expand(traits) } : {}),
    };
  }
  for (const schema of schemas) if (schema[0] === -3 && !schema[1].startsWith("smithy.ts.sdk.synthetic")) add(schema);

  return { provenance: provenanceOf(source, version), ...serviceOf(exported), operations, shapes: sorted(shapes) };
}

type Traits = number | Record<string, unknown>;
type Reference = number | "unit" | readonly unknown[] | (() => Reference);
type Schema = readonly [
  kind: number,
  namespace: string,
  name: string,
  traits: Traits,
  a: unknown,
  b: unknown,
  c?: number,
];

const kinds: Record<number, string> = { 1: "list", 2: "map", 3: "structure", 4: "union", [-3]: "error" };

const bits: Record<number, string> = {
  1: "httpLabel",
  2: "idempotent",
  4: "idempotencyToken",
  8: "sensitive",
  16: "httpPayload",
  32: "httpResponseCode",
  64: "httpQueryParams",
};

function expand(traits: Traits): Record<string, unknown> {
  if (typeof traits === "object") return traits;
  const set = Object.entries(bits).filter(([bit]) => (traits & Number(bit)) !== 0);
  return Object.fromEntries(set.map(([, name]) => [name, 1]));
}

const simpleTypes: Record<number, TypeSnapshot> = {
  0: { type: "string" },
  1: { type: "number" },
  2: { type: "boolean" },
  4: { type: "timestamp" },
  5: { type: "timestamp", format: "date-time" },
  6: { type: "timestamp", format: "http-date" },
  7: { type: "timestamp", format: "epoch-seconds" },
  15: { type: "document" },
  17: { type: "bigInteger" },
  19: { type: "bigDecimal" },
  21: { type: "blob" },
  42: { type: "blob", traits: { streaming: 1 } },
};

function simple(code: number): TypeSnapshot {
  const of = simpleTypes[code & 63];
  if (of === undefined) throw new Error(`no simple type has the number ${code}`);
  if (code & 64) return { list: of };
  if (code & 128) return { map: of };
  return { ...of };
}

function shapeName(of: TypeSnapshot): string | null {
  return "shape" in of ? of.shape : null;
}

function serviceOf(
  // biome-ignore lint/suspicious/noExplicitAny: whatever a client package exports.
  exported: any[],
): Pick<Snapshot, "protocol" | "serviceId" | "signingName" | "version" | "xmlNamespace" | "targetPrefix"> {
  const Client = exported.find((value) => typeof value === "function" && /^[A-Za-z0-9]+Client$/.test(value.name));
  const nobody = { accessKeyId: "none", secretAccessKey: "none" };
  const { config } = new Client({ region: "us-east-1", endpoint: "http://127.0.0.1:1", credentials: nobody });
  const { xmlNamespace } = config.protocol.options ?? {};
  const { serviceTarget } = config.protocol;
  return {
    protocol: config.protocol.getShapeId().replace("aws.protocols#", ""),
    serviceId: config.serviceId,
    signingName: config.defaultSigningName,
    version: config.apiVersion,
    ...(xmlNamespace ? { xmlNamespace } : {}),
    ...(serviceTarget ? { targetPrefix: serviceTarget } : {}),
  };
}

function provenanceOf(source: string, version: string): Snapshot["provenance"] {
  return {
    generatedBy: "scripts/snapshot-models.ts",
    package: source,
    version,
    license: "Apache-2.0, Copyright Amazon.com, Inc. or its affiliates",
  };
}

function sorted<T>(table: Record<string, T>): Record<string, T> {
  return Object.fromEntries(Object.entries(table).sort(([a], [b]) => (a < b ? -1 : 1)));
}

if (import.meta.main) {
  for (const [name, source] of Object.entries(snapshots)) {
    writeFileSync(snapshotFile(name), printSnapshot(await takeSnapshot(source)));
  }
}
