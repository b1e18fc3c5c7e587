/**
 * JSON bodies, guided by the model: what comes in is checked member by member, what goes out holds nothing beyond it.
 */
import type { Member, Type } from "../model/model.ts";
import { buildBase64, buildTimestamp, fromEpoch, parseBase64, parseTimestamp } from "./text.ts";
import { Undecodable } from "./undecodable.ts";

const maxDepth = 100;

/** @throws Undecodable for what is no JSON or of another kind than the model says. Nulls are left out. */
export function decodeJsonBody(members: readonly Member[], bytes: Uint8Array): Record<string, unknown> {
  if (bytes.length === 0) return {};
  const value = parseJson(bytes);
  if (value === null) return {};
  return decodeMembers(members, value, 0);
}

export function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new Undecodable("The body of the request is not valid JSON.");
  }
}

export function decodeJson(type: Type, value: unknown, depth = 0): unknown {
  if (maxDepth < depth) throw new Undecodable("The body of the request is nested too deeply.");
  switch (type.kind) {
    case "structure":
      return decodeMembers(type.members, value, depth);
    case "list": {
      if (!Array.isArray(value)) throw wrongKind(value, "a List");
      const { member, sparse } = type;
      const present = sparse ? value : value.filter((element) => element !== null);
      return present.map((element) => (element === null ? null : decodeJson(member.type, element, depth + 1)));
    }
    case "map": {
      if (!isObject(value)) throw wrongKind(value, "a Map");
      const entries = Object.entries(value).filter(([, element]) => type.sparse || element !== null);
      // Not by assignment: `__proto__` is a key like any other.
      return Object.fromEntries(
        entries.map(([key, element]) => [
          key,
          element === null ? null : decodeJson(type.value.type, element, depth + 1),
        ]),
      );
    }
    case "string":
    case "bigDecimal":
      if (typeof value !== "string") throw wrongKind(value, "a String");
      return value;
    case "number":
      if (typeof value === "number") return value;
      if (value === "NaN" || value === "Infinity" || value === "-Infinity") return Number(value);
      throw wrongKind(value, "a Number");
    case "bigInteger":
      if (typeof value !== "number" || !Number.isInteger(value)) throw wrongKind(value, "a BigInteger");
      return BigInt(value);
    case "boolean":
      if (typeof value !== "boolean") throw wrongKind(value, "a Boolean");
      return value;
    case "timestamp":
      return decodeTimestamp(type, value);
    case "blob": {
      if (typeof value !== "string") throw wrongKind(value, "a Blob");
      const bytes = parseBase64(value);
      if (bytes === undefined) throw new Undecodable("A blob of the request is not valid base64.");
      return bytes;
    }
    case "document":
      checkDepth(value, depth);
      return value;
  }
}

/** Goes by the members, not by the keys: what the model does not know is not looked at. */
function decodeMembers(members: readonly Member[], value: unknown, depth: number): Record<string, unknown> {
  if (!isObject(value)) throw wrongKind(value, "a Structure");
  const decoded: Record<string, unknown> = {};
  for (const { name, wireName, type } of members) {
    const element = Object.hasOwn(value, wireName) ? value[wireName] : null;
    if (element !== null) decoded[name] = decodeJson(type, element, depth + 1);
  }
  return decoded;
}

function decodeTimestamp({ format = "epoch-seconds" }: Extract<Type, { kind: "timestamp" }>, value: unknown): Date {
  const date =
    typeof value === "number"
      ? fromEpoch(value)
      : typeof value === "string" && format !== "epoch-seconds"
        ? parseTimestamp(value, format)
        : undefined;
  if (date === undefined) throw wrongKind(value, "a Timestamp");
  return date;
}

function checkDepth(value: unknown, depth: number): void {
  if (maxDepth < depth) throw new Undecodable("The body of the request is nested too deeply.");
  if (typeof value !== "object" || value === null) return;
  for (const element of Object.values(value)) checkDepth(element, depth + 1);
}

/** In the words of AWS's own parser, which clients' logs are full of. */
function wrongKind(value: unknown, expected: string): Undecodable {
  if (Array.isArray(value)) return new Undecodable("Start of list found where not expected.");
  if (typeof value === "object") return new Undecodable("Start of structure or map found where not expected.");
  const token = typeof value === "boolean" ? `${value}`.toUpperCase() : (typeof value).toUpperCase();
  return new Undecodable(`${token}_VALUE can not be converted to ${expected}`);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function buildJsonBody(members: readonly Member[], value: object): string {
  return JSON.stringify(encodeMembers(members, value));
}

/** A value that JSON.stringify prints as the wire has it. `null` stays, `undefined` goes. */
export function encodeJson(type: Type, value: unknown): unknown {
  if (value === null || value === undefined) return value;
  switch (type.kind) {
    case "structure":
      return encodeMembers(type.members, value);
    case "list":
      return [...(value as Iterable<unknown>)].map((element) => encodeJson(type.member.type, element) ?? null);
    case "map":
      return Object.fromEntries(
        Object.entries(value)
          .filter(([, element]) => element !== undefined)
          .map(([key, element]) => [key, encodeJson(type.value.type, element)]),
      );
    case "number":
      return Number.isFinite(value) ? value : String(value);
    case "bigInteger":
      return Number(value);
    case "timestamp":
      return buildTimestamp(value as Date, type.format ?? "epoch-seconds");
    case "blob":
      return buildBase64(value as Uint8Array);
    default:
      return value;
  }
}

function encodeMembers(members: readonly Member[], value: object): Record<string, unknown> {
  const encoded: Record<string, unknown> = {};
  for (const { name, wireName, type } of members) {
    const element = (value as Record<string, unknown>)[name];
    if (element !== undefined) encoded[wireName] = encodeJson(type, element);
  }
  return encoded;
}
