/**
 * Required members, lengths, ranges, patterns and enumerations: what the models leave out and services put in tables.
 * The messages are AWS's own, which callers' tests and eyes know.
 *
 * The language of the tables: `Structure.Member` for a member, `*.Member` for that member of any structure; with
 * `.member` behind it for the elements of a list, `.key` and `.value` for those of a map.
 */
import type { Constraint, ServiceConstraints } from "../services/operation.ts";
import { ServiceError } from "../services/service-error.ts";
import type { Member, StructureType, Type } from "./model/model.ts";

export type Checker = (type: StructureType, input: Record<string, unknown>) => void;

/** `value` of a secret is left out: messages end in logs. */
type Violation = { value?: unknown; path: string; rule: string };

/** More would not be read. */
const maxViolations = 50;
const maxShownCharacters = 1024;

/** What is to be looked at in a value: made once, when the first call comes. */
type Plan = { rule: Constraint | undefined; below: Below | undefined };
type Below =
  | { kind: "structure"; members: readonly MemberPlan[] }
  | { kind: "list"; element: Plan }
  | { kind: "map"; key: Plan | undefined; value: Plan | undefined };
type MemberPlan = { name: string; path: string; required: boolean; isSensitive: boolean; plan: Plan | undefined };

/** @throws ServiceError (from the checker) that names every violation, as the service with this signing name words it */
export function compileConstraints(constraints: ServiceConstraints, signingName: string): Checker {
  const structures = new Map<StructureType, readonly MemberPlan[]>();
  const unfinished = new Set<StructureType>();

  /** `undefined`: there is nothing to look at, also below. */
  function planOf(type: Type, name: string): Plan | undefined {
    const rule = constraints[name] ?? constraints[name.replace(/^[^.]+/, "*")];
    const below = belowOf(type, name);
    return rule === undefined && below === undefined ? undefined : { rule, below };
  }

  function belowOf(type: Type, name: string): Below | undefined {
    if (type.kind === "structure") {
      const members = membersOf(type);
      // One that holds itself is not known yet.
      return members.length === 0 && !unfinished.has(type) ? undefined : { kind: "structure", members };
    }
    if (type.kind === "list") {
      const element = planOf(type.member.type, `${name}.member`);
      return element && { kind: "list", element };
    }
    if (type.kind === "map") {
      const key = planOf(type.key.type, `${name}.key`);
      const value = planOf(type.value.type, `${name}.value`);
      return (key ?? value) && { kind: "map", key, value };
    }
    return undefined;
  }

  function membersOf(type: StructureType): readonly MemberPlan[] {
    const known = structures.get(type);
    if (known !== undefined) return known;
    const members: MemberPlan[] = [];
    structures.set(type, members);
    unfinished.add(type);
    for (const member of type.members) {
      const plan = planOf(member.type, `${type.name}.${member.name}`);
      const required = member.required && !isStream(member);
      if (plan === undefined && !required) continue;
      const { name, isSensitive } = member;
      members.push({ name, path: lowerCamel(name), required, isSensitive, plan });
    }
    unfinished.delete(type);
    return members;
  }

  return (type, input) => {
    const found: Violation[] = [];
    checkMembers(membersOf(type), input, "", found);
    if (found.length > 0) throw refusal(signingName, found);
  };
}

function checkMembers(
  members: readonly MemberPlan[],
  value: Record<string, unknown>,
  path: string,
  found: Violation[],
): void {
  for (const member of members) {
    const element = value[member.name];
    if (element !== undefined && element !== null) {
      if (member.plan === undefined) continue;
      const before = found.length;
      check(member.plan, element, path === "" ? member.path : `${path}.${member.path}`, found);
      if (member.isSensitive) for (const violation of found.slice(before)) delete violation.value;
    } else if (member.required) {
      const memberPath = path === "" ? member.path : `${path}.${member.path}`;
      found.push({ value: null, path: memberPath, rule: "Member must not be null" });
    }
  }
}

