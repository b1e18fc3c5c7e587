/**
 * The form of the model files beside this one. They are generated: see scripts/snapshot-models.ts.
 */

export type Protocol = "restJson1" | "awsJson1_0" | "awsJson1_1" | "awsQuery" | "restXml";

export type Snapshot = {
  provenance: { generatedBy: string; package: string; version: string; license: string };
  protocol: string;
  serviceId: string;
  /** The service in a credential scope. */
  signingName: string;
  version: string;
  xmlNamespace?: string;
  /** What stands before the dot in X-Amz-Target. */
  targetPrefix?: string;
  operations: Record<string, OperationSnapshot>;
  /** Structures, unions, errors, named lists and maps. */
  shapes: Record<string, ShapeSnapshot>;
};

export type OperationSnapshot = { input: string | null; output: string | null; traits?: Traits };

export type ShapeSnapshot = { traits?: Traits } & (
  | {
      kind: "structure" | "union" | "error";
      members: Record<string, TypeSnapshot>;
      /** So many of the members, from the first on, are required. */
      required?: number;
    }
  | { kind: "list"; member: TypeSnapshot }
  | { kind: "map"; key: TypeSnapshot; value: TypeSnapshot }
);

/** Where a value's type is named, with the traits of that place. Lists and maps of simple types have no name. */
export type TypeSnapshot = { traits?: Traits } & (
  | { shape: string }
  | { list: TypeSnapshot }
  | { map: TypeSnapshot }
  | { type: SimpleType; format?: TimestampFormat }
);

export type SimpleType =
  | "string"
  | "number"
  | "boolean"
  | "timestamp"
  | "document"
  | "bigInteger"
  | "bigDecimal"
  | "blob"
  | "unit";

export type TimestampFormat = "date-time" | "http-date" | "epoch-seconds";

export type Traits = Record<string, unknown>;
