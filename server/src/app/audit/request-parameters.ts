/**
 * What was asked, as a record of a call may show it: without secrets, without bodies, and of bounded size.
 */
import type { Member, StructureType, Type } from "../../edge/model/model.ts";

export const hidden = "HIDDEN_DUE_TO_SECURITY_REASONS";

/** What the models do not mark: `Structure.Member`, or `*.Member` for that member of any structure. */
const alsoHidden: ReadonlySet<string> = new Set([
  // Keys of media, wrapped or not, and of players.
  "Encryption.Key",
  "HlsContentProtection.Key",
  "PlayReadyDrm.Key",
  // Codes of authenticators.
  "*.TokenCode",
  "*.AuthenticationCode1",
  "*.AuthenticationCode2",
  // What grants something to whoever has it.
  "*.EncodedMessage",
  "*.GrantTokens",
  "*.ImportToken",
  // What users store, not what they ask for.
  "*.Metadata",
]);

const maxCharacters = 2048;
const maxEntries = 100;
const maxValues = 2000;
const maxDepth = 12;

/** A value for JSON, its names lowerCamelCase. `undefined`: nothing was asked. */
export function requestParameters(
  type: StructureType | undefined,
  input: Readonly<Record<string, unknown>> | undefined,
): Record<string, unknown> | undefined {
  if (input === undefined) return undefined;
  return new Shown().members(type, input, 0);
}

class Shown {
  #left = maxValues;

  /** Without a type every text is shown: of inputs that are made for the record. */
  members(type: StructureType | undefined, value: Readonly<Record<string, unknown>>, depth: number) {
    const shown: Record<string, unknown> = {};
    for (const name in value) {
      const element = value[name];
      if (element === undefined || element === null) continue;
      const member = type === undefined ? untyped(name) : plansOf(type).get(name);
      if (member === undefined || member.show === "nothing") continue;
      shown[member.key] = member.show === "value" ? this.#value(member.type, element, depth + 1) : hidden;
    }
    return shown;
  }

  #value(type: Type | undefined, value: unknown, depth: number): unknown {
    if (--this.#left < 0 || maxDepth < depth) return "…";
    if (typeof value === "string") return value.length <= maxCharacters ? value : `${value.slice(0, maxCharacters)}…`;
    if (typeof value === "number" || typeof value === "boolean") return value;
    if (typeof value === "bigint") return String(value);
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? "…" : value.toISOString();
    if (Array.isArray(value)) {
      const member = type?.kind === "list" ? type.member : undefined;
      if (member?.isSensitive) return hidden;
      return value.slice(0, maxEntries).map((element) => this.#value(member?.type, element, depth + 1));
    }
    if (typeof value !== "object" || value === null || value instanceof Uint8Array) return hidden;
    if (type?.kind === "structure") return this.members(type, value as Record<string, unknown>, depth);
    if (type?.kind === "map" && type.value.isSensitive) return hidden;
    const member = type?.kind === "map" ? type.value.type : undefined;
    const entries = Object.entries(value).slice(0, maxEntries);
    return Object.fromEntries(entries.map(([key, element]) => [key, this.#value(member, element, depth + 1)]));
  }
}

type MemberPlan = { key: string; show: "value" | "that it is there" | "nothing"; type: Type | undefined };

const plans = new WeakMap<StructureType, ReadonlyMap<string, MemberPlan>>();

/** Made when a structure is first shown: every call is. */
function plansOf(type: StructureType): ReadonlyMap<string, MemberPlan> {
  let known = plans.get(type);
  if (known === undefined) {
    known = new Map(type.members.map((member) => [member.name, planOf(type, member)]));
    plans.set(type, known);
  }
  return known;
}

function planOf({ name: structure }: StructureType, { name, type, isSensitive, location }: Member): MemberPlan {
  const isHidden = isSensitive || alsoHidden.has(`${structure}.${name}`) || alsoHidden.has(`*.${name}`);
  const isBody = type.kind === "blob" && (type.streaming || location === "payload");
  const show = isHidden ? "that it is there" : isBody ? "nothing" : type.kind === "blob" ? "that it is there" : "value";
  return { key: lowerCamel(name), show, type };
}

function untyped(name: string): MemberPlan {
  return { key: lowerCamel(name), show: alsoHidden.has(`*.${name}`) ? "that it is there" : "value", type: undefined };
}

/** `StreamARN` is `streamARN`, `SSEAlgorithm` is `sSEAlgorithm`: CloudTrail knows no abbreviations. */
function lowerCamel(name: string): string {
  return name.slice(0, 1).toLowerCase() + name.slice(1);
}