function check({ rule, below }: Plan, value: unknown, path: string, found: Violation[]): void {
  if (maxViolations <= found.length) return;
  if (rule !== undefined) addViolations(rule, value, path, found);
  if (below === undefined) return;
  if (below.kind === "structure") checkMembers(below.members, value as Record<string, unknown>, path, found);
  else if (below.kind === "list") {
    for (const [i, element] of (value as unknown[]).entries()) {
      if (element !== null) check(below.element, element, `${path}.${i + 1}.member`, found);
    }
  } else {
    for (const [key, element] of Object.entries(value as object)) {
      if (below.key !== undefined) check(below.key, key, `${path}.${key}.key`, found);
      if (below.value !== undefined && element !== null) check(below.value, element, `${path}.${key}.member`, found);
    }
  }
}

function addViolations(rule: Constraint, value: unknown, path: string, found: Violation[]): void {
  if (rule.length !== undefined) {
    const [min, max] = rule.length;
    const size = sizeOf(value);
    if (size !== undefined && max < size) {
      // A text beyond its length meets no pattern: some take long over long ones.
      found.push({ value, path, rule: `Member must have length less than or equal to ${max}` });
      return;
    }
    if (size !== undefined && size < min) {
      found.push({ value, path, rule: `Member must have length greater than or equal to ${min}` });
    }
  }
  if (rule.range !== undefined && typeof value === "number") {
    const [least, most] = rule.range;
    if (!(least <= value)) {
      found.push({ value, path, rule: `Member must have value greater than or equal to ${least}` });
    }
    if (most < value) found.push({ value, path, rule: `Member must have value less than or equal to ${most}` });
  }
  if (rule.whole && typeof value === "number" && !Number.isInteger(value)) {
    found.push({ value, path, rule: "Member must be a whole number" });
  }
  if (rule.pattern !== undefined && typeof value === "string" && !anchored(rule.pattern).test(value)) {
    const printed = rule.pattern.source.replaceAll("\\/", "/");
    found.push({ value, path, rule: `Member must satisfy regular expression pattern: ${printed}` });
  }
  if (rule.enum !== undefined && typeof value === "string" && !rule.enum.includes(value)) {
    found.push({ value, path, rule: `Member must satisfy enum value set: [${rule.enum.join(", ")}]` });
  }
}

const wholes = new WeakMap<RegExp, RegExp>();

/** It must hold of the whole text. */
function anchored(pattern: RegExp): RegExp {
  let whole = wholes.get(pattern);
  if (whole === undefined) {
    whole = new RegExp(`^(?:${pattern.source})$`, pattern.flags.replace(/[gym]/g, ""));
    wholes.set(pattern, whole);
  }
  return whole;
}

/** A body that is missing is an empty one. */
function isStream({ type }: Member): boolean {
  return type.kind === "blob" && type.streaming;
}

/** Characters are UTF-16 units, as Java counts them. */
function sizeOf(value: unknown): number | undefined {
  if (typeof value === "string" || Array.isArray(value) || value instanceof Uint8Array) return value.length;
  if (typeof value === "object" && value !== null && !(value instanceof Date)) return Object.keys(value).length;
  return undefined;
}

function lowerCamel(name: string): string {
  return name.slice(0, 1).toLowerCase() + name.slice(1);
}

function refusal(signingName: string, found: readonly Violation[]): ServiceError {
  if (signingName === "s3") {
    const message = "The XML you provided was not well-formed or did not validate against our published schema";
    return new ServiceError("MalformedXML", 400, message);
  }
  const count = found.length === 1 ? "1 validation error" : `${found.length} validation errors`;
  const each = found.map(
    (one) =>
      `Value ${"value" in one ? `${show(one.value)} ` : ""}at '${one.path}' failed to satisfy constraint: ${one.rule}`,
  );
  return new ServiceError(codes[signingName] ?? "ValidationException", 400, `${count} detected: ${each.join("; ")}`);
}

/** By signing name, where it is not ValidationException. */
const codes: Record<string, string> = {
  kinesisvideo: "InvalidArgumentException",
  lambda: "InvalidParameterValueException",
  rekognition: "InvalidParameterException",
  iam: "ValidationError",
  sts: "ValidationError",
  sns: "InvalidParameter",
  cloudfront: "InvalidArgument",
};

function show(value: unknown): string {
  if (value === null) return "null";
  const text = Array.isArray(value)
    ? `[${value.map((element) => (typeof element === "object" ? "{…}" : String(element))).join(", ")}]`
    : typeof value === "object"
      ? "{…}"
      : String(value);
  return `'${text.length <= maxShownCharacters ? text : `${text.slice(0, maxShownCharacters)}…`}'`;
}
