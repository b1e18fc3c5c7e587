/**
 * An API model, compiled from its snapshot for use: names resolved, traits turned into plain fields, members sorted by
 * where they stand in a request or an answer.
 */
import type { Extension } from "./extensions.ts";
import type { Protocol, ShapeSnapshot, Snapshot, TimestampFormat, Traits, TypeSnapshot } from "./snapshot.ts";

export type Model = {
  protocol: Protocol;
  serviceId: string;
  signingName: string;
  version: string;
  xmlNamespace: string | undefined;
  targetPrefix: string | undefined;
  operations: ReadonlyMap<string, OperationModel>;
  errors: ReadonlyMap<string, ErrorModel>;
};

export type OperationModel = {
  name: string;
  /** Of REST protocols only. `uri` may hold `{Label}`, `{Label+}` and a literal query. */
  http: { method: string; uri: string; status: number } | undefined;
  input: Bindings;
  output: Bindings;
  /** The output's only member is the text of the root element. */
  unwrapped: boolean;
  /** 206 when the output has a `ContentRange`. */
  partial: boolean;
};

/** A structure's members by where they stand. */
export type Bindings = {
  type: StructureType | undefined;
  /** In labels, query, headers and the status. */
  bound: readonly Member[];
  /** The member that is the whole body. */
  payload: Member | undefined;
  body: readonly Member[];
};

export type ErrorModel = { type: StructureType; fault: "client" | "server"; queryCode: string };

export type Type = StructureType | ListType | MapType | SimpleType;

export type StructureType = {
  kind: "structure";
  name: string;
  isUnion: boolean;
  members: readonly Member[];
  xmlName: string;
};

export type ListType = { kind: "list"; name: string; member: Member; sparse: boolean };

export type MapType = { kind: "map"; name: string; key: Member; value: Member; sparse: boolean };

export type SimpleType =
  | { kind: "string" | "number" | "boolean" | "document" | "bigInteger" | "bigDecimal" }
  | { kind: "blob"; streaming: boolean }
  | { kind: "timestamp"; format: TimestampFormat | undefined };

export type Location = "body" | "label" | "query" | "queryMap" | "header" | "headerPrefix" | "payload" | "status";

export type Member = {
  name: string;
  type: Type;
  required: boolean;
  location: Location;
  /** Of a query parameter, a header (lower-case) or a header prefix (lower-case); else as in JSON. */
  wireName: string;
  xmlName: string;
  /** Prefix and URI. */
  xmlNamespace: readonly [prefix: string, uri: string] | undefined;
  isAttribute: boolean;
  isFlattened: boolean;
  isSensitive: boolean;
};

export function compileModel(snapshot: Snapshot, extension: Extension = {}): Model {
  const shapes = { ...snapshot.shapes, ...extension.shapes };
  const compiled = new Map<string, Type>();

  function typeOf(of: TypeSnapshot): Type {
    if ("shape" in of) return shapeOf(of.shape);
    if ("list" in of) return { kind: "list", name: "", member: memberOf("member", of.list), sparse: false };
    if ("map" in of) {
      const key = memberOf("key", { type: "string" });
      return { kind: "map", name: "", key, value: memberOf("value", of.map), sparse: false };
    }
    if (of.type === "blob") return { kind: "blob", streaming: of.traits?.streaming !== undefined };
    if (of.type === "timestamp") return { kind: "timestamp", format: of.format };
    if (of.type === "unit") return { kind: "structure", name: "Unit", isUnion: false, members: [], xmlName: "Unit" };
    return { kind: of.type };
  }

  /** Registered before its members are compiled, since shapes may hold themselves. */
  function shapeOf(name: string): Type {
    const known = compiled.get(name);
    if (known !== undefined) return known;
    const shape = shapes[name];
    if (shape === undefined) throw new Error(`${snapshot.serviceId}: the model names a shape that it lacks, ${name}`);
    const sparse = shape.traits?.sparse !== undefined;
    if (shape.kind === "list") {
      const list = { kind: "list", name, sparse } as ListType;
      compiled.set(name, list);
      return Object.assign(list, { member: memberOf("member", shape.member) });
    }
    if (shape.kind === "map") {
      const map = { kind: "map", name, sparse } as MapType;
      compiled.set(name, map);
      return Object.assign(map, { key: memberOf("key", shape.key), value: memberOf("value", shape.value) });
    }
    const structure = {
      kind: "structure",
      name,
      isUnion: shape.kind === "union",
      xmlName: textTrait(shape.traits, "xmlName") ?? name,
    } as StructureType;
    compiled.set(name, structure);
    return Object.assign(structure, { members: membersOf(name, shape) });
  }

  function membersOf(name: string, shape: Extract<ShapeSnapshot, { members: unknown }>): Member[] {
    const required = extension.required?.[name] ?? Object.keys(shape.members).slice(0, shape.required ?? 0);
    const own = Object.entries(shape.members).map(([member, of]) => memberOf(member, of, required.includes(member)));
    const added = Object.entries(extension.members?.[name] ?? {}).map(([member, of]) => memberOf(member, of));
    return [...own, ...added];
  }

  function memberOf(name: string, of: TypeSnapshot, required = false): Member {
    const { traits } = of;
    return {
      name,
      type: typeOf(of),
      required,
      ...locationOf(name, traits),
      xmlName: textTrait(traits, "xmlName") ?? name,
      xmlNamespace: traits?.xmlNamespace as Member["xmlNamespace"],
      isAttribute: traits?.xmlAttribute !== undefined,
      isFlattened: traits?.xmlFlattened !== undefined,
      isSensitive: traits?.sensitive !== undefined,
    };
  }

  function bindingsOf(shape: string | null): Bindings {
    const type = shape === null ? undefined : (shapeOf(shape) as StructureType);
    const members = type?.members ?? [];
    return {
      type,
      bound: members.filter(({ location }) => location !== "body" && location !== "payload"),
      payload: members.find(({ location }) => location === "payload"),
      body: members.filter(({ location }) => location === "body"),
    };
  }

  const operations = new Map<string, OperationModel>();
  for (const [name, { input, output, traits }] of Object.entries({ ...snapshot.operations, ...extension.operations })) {
    const http = traits?.http as [string, string, number] | undefined;
    operations.set(name, {
      name,
      http: http && { method: http[0], uri: http[1], status: extension.statuses?.[name] ?? http[2] },
      input: bindingsOf(input),
      output: bindingsOf(output),
      unwrapped: output !== null && extension.unwrapped?.includes(output) === true,
      partial: extension.partial?.includes(name) === true,
    });
  }

  const errors = new Map<string, ErrorModel>();
  for (const [name, { kind, traits }] of Object.entries(shapes)) {
    if (kind !== "error") continue;
    const [queryCode = name] = (traits?.awsQueryError as [string] | undefined) ?? [];
    const fault = traits?.error === "server" ? "server" : "client";
    errors.set(name, { type: shapeOf(name) as StructureType, fault, queryCode });
  }

  return {
    protocol: snapshot.protocol as Protocol,
    serviceId: snapshot.serviceId,
    signingName: snapshot.signingName,
    version: snapshot.version,
    xmlNamespace: snapshot.xmlNamespace,
    targetPrefix: snapshot.targetPrefix,
    operations,
    errors,
  };
}

function locationOf(name: string, traits: Traits | undefined): Pick<Member, "location" | "wireName"> {
  const named = (trait: string) => textTrait(traits, trait);
  const query = named("httpQuery");
  if (query !== undefined) return { location: "query", wireName: query };
  const header = named("httpHeader");
  if (header !== undefined) return { location: "header", wireName: header.toLowerCase() };
  const prefix = named("httpPrefixHeaders");
  if (prefix !== undefined) return { location: "headerPrefix", wireName: prefix.toLowerCase() };
  if (traits?.httpLabel !== undefined) return { location: "label", wireName: name };
  if (traits?.httpQueryParams !== undefined) return { location: "queryMap", wireName: name };
  if (traits?.httpResponseCode !== undefined) return { location: "status", wireName: name };
  if (traits?.httpPayload !== undefined) return { location: "payload", wireName: name };
  return { location: "body", wireName: named("jsonName") ?? name };
}

function textTrait(traits: Traits | undefined, name: string): string | undefined {
  const value = traits?.[name];
  return typeof value === "string" ? value : undefined;
}
